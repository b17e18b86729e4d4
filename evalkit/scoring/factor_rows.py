"""How well the factors that a scale is scored by fit the answers of one wave."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.records.instrument import Instrument
from evalkit.records.standards import MeasurementStandards
from evalkit.scoring.drawn import Draw
from evalkit.scoring.factor_pattern import factors_of, pattern_of
from evalkit.scoring.rules import BoolArray, FloatArray, IntArray
from evalkit.stats.factor.fit import FactorFit, fit_normal
from evalkit.stats.factor.invariance import headline
from evalkit.stats.factor.models import correlated_factors, ordinal_factors
from evalkit.stats.factor.ordinal import fit_ordinal_factors, take_ordinal_sample
from evalkit.stats.factor.rare_answers import merge_rare
from evalkit.stats.factor.sample import take_sample
from evalkit.stats.factor.standardised import standardise

HEYWOOD = "The model gave an impossible (negative) error variance, so its figures are left out."
BY_CONSTRUCTION = "With so few items the model fits by construction, so nothing can be said about its fit."
TOO_FEW_ITEMS = "A factor model needs at least 3 items; this scale has {k}."
TOO_FEW_PUPILS = "{n} pupils answered; a factor model needs at least {least}."
MOST_PATTERNS = 500  # of gaps and none; with more, only complete answers are used, which costs time in proportion
FIT_NUMBERS = ("chi_square", "df", "p_value", "cfi", "tli", "rmsea", "rmsea_low", "rmsea_high")


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """One scale of the plan with the answers to its items.

    Attributes
    ----------
    id : str
        instrument.score
    instrument : Instrument
    score : str
    keyed : array, shape (n, k)
        Answers in the order of the keys, reversed where the key says so, NaN where missing.
    answered : bool array, shape (n,)
        Rows with an answer.
    complete : bool array, shape (n,)
        Rows with all answers.
    """

    id: str
    instrument: Instrument
    score: str
    keyed: FloatArray
    answered: BoolArray
    complete: BoolArray

    @property
    def items(self) -> list[str]:
        """The ids of the items, in order of the keys."""
        return list(self.instrument.item_signs(self.score))

    @property
    def factors(self) -> Mapping[str, Sequence[str]]:
        """The factors and their items."""
        return factors_of(self.instrument, self.score)

    @property
    def pattern(self) -> BoolArray:
        """Which item loads on which factor, shape (k, m)."""
        return pattern_of(self.factors, self.items)

    def label(self, item: str) -> str:
        """An item's short label."""
        return self.instrument.item(item).label

    def is_ordinal(self, standards: MeasurementStandards) -> bool:
        """Whether the items have so few answers that they must be taken as ordinal."""
        answers = min(len(self.instrument.response_of(item).values) for item in self.items)
        return answers < standards.ordinal_below.value

    def is_answered(self, rows: BoolArray) -> bool:
        """Whether anybody among these rows answered."""
        return bool((rows & self.answered).any())


def factor_rows(
    scale: Scale, rows: BoolArray, *, wave: str, schools: IntArray | None, standards: MeasurementStandards, draw: Draw
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The row of `Quality.factors` for one scale and wave, and its rows of `Quality.loadings`."""
    answered = rows & scale.answered
    n = int(answered.sum())
    row: dict[str, object] = {
        "scale": scale.id, "wave": wave, "n": n, "k": len(scale.items), "factors": len(scale.factors),
        "srmr": math.nan, "estimator": "", "reason": refusal(scale, n, standards),
    }  # fmt: skip
    row |= dict.fromkeys(FIT_NUMBERS, math.nan)
    if row["reason"]:
        return row, []
    usable = used_rows(scale, answered, standards)
    kept = draw.rows(usable)
    try:
        fit = fit_scale(scale, kept, schools=schools, standards=standards)
    except FitError as error:
        return row | {"reason": error.message}, []
    row |= {"n": sum(fit.n), "estimator": fit.estimator, "reason": draw.told(int(kept.sum()), int(usable.sum()))}
    if fit.is_heywood:
        return row | {"reason": HEYWOOD}, []
    if fit.test.df == 0:
        row["reason"] = BY_CONSTRUCTION
    else:
        best = headline(fit)
        row |= {name: getattr(best, name) for name in FIT_NUMBERS} | {"srmr": fit.srmr}
    return row, _loading_rows(scale, fit, wave=wave)


def refusal(scale: Scale, n: int, standards: MeasurementStandards) -> str:
    """Why no factor model of this scale is tried for n pupils; empty where one is."""
    if len(scale.items) < 3:
        return TOO_FEW_ITEMS.format(k=len(scale.items))
    least = max(int(standards.fewest_pupils.value), len(scale.items) + 1)
    return TOO_FEW_PUPILS.format(n=n, least=least) if n < least else ""


def fit_scale(scale: Scale, rows: BoolArray, *, schools: IntArray | None, standards: MeasurementStandards) -> FactorFit:
    """Fit the scale's factors to the answers of these rows: WLSMV for few answers, else MLR with gaps."""
    pattern = scale.pattern
    if scale.is_ordinal(standards):
        (numbered,), _ = merge_rare([scale.keyed[rows]], fewest=int(standards.fewest_per_answer.value))
        sample = take_ordinal_sample([numbered], clusters=clusters_of(schools, rows))
        return fit_ordinal_factors(ordinal_factors(pattern, sample.item_of), sample)
    answers = take_sample([scale.keyed[rows]], clusters=clusters_of(schools, rows))
    return fit_normal(correlated_factors(pattern, means=True), answers, robust=True)


def used_rows(scale: Scale, rows: BoolArray, standards: MeasurementStandards) -> BoolArray:
    """The rows that a factor model takes: without gaps where answers are ordinal, or gaps come in many patterns."""
    if scale.is_ordinal(standards) or has_many_gaps([scale.keyed[rows]]):
        return rows & scale.complete
    return rows


def has_many_gaps(waves: Sequence[FloatArray]) -> bool:
    """Whether gaps in the answers of these waves (the same pupils in each) come in very many patterns."""
    # The first pupils mostly settle it, and a nation's patterns take long to sort.
    for part in (slice(50 * MOST_PATTERNS), slice(None)):
        packed = np.packbits(np.hstack([np.isnan(one[part]) for one in waves]), axis=1)
        packed = np.ascontiguousarray(packed[packed.any(axis=1)])
        if np.unique(packed.view(np.dtype((np.void, packed.shape[1])))).size >= MOST_PATTERNS:
            return True
        if len(waves[0]) <= 50 * MOST_PATTERNS:
            return False
    return False


def clusters_of(schools: IntArray | None, rows: BoolArray | IntArray) -> list[IntArray] | None:
    """The schools of these rows for one block, or None where they are not known or only one."""
    if schools is None:
        return None
    codes = schools[rows]
    return [codes] if bool((codes >= 0).all()) and np.unique(codes).size > 1 else None


def _loading_rows(scale: Scale, fit: FactorFit, *, wave: str) -> list[dict[str, object]]:
    loading = standardise(fit).loading
    return [
        {
            "scale": scale.id,
            "wave": wave,
            "factor": factor,
            "item": item,
            "label": scale.label(item),
            "loading": float(loading[place, column]),
        }
        for column, (factor, members) in enumerate(scale.factors.items())
        for place, item in enumerate(scale.items)
        if item in members
    ]
