"""The means of schools in an earlier release, to stand beside those of an evaluation."""

import numpy as np
import pandas as pd

from evalkit.records.evaluation import Study
from evalkit.records.release import Release
from evalkit.records.scores import SCHOOL_MEAN_COLUMNS
from evalkit.scoring.answers import read_answers
from evalkit.scoring.rules import score_answers


def school_means(release: Release, study: Study) -> pd.DataFrame:
    """Score an earlier release as a plan scores, and take each school's means.

    Parameters
    ----------
    release : an earlier release, of any evaluation; its first two waves stand for the plan's waves before and after
    study : the plan whose questionnaires are looked for

    Returns
    -------
    frame, SCHOOL_MEAN_COLUMNS
        A row per school, scale and wave, of the pupils with a score both times; a release without a column of schools
        is one school. A questionnaire that the release holds in another version, on another answer scale or not in
        full has no row, and neither has a school with fewer such pupils than the plan lets be shown.
    """
    responses, waves = release.responses, list(release.manifest.waves)
    rows: list[dict[str, object]] = []
    for outcome in study.plan.outcomes:
        instrument = study.instrument(outcome.instrument)
        items = instrument.items_of(outcome.score)
        columns = {item: f"{instrument.id}.{item}" for item in items}
        is_there = instrument.identity in release.manifest.instruments and set(columns.values()) <= set(responses)
        if instrument.is_measure or not is_there or len(waves) < 2:
            continue
        answers = read_answers(responses, instrument, items=items, columns=columns)
        scored = score_answers(answers, instrument, score_id=outcome.score)
        table = pd.DataFrame({"pupil": responses["pupil"], "wave": responses["wave"], "value": scored.value})
        wide = table.pivot(index="pupil", columns="wave", values="value").reindex(columns=waves[:2]).dropna()
        for school, values in wide.groupby(_schools(release, wide.index), sort=True):
            if len(values) < study.plan.suppression_threshold:
                continue
            rows += [
                {
                    "school": str(school),
                    "scale": outcome.scale,
                    "scale_version": instrument.identity,
                    "wave": mine.id,
                    "n": len(values),
                    "mean": float(values[theirs].mean()),
                }
                for mine, theirs in zip(study.plan.waves, waves, strict=False)
                if theirs in values.columns
            ]
    return pd.DataFrame(rows, columns=list(SCHOOL_MEAN_COLUMNS))


def _schools(release: Release, pupils: pd.Index) -> "np.ndarray":
    """The school of each pupil, named with its evaluation."""
    if "school" not in release.roster.columns:
        return np.full(len(pupils), release.manifest.evaluation, dtype=object)
    facts = release.roster.set_index("pupil")["school"].reindex(pupils)
    return np.array([f"{release.manifest.evaluation} {school}" for school in facts], dtype=object)
