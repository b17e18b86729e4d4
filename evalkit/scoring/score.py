"""Score questionnaires: a release and its plan, or a plain table of answers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.evaluation import Study
from evalkit.records.frames import need_frame, need_names
from evalkit.records.instrument import Instrument, load_instrument
from evalkit.records.measure import VALUE
from evalkit.records.release import Release
from evalkit.records.scores import FLAGGED_COLUMNS, SCORE_COLUMNS, Scores
from evalkit.scoring.answers import read_answers
from evalkit.scoring.measured import score_measured
from evalkit.scoring.measurement import with_measurement
from evalkit.scoring.quality import measure_quality
from evalkit.scoring.release_answers import release_answers
from evalkit.scoring.response_quality import response_signs
from evalkit.scoring.rules import Scored, score_answers


def score(release: Release, study: Study) -> Scores:
    """Score every questionnaire and measure that the plan needs, for every pupil and wave of a release.

    Parameters
    ----------
    release : the frozen data
    study : the evaluation with its instruments

    Returns
    -------
    Scores
        A row per pupil, wave and scale, with `n_answered` and, where there is no score, the reason; how well each
        measure worked; and whose answers show a sign of careless answering.

    Raises
    ------
    DesignError
        The release was made with another version or another answer scale of a questionnaire than the plan now names, or
        it holds no answers to an item that the plan needs.
    SpecError
        Answers lie outside the answer scale or are not whole numbers (columns and counts are named, pupils never).
    """
    responses = release.responses
    answers = release_answers(release, study)
    scored = {
        f"{name}.{score_id}": score_answers(answers[name], study.instrument(name), score_id=score_id)
        if name in answers
        else score_measured(responses[f"{name}.{VALUE}"], study.instrument(name))
        for name, score_id in study.scores
    }
    frame = pd.concat([_rows(responses, scale, study, one) for scale, one in scored.items()], ignore_index=True)
    quality = measure_quality(responses, study, answers=answers, scored=scored)
    quality = with_measurement(quality, responses, release.roster, study, answers=answers)
    sources = tuple((source.name, source.sha256) for source in release.manifest.sources)
    notes = tuple(note for source in release.manifest.sources for note in source.decisions)
    signs = response_signs(responses, study, answers=answers)
    flagged = signs.loc[signs["any_sign"], list(FLAGGED_COLUMNS)].reset_index(drop=True)
    return Scores(frame, quality, release.roster, release.sha256, sources, notes, release.schools, flagged)


def score_items(
    items: pd.DataFrame, instrument: Instrument | str, *, scores: Sequence[str] | None = None
) -> pd.DataFrame:
    """Score a plain table of answers to one questionnaire.

    Parameters
    ----------
    items : frame - a row per pupil; the answers as printed (not reversed), one column per item, named by the item's id
        (`q3`) or with the questionnaire (`grit_s8.q3`); missing answers empty. Other columns are left alone
    instrument : a questionnaire, or its id
    scores : which scores; all that the questionnaire has when not given

    Returns
    -------
    frame
        With the index of `items` and, for every score S, the columns `S` (empty where there is no score), `S_answered`
        (items answered) and `S_reason` (why there is no score)

    Raises
    ------
    SpecError
        There is no such questionnaire or score, an item's column is missing, or answers lie outside the answer scale
        (columns and counts are named).

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame([[2, 4, 2, 4, 2, 2, 4, 4]], columns=[f"q{n}" for n in range(1, 9)])
    >>> float(score_items(answers, "grit_s8")["total"].iloc[0])
    4.0
    """
    items = need_frame(items, error=SpecError, called="The table of answers")
    if isinstance(instrument, str):
        instrument = load_instrument(instrument)
    scores = None if scores is None else need_names(scores, called="scores", error=SpecError)
    wanted = [instrument.score(name).id for name in scores] if scores else [one.id for one in instrument.scores]
    needed = [item.id for item in instrument.items if any(item.id in instrument.items_of(one) for one in wanted)]
    answers = read_answers(items, instrument, items=needed, columns=columns_of(items, instrument, needed))
    table: dict[str, object] = {}
    for name in wanted:
        scored = score_answers(answers, instrument, score_id=name)
        table[name] = scored.value
        table[f"{name}_answered"] = scored.n_answered
        table[f"{name}_reason"] = pd.array(scored.reason, dtype="str")
    return pd.DataFrame(table, index=items.index)


def _rows(responses: pd.DataFrame, scale: str, study: Study, scored: Scored) -> pd.DataFrame:
    n = len(responses)
    rows = {
        "pupil": responses["pupil"].astype("str"),
        "wave": responses["wave"].astype("str"),
        "scale": pd.array([scale], dtype="str").take(np.zeros(n, dtype=np.intp)),
        "scale_version": pd.array([study.instrument(scale.split(".")[0]).identity], dtype="str").take(
            np.zeros(n, dtype=np.intp)
        ),
        "value": scored.value,
        "n_answered": scored.n_answered,
        "n_items": np.full(n, scored.n_items, dtype=np.int64),
        "reason": pd.array(scored.reason, dtype="str"),
    }
    table = pd.DataFrame(rows, columns=list(SCORE_COLUMNS))
    waves = study.waves_of(scale.split(".")[0])
    return table if len(waves) == len(study.plan.waves) else table[table["wave"].isin(waves)]


def columns_of(table: pd.DataFrame, instrument: Instrument, needed: Sequence[str]) -> dict[str, str]:
    """The column of each item: `q3` or `grit_s8.q3`. Raises SpecError naming every item without one or with two."""
    names = [str(name) for name in table.columns]
    columns: dict[str, str] = {}
    problems: list[str] = []
    for item in needed:
        found = [name for name in names if name in (item, f"{instrument.id}.{item}")]
        if len(found) == 1:
            columns[item] = found[0]
        elif found:
            problems.append(f"item {item}: {len(found)} columns are meant for it. Keep one.")
        else:
            problems.append(f"item {item}: there is no column {item} or {instrument.id}.{item}. Add or rename one.")
    if problems:
        raise SpecError(f"The table does not hold the items of {instrument.id}.", problems=problems)
    return columns
