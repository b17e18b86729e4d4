"""Whether the hand-worked cases in an instrument's file come out."""

import math

import pandas as pd

from evalkit.records.instrument import HandScored, Instrument
from evalkit.scoring.score import score_items


def case_problems(instrument: Instrument) -> tuple[str, ...]:
    """Score the cases that the file works by hand (`tests:`) and tell which do not come out.

    Parameters
    ----------
    instrument : the questionnaire

    Returns
    -------
    tuple of str
        One sentence for every score that differs from the file; empty when all come out.

    Raises
    ------
    SpecError
        An answer of a case lies outside the answer scale.
    """
    return tuple(
        sentence
        for place, case in enumerate(instrument.tests, start=1)
        for sentence in _differences(instrument, case, place)
    )


def _differences(instrument: Instrument, case: HandScored, place: int) -> list[str]:
    answers = {item.id: pd.array([case.answers.get(item.id)], dtype="Int16") for item in instrument.items}
    scored = score_items(pd.DataFrame(answers), instrument, scores=list(case.expect)).iloc[0]
    sentences: list[str] = []
    for name, expected in case.expect.items():
        found = float(scored[name])
        same = math.isnan(found) if expected is None else math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
        if not same:
            shown = "no score" if math.isnan(found) else f"{found:.10g}"
            wanted = "no score" if expected is None else f"{expected:.10g}"
            sentences.append(
                f"{instrument.id}, case {place}, score {name}: the file expects {wanted}, evalkit finds {shown}. "
                "Check the keys (a minus reverses an item), the rule for missing answers and the sum of the case."
            )
    return sentences
