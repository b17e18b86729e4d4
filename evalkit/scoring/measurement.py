"""Whether each scale of a plan measured what it is scored as: its factors, in every wave, and alike for everyone."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.records.evaluation import Study
from evalkit.records.outcome import Outcome
from evalkit.records.scores import DIF_COLUMNS, FACTOR_COLUMNS, INVARIANCE_COLUMNS, LOADING_COLUMNS, Quality
from evalkit.records.standards import load_standards
from evalkit.scoring.dif_rows import dif_rows
from evalkit.scoring.drawn import draw_pupils
from evalkit.scoring.factor_rows import Scale, factor_rows
from evalkit.scoring.invariance_rows import arm_rows, wave_rows
from evalkit.scoring.quality import keyed_answers
from evalkit.scoring.rules import Answers, BoolArray, IntArray


def with_measurement(
    quality: Quality,
    responses: pd.DataFrame,
    roster: pd.DataFrame,
    study: Study,
    *,
    answers: Mapping[str, Mapping[str, Answers]],
) -> Quality:
    """Add factors, loadings, invariance and differently answered items to the quality of a plan's scales.

    Parameters
    ----------
    quality : what is known so far
    responses : frame - the release's responses: a row per pupil and wave
    roster : frame - the release's roster: `pupil`, where there are any `school`, `arm` and characteristics
    study : the evaluation with its instruments
    answers : instrument id to item id to the answers, in the order of `responses`
    """
    standards, threshold = load_standards().measurement, study.plan.suppression_threshold
    waves = {wave.id: (responses["wave"] == wave.id).to_numpy(dtype="bool") for wave in study.plan.waves}
    pupils = responses["pupil"].astype("str").to_numpy()
    facts = roster.assign(pupil=roster["pupil"].astype("str")).set_index("pupil")
    schools = _codes(facts, pupils, "school")
    arms = _codes(facts, pupils, "arm")
    draw = draw_pupils(pupils, most=int(standards.most_pupils.value), seed=study.plan.seed)
    factors: list[dict[str, object]] = []
    loadings: list[dict[str, object]] = []
    steps: list[dict[str, object]] = []
    items: list[dict[str, object]] = []
    questionnaires = {one.scale: one for one in study.plan.outcomes if one.instrument in answers}
    for outcome in questionnaires.values():
        scale = _scale(study, outcome, answers)
        for wave, rows in waves.items():
            if not scale.is_answered(rows):
                continue
            row, loaded = factor_rows(scale, rows, wave=wave, schools=schools, standards=standards, draw=draw)
            factors.append(row)
            loadings += loaded
        both = _two_waves(study, outcome, waves)
        steps += wave_rows(scale, both, pupils, schools=schools, standards=standards, draw=draw)
        if arms is not None:
            rows = waves[study.plan.wave_of(outcome)]
            steps += arm_rows(scale, rows, arms, schools=schools, standards=standards, draw=draw)
        first = next((wave for wave, rows in waves.items() if scale.is_answered(rows)), study.plan.waves[0].id)
        for subgroup in study.plan.subgroups:
            if subgroup.id in facts.columns and subgroup.kind == "category":
                values = facts[subgroup.id].reindex(pupils).astype("str").to_numpy()
                items += dif_rows(
                    scale,
                    waves[first],
                    values,
                    wave=first,
                    subgroup=subgroup.id,
                    level=study.plan.alpha,
                    standards=standards,
                    threshold=threshold,
                    draw=draw,
                )
    return replace(
        quality,
        factors=pd.DataFrame(factors, columns=list(FACTOR_COLUMNS)),
        loadings=pd.DataFrame(loadings, columns=list(LOADING_COLUMNS)),
        invariance=pd.DataFrame(steps, columns=list(INVARIANCE_COLUMNS)),
        dif=pd.DataFrame(items, columns=list(DIF_COLUMNS)),
    )


def _scale(study: Study, outcome: Outcome, answers: Mapping[str, Mapping[str, Answers]]) -> Scale:
    instrument = study.instrument(outcome.instrument)
    keyed = keyed_answers(answers[outcome.instrument], instrument, score_id=outcome.score)
    given = np.count_nonzero(~np.isnan(keyed), axis=1)
    return Scale(outcome.scale, instrument, outcome.score, keyed, given > 0, given == keyed.shape[1])


def _two_waves(study: Study, outcome: Outcome, waves: Mapping[str, BoolArray]) -> tuple[BoolArray, BoolArray] | None:
    """The rows before and after, where the same score was taken both times."""
    first, then = study.plan.waves[0].id, study.plan.wave_of(outcome)
    same = study.plan.baseline_of(outcome).scale == outcome.scale
    return (waves[first], waves[then]) if same and first != then else None


def _codes(facts: pd.DataFrame, pupils: "np.ndarray", column: str) -> IntArray | None:
    """The school or arm of every row as a number, -1 where it is not known; None where the roster does not tell."""
    if column not in facts.columns:
        return None
    named = facts[column].reindex(pupils)
    codes, names = pd.factorize(named.where(named.notna() & (named.astype("str") != "")))
    return codes.astype(np.int64) if len(names) > 1 else None
