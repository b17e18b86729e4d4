"""Which item belongs to which factor, as a questionnaire is scored."""

from collections.abc import Mapping, Sequence

import numpy as np

from evalkit.records.instrument import Instrument
from evalkit.scoring.rules import BoolArray


def factors_of(instrument: Instrument, score_id: str) -> dict[str, tuple[str, ...]]:
    """The factors behind a score and their items.

    Parameters
    ----------
    instrument : the questionnaire
    score_id : which score

    Returns
    -------
    dict of factor to item ids
        A score made of part scores has a factor for each part; any other has one factor, called by the score's id. A
        score made from one other score has that one's factors.
    """
    score = instrument.score(score_id)
    if score.from_score is not None:
        return factors_of(instrument, score.from_score)
    if not score.keys and all(instrument.score(part).keys for part in score.from_scores):
        return {part: tuple(instrument.item_signs(part)) for part in score.from_scores}
    return {score_id: tuple(instrument.item_signs(score_id))}


def pattern_of(factors: Mapping[str, Sequence[str]], items: Sequence[str]) -> BoolArray:
    """Whether each of p items belongs to each of m factors, shape (p, m)."""
    return np.array([[item in members for members in factors.values()] for item in items], dtype=np.bool_)
