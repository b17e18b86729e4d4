"""The rows of `ek.reliability`: one function per family of measures, in the order of the table at the end."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from evalkit.errors import FitError
from evalkit.scoring.rules import FloatArray
from evalkit.stats.consistency import consistency
from evalkit.stats.item_covariance import ItemCovariance, Missing, covariance_of
from evalkit.stats.items import ItemStatistic, item_statistics
from evalkit.stats.mokken import Mokken, mokken
from evalkit.stats.ordinal_reliability import ordinal_reliability
from evalkit.stats.polychoric import polychoric
from evalkit.stats.reliability import Reliability, alpha, alpha_from, omega_from
from evalkit.stats.retest import Retest, retest, standard_error_of_measurement
from evalkit.stats.schmid_leiman import schmid_leiman
from evalkit.stats.split_half import split_half

Family = Literal[
    "alpha", "omega", "error", "consistency", "split_half", "omega_h", "ordinal", "mokken", "retest", "items"
]
Row = dict[str, object]
_CONTRADICT = "Above 1: the pairs of items contradict one another. Use complete answers, or more of them."
_HEYWOOD = "Omega is left out: the one-factor model gave an impossible (negative) error variance."


@dataclass(frozen=True, slots=True, eq=False)
class ScaleTable:
    """The answers (n, k), the names of the items, what was asked of them, and (once asked for) the covariances of
    complete rows."""

    matrix: FloatArray
    names: list[str]
    minimum: float | None
    maximum: float | None
    conf_level: float
    missing: Missing
    again: FloatArray | None
    known: Callable[[], ItemCovariance | str]

    @property
    def n_complete(self) -> int:
        known = self.known()
        return len(complete_rows(self.matrix)) if isinstance(known, str) else known.n


def complete_rows(answers: FloatArray) -> FloatArray:
    """The rows without a gap."""
    gaps = np.isnan(answers).any(axis=1)
    return answers[~gaps] if gaps.any() else answers


def known_covariance(matrix: FloatArray, names: Sequence[str]) -> ItemCovariance | str:
    """Covariances of the pupils with all answers, or the sentence that says why there is no reliability."""
    n, k = matrix.shape
    if k < 2:
        return "A scale of one item has no alpha or omega."
    found = covariance_of(matrix)
    if found.n < 3:
        return f"Only {found.n} of {n} pupils answered all {k} items; alpha and omega need at least 3."
    constant = [name for name, variance in zip(names, np.diag(found.covariance), strict=True) if variance == 0]
    if constant:
        return f"Every pupil gave the same answer to {', '.join(constant)}, so there is no alpha or omega."
    if found.covariance.sum() <= 1e-12 * np.trace(found.covariance):
        return "All pupils have the same total score, so reliability is undefined. Check the reversed items."
    return found


def scale_reliability(
    method: Literal["alpha", "omega"], known: ItemCovariance | str, *, conf_level: float
) -> Reliability | str:
    """The reliability, or the sentence that says why there is none."""
    if isinstance(known, str):
        return known
    if method == "alpha":
        return alpha_from(known, conf_level=conf_level)
    try:
        found = omega_from(known, conf_level=conf_level)
    except FitError as error:
        return error.message
    return _HEYWOOD if found.is_heywood else found


def family_rows(scale: ScaleTable, family: Family) -> list[Row]:
    """The rows of a family, or a row per measure with the reason why there are none."""
    measures, compute = FAMILIES[family]
    # Items are described one by one, whatever the scale as a whole lacks.
    if measures and scale.missing == "complete" and isinstance(problem := scale.known(), str):
        return [_row(measure, "", math.nan, scale.n_complete, note=problem) for measure in measures]
    try:
        return compute(scale)
    except FitError as error:
        return [_row(measure, "", math.nan, scale.n_complete, note=" ".join(error.problems)) for measure in measures]


def _alpha(scale: ScaleTable) -> list[Row]:
    if scale.missing == "pairwise":
        found = alpha(scale.matrix, conf_level=scale.conf_level, missing="pairwise")
        return [_with_limits("alpha", found) | ({"note": _CONTRADICT} if found.value > 1 else {})]
    return _one_reliability(scale, "alpha")


def _omega(scale: ScaleTable) -> list[Row]:
    return _one_reliability(scale, "omega")


def _one_reliability(scale: ScaleTable, method: Literal["alpha", "omega"]) -> list[Row]:
    found = scale_reliability(method, scale.known(), conf_level=scale.conf_level)
    if isinstance(found, str):
        return [_row(method, "", math.nan, scale.n_complete, note=found)]
    return [_with_limits(method, found)]


def _error(scale: ScaleTable) -> list[Row]:
    """In points of the sum of the items, from omega, or from alpha where there is no omega."""
    known = scale.known()
    if isinstance(known, str):
        raise FitError(known)
    found, name = scale_reliability("omega", known, conf_level=scale.conf_level), "omega"
    if isinstance(found, str):
        found, name = alpha_from(known, conf_level=scale.conf_level), "alpha"
    spread = math.sqrt(float(known.covariance.sum()))
    error = standard_error_of_measurement(spread, reliability=found.value)
    smallest = float(ndtri((1 + scale.conf_level) / 2)) * math.sqrt(2) * error
    note = f"Of the sum of the items, from {name}."
    return [_row("sem", "", error, found.n, note=note), _row("smallest_change", "", smallest, found.n, note=note)]


def _consistency(scale: ScaleTable) -> list[Row]:
    found = consistency(scale.matrix, missing=scale.missing)
    return [
        _row("standardised_alpha", "", found.standardised_alpha, found.n),
        _row("lambda6", "", found.lambda6, found.n),
        _row("mean_item_r", "", found.mean_r, found.n),
        _row("median_item_r", "", found.median_r, found.n),
    ]


def _split_half(scale: ScaleTable) -> list[Row]:
    found = split_half(scale.matrix, missing=scale.missing)
    note = "" if found.is_exact else f"Of {found.n_splits} random splits (seed 1)."
    return [
        _row("split_half_odd_even", "", found.spearman_brown, found.n),
        _row("split_half_highest", "", found.highest, found.n, note=note),
        _row("split_half_mean", "", found.mean, found.n, note=note),
        _row("split_half_lowest", "", found.lowest, found.n, note=note),
    ]


def _omega_h(scale: ScaleTable) -> list[Row]:
    found = schmid_leiman(scale.matrix, missing=scale.missing)
    turned = ", ".join(scale.names[place] for place in found.turned)
    note = f"Turned round, for they load negatively on the general factor: {turned}." if turned else ""
    return [
        _row("omega_h", "", found.omega_h, found.n, note=note),
        _row("omega_t", "", found.omega_t, found.n, note=note),
    ]


def _ordinal(scale: ScaleTable) -> list[Row]:
    known = polychoric(scale.matrix, missing=scale.missing)
    found = ordinal_reliability(scale.matrix, conf_level=scale.conf_level, found=known)
    rows = [_with_limits("ordinal_alpha", found.alpha) | ({"note": _CONTRADICT} if found.alpha.value > 1 else {})]
    for measure, one in (("ordinal_omega", found.omega), ("ordinal_omega_latent", found.latent_omega)):
        rows.append(_with_limits(measure, one) if one else _row(measure, "", math.nan, known.n, note=found.reason))
    return rows


def _mokken(scale: ScaleTable) -> list[Row]:
    found = mokken(scale.matrix)
    return [_h_row("", found.scale_h, found.scale_se, scale, found)] + [
        _h_row(name, float(h), float(error), scale, found)
        for name, h, error in zip(scale.names, found.item_h, found.item_se, strict=True)
    ]


def _h_row(item: str, h: float, error: float, scale: ScaleTable, found: Mokken) -> Row:
    half = float(ndtri((1 + scale.conf_level) / 2)) * error
    return _row("mokken_h", item, h, found.n) | {"conf_low": h - half, "conf_high": min(h + half, 1.0)}


def _retest(scale: ScaleTable) -> list[Row]:
    assert scale.again is not None
    first, second = scale.matrix.mean(axis=1), scale.again.mean(axis=1)
    both = ~np.isnan(first) & ~np.isnan(second)
    found: Retest = retest(first[both], second[both], conf_level=scale.conf_level)
    rows = [
        _row("icc_agreement", "", found.icc_agreement, found.n)
        | {"conf_low": found.agreement_low, "conf_high": found.agreement_high},
        _row("icc_consistency", "", found.icc_consistency, found.n)
        | {"conf_low": found.consistency_low, "conf_high": found.consistency_high},
    ]
    note = "In points of the mean of the items."
    return [
        *rows,
        _row("sem_agreement", "", found.sem_agreement, found.n, note=note),
        _row("sem_consistency", "", found.sem_consistency, found.n, note=note),
        _row("smallest_change_agreement", "", found.sdc_agreement, found.n, note=note),
        _row("smallest_change_consistency", "", found.sdc_consistency, found.n, note=note),
    ]


def _items(scale: ScaleTable) -> list[Row]:
    low = float(np.nanmin(scale.matrix)) if scale.minimum is None else scale.minimum
    high = float(np.nanmax(scale.matrix)) if scale.maximum is None else scale.maximum
    if low == high:
        high = low + 1
    found = item_statistics(scale.matrix, minimum=low, maximum=high, missing=scale.missing)
    with_ends = scale.minimum is not None
    return [row for name, one in zip(scale.names, found, strict=True) for row in _item_rows(name, one, with_ends)]


def _item_rows(name: str, one: ItemStatistic, with_ends: bool) -> list[Row]:
    look = "Negative: check whether this item must be reversed." if one.item_rest_r < 0 else ""
    rows = [
        _row("mean", name, one.mean, one.n),
        _row("sd", name, one.sd, one.n),
        _row("item_total_r", name, one.item_total_r, one.n_complete),
        _row("item_rest_r", name, one.item_rest_r, one.n_complete, note=look),
        _row("item_corrected_r", name, one.item_corrected_r, one.n_complete),
        _row("alpha_if_dropped", name, one.alpha_if_dropped, one.n_complete),
        _row("missing_percent", name, one.missing_percent, one.n),
    ]
    if with_ends:
        rows.append(_row("discrimination", name, one.discrimination, one.n_complete))
        rows.append(_row("floor_percent", name, one.floor_percent, one.n))
        rows.append(_row("ceiling_percent", name, one.ceiling_percent, one.n))
    return rows


def _with_limits(measure: str, found: Reliability) -> Row:
    note = "Below 0: the items do not go together. Check which must be reversed." if found.value < 0 else ""
    return _row(measure, "", found.value, found.n, note=note) | {"conf_low": found.low, "conf_high": found.high}


def _row(measure: str, item: str, estimate: float, n: int, *, note: str = "") -> Row:
    return {
        "measure": measure,
        "item": item,
        "estimate": estimate,
        "conf_low": math.nan,
        "conf_high": math.nan,
        "n": n,
        "note": note or ("" if not math.isnan(estimate) else "Not defined for these answers."),
    }


FAMILIES: dict[Family, tuple[tuple[str, ...], Callable[[ScaleTable], list[Row]]]] = {
    "alpha": (("alpha",), _alpha),
    "omega": (("omega",), _omega),
    "error": (("sem", "smallest_change"), _error),
    "consistency": (("standardised_alpha", "lambda6", "mean_item_r", "median_item_r"), _consistency),
    "split_half": (
        ("split_half_odd_even", "split_half_highest", "split_half_mean", "split_half_lowest"),
        _split_half,
    ),
    "omega_h": (("omega_h", "omega_t"), _omega_h),
    "ordinal": (("ordinal_alpha", "ordinal_omega", "ordinal_omega_latent"), _ordinal),
    "mokken": (("mokken_h",), _mokken),
    "retest": (("icc_agreement", "icc_consistency"), _retest),
    "items": ((), _items),
}
