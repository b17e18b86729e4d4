"""What a fitted factor model says, number by number, and what to mind about it."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from evalkit.records.standards import load_standards
from evalkit.scoring.item_table import ItemTable
from evalkit.scoring.rules import FloatArray
from evalkit.stats.factor.fit import FactorFit
from evalkit.stats.factor.standardised import Standardised, turned

TIDY = (
    "part", "factor", "item", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "standardised",
    "standardised_error",
)  # fmt: skip


def parameter_rows(
    fit: FactorFit, standard: Standardised, table: ItemTable, conf_level: float
) -> list[dict[str, object]]:
    """A row per number of a factor model of one group, columns TIDY."""
    numbers = Numbers(fit, standard, table, half_width_factor(conf_level))
    return [*numbers.loadings(), *numbers.factors(), *numbers.errors(), *numbers.levels()]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """One fitted model on its way to rows; each factor turned so that its loadings add up to a positive number."""

    fit: FactorFit
    standard: Standardised
    table: ItemTable
    z: float

    @property
    def sign(self) -> FloatArray:
        """1 or -1 for each factor."""
        return turned(self.fit)

    def loadings(self) -> list[dict[str, object]]:
        """Factor by factor."""
        loading = self.fit.matrices.loading[0] * self.sign
        rows: list[dict[str, object]] = []
        for place, factor in enumerate(self.table.factors):
            for item in np.flatnonzero(self.table.pattern[:, place]):
                row = self._row("loading", f"loading {item} {place}", float(loading[item, place]))
                standardised = self.standard.loading[item, place], self.standard.loading_error[item, place]
                rows.append(row | _standardised(*standardised) | {"factor": factor, "item": self.table.names[item]})
        return rows

    def factors(self) -> list[dict[str, object]]:
        """Variances where they are free, and covariances (correlations where all variances are 1)."""
        factor = self.fit.matrices.factor[0] * np.outer(self.sign, self.sign)
        names = list(self.table.factors)
        is_free = "variance 0" in self.fit.structure.names
        rows: list[dict[str, object]] = []
        for place, name in enumerate(names):
            if is_free:
                row = self._row("factor variance", f"variance {place}", float(factor[place, place]))
                rows.append(row | {"factor": name})
            for before, other in enumerate(names[:place]):
                part = "factor covariance" if is_free else "factor correlation"
                row = self._row(part, f"covariance {place} {before}", float(factor[place, before]))
                both = self.standard.correlation[place, before], self.standard.correlation_error[place, before]
                rows.append(row | _standardised(*both) | {"factor": other, "item": name})
        return rows

    def errors(self) -> list[dict[str, object]]:
        """Error variances; of ordinal answers what the factors leave of 1."""
        variance = np.diag(self.fit.matrices.error[0])
        whole = np.diag(self.fit.moments[0].implied_covariance)
        return [
            self._row("error variance", f"error {item}", float(variance[item]))
            | {"item": name, "standardised": float(variance[item] / whole[item])}
            for item, name in enumerate(self.table.names)
        ]

    def levels(self) -> list[dict[str, object]]:
        """Intercepts or thresholds, where the model has them."""
        structure, matrices, names = self.fit.structure, self.fit.matrices, self.table.names
        intercepts = enumerate(names) if structure.has_means else []
        return [
            *(
                self._row("intercept", f"intercept {item}", float(matrices.intercept[0][item])) | {"item": name}
                for item, name in intercepts
            ),
            *(
                self._row("threshold", f"threshold {place}", float(matrices.threshold[0][place]))
                | {"item": names[item]}
                for place, item in enumerate(structure.item_of)
            ),
        ]

    def _row(self, part: str, parameter: str, estimate: float) -> dict[str, object]:
        row: dict[str, object] = {"part": part, "factor": "", "item": "", "estimate": estimate}
        if parameter not in self.fit.structure.names:
            return row
        place = self.fit.structure.names.index(parameter)
        error = math.sqrt(max(float(self.fit.covariance[place, place]), 0.0))
        statistic = estimate / error if error > 0 else math.nan
        return row | {
            "std_error": error,
            "statistic": statistic,
            "p_value": 2 * float(ndtr(-abs(statistic))),
            "conf_low": estimate - self.z * error,
            "conf_high": estimate + self.z * error,
        }


def _standardised(value: float, error: float) -> dict[str, object]:
    return {"standardised": float(value), "standardised_error": float(error)}


def half_width_factor(conf_level: float) -> float:
    """z: an interval is the estimate and z standard errors to either side."""
    return float(ndtri((1 + conf_level) / 2))


def fit_caveats(fit: FactorFit, standard: Standardised, table: ItemTable) -> list[tuple[str, str, str]]:
    """What to mind about one fitted model: kind, level, message."""
    standards = load_standards().measurement
    found: list[tuple[str, str, str]] = []
    if fit.is_heywood:
        message = "An error variance is not positive, or factors correlate beyond 1: do not trust this solution."
        found.append(("heywood", "warning", message))
    n = sum(fit.n)
    if n < standards.fewest_pupils.value:
        message = f"{n} pupils are few for a factor model; {standards.fewest_pupils.value:g} are asked for."
        found.append(("few_pupils", "warning", message))
    if fit.test.df == 0:
        found.append(("no_df", "warning", "The model has no degrees of freedom: it fits any answers perfectly."))
    against = [
        name for item, name in enumerate(table.names) if bool(np.any(standard.loading[item][table.pattern[item]] < 0))
    ]
    if against:
        message = f"Loadings below 0: {', '.join(against)}. Reverse such items first, else omega means nothing."
        found.append(("negative_loadings", "warning", message))
    if fit.n_clusters is not None and fit.n_clusters <= len(fit.structure.names):
        message = (
            f"{fit.n_clusters} schools for {len(fit.structure.names)} free numbers: standard errors and the scaled "
            "test that allow for schools are rough with so few."
        )
        found.append(("few_clusters", "warning", message))
    if fit.estimator == "MLR" and fit.scaled_test is None and fit.test.df > 0:
        message = (
            "There is no scaled test: with gaps it is worked out for at most 60 items. The plain test is too strict."
        )
        found.append(("no_scaled_test", "warning", message))
    return found


def sample_caveats(left_out: tuple[int, int, int]) -> list[tuple[str, str, str]]:
    """How many pupils were left out: without an answer, with an answer missing, without a school or group."""
    n_empty, n_incomplete, n_without = left_out
    found: list[tuple[str, str, str]] = []
    if n_incomplete:
        found.append(("left_out", "note", f"{n_incomplete} pupils with a missing answer were left out."))
    if n_empty:
        found.append(("no_answers", "note", f"{n_empty} pupils without any answer were left out."))
    if n_without:
        found.append(("no_group", "note", f"{n_without} pupils without a school or group were left out."))
    return found
