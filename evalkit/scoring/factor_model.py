"""`ek.factor_model`: do the items group into factors as they are scored?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument
from evalkit.scoring.factor_model_rows import TIDY, fit_caveats, half_width_factor, parameter_rows, sample_caveats
from evalkit.scoring.item_table import ItemTable, read_items
from evalkit.scoring.rules import FloatArray, IntArray
from evalkit.stats.factor.fit import FactorFit, fit_normal
from evalkit.stats.factor.models import Scaling, correlated_factors, ordinal_factors
from evalkit.stats.factor.ordinal import fit_ordinal_factors, take_ordinal_sample
from evalkit.stats.factor.sample import take_sample
from evalkit.stats.factor.standardised import Standardised, standardise

Answers = Literal["continuous", "ordinal"]
Gaps = Literal["fiml", "complete"]
INDICES = ("chi_square", "df", "p_value", "cfi", "tli", "rmsea", "rmsea_low", "rmsea_high")


def factor_model(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]] | None = None,
    *,
    instrument: Instrument | str | None = None,
    scores: Sequence[str] | None = None,
    answers: Answers = "continuous",
    missing: Gaps = "fiml",
    robust: bool = False,
    clusters: str | None = None,
    correlated: bool = True,
    scaling: Scaling = "variance",
    conf_level: float = 0.95,
) -> "FactorModel":
    """Fit a confirmatory factor model.

    Parameters
    ----------
    items : pandas.DataFrame
        A row per pupil; missing answers empty.
    factors : mapping of factor to columns, optional
        Without it (and without an instrument) all columns but `clusters` belong to one factor. An item may belong to
        several factors.
    instrument : Instrument or str, optional
        The questionnaire behind the columns (`q3` or `grit_s8.q3`), answers as printed: they are checked and reversed
        by its key.
    scores : sequence of str, optional
        Which of the instrument's scores are the factors; without it those behind its first score.
    answers : {"continuous", "ordinal"}
        "ordinal" fits thresholds and polychoric correlations by weighted least squares (WLSMV), on complete answers.
    missing : {"fiml", "complete"}
        "fiml" uses every answer given; "complete" the pupils with all answers.
    robust : bool
        MLR: standard errors and test for answers that are not normal.
    clusters : str, optional
        Column of the school: standard errors and test that allow for pupils who share a school.
    correlated : bool
        False for factors that are unrelated, such as a general factor with group factors.
    scaling : {"variance", "first loading"}
        What is 1 in each factor. Standardised numbers and fit are the same.
    conf_level : float

    Returns
    -------
    FactorModel

    Raises
    ------
    SpecError
        Columns or options that are not there, or answers outside the instrument's scale.
    FitError
        Too few pupils, an item without spread, or no solution; the message says what to do.

    Notes
    -----
    Formulas, and what differs from lavaan, are in docs/explanation/factor-models.md.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> level = rng.normal(size=(300, 1))
    >>> answers = pd.DataFrame(level + rng.normal(size=(300, 4)), columns=["q1", "q2", "q3", "q4"])
    >>> factor_model(answers).glance()[["df", "n", "estimator"]].values.tolist()
    [[2, 300, 'ML']]
    """
    _check_options(answers, missing, scaling, conf_level)
    table = read_items(items, factors, instrument=instrument, scores=scores, beside=[clusters])
    matrix, schools, n_without = table.matrix, None, 0
    if clusters is not None:
        codes, _ = table.codes(clusters)
        n_without = int(np.count_nonzero(codes < 0))
        matrix, schools = matrix[codes >= 0], codes[codes >= 0]
    n_empty = int(np.isnan(matrix).all(axis=1).sum())
    if missing == "complete" or answers == "ordinal":
        whole = ~np.isnan(matrix).any(axis=1)
        n_left_out = int(np.count_nonzero(~whole)) - n_empty
        matrix, schools = matrix[whole], None if schools is None else schools[whole]
    else:
        n_left_out = 0
    fit = _fit(table, matrix, schools, answers=answers, robust=robust, correlated=correlated, scaling=scaling)
    return FactorModel(fit, standardise(fit), table, conf_level, (n_empty, n_left_out, n_without))


@dataclass(frozen=True, slots=True, eq=False)
class FactorModel:
    """A fitted factor model.

    Attributes
    ----------
    fit : FactorFit
        Everything as arrays.
    standard : Standardised
    table : ItemTable
    conf_level : float
    left_out : tuple of int
        Pupils without any answer, with an answer missing, and without a school, who were not used.
    """

    fit: FactorFit
    standard: Standardised
    table: ItemTable
    conf_level: float
    left_out: tuple[int, int, int]

    def __repr__(self) -> str:
        return f"<FactorModel of {len(self.table.names)} items, {self.fit.estimator}, {sum(self.fit.n)} rows>"

    def tidy(self) -> pd.DataFrame:
        """A row per number of the model, columns TIDY.

        `part` is loading, factor correlation (covariance with scaling by the first loading, and factor variance), error
        variance, intercept or threshold. `standardised` has items and factors of variance 1; intervals are of the
        estimate. Numbers that were fixed have no standard error.
        """
        return pd.DataFrame(parameter_rows(self.fit, self.standard, self.table, self.conf_level), columns=list(TIDY))

    def glance(self) -> pd.DataFrame:
        """One row: size, estimator and every fit index; `_scaled` and `_robust` where there are such."""
        fit = self.fit
        row: dict[str, object] = {
            "estimator": fit.estimator,
            "n": sum(fit.n),
            "n_incomplete": fit.n_incomplete,
            "n_clusters": fit.n_clusters,
            "n_parameters": len(fit.structure.names),
        }
        for one in fit.goodness:
            ending = "" if one.variant == "standard" else f"_{one.variant}"
            row |= {f"{name}{ending}": getattr(one, name) for name in INDICES}
        if fit.scaled_test is not None:
            row["scaling"] = fit.scaled_test.scale
        q, n = len(fit.structure.names), sum(fit.n)
        row |= {
            "srmr": fit.srmr,
            "baseline_chi_square": fit.baseline.plain,
            "baseline_df": fit.baseline.df,
            "log_likelihood": fit.log_likelihood,
            "aic": 2 * q - 2 * fit.log_likelihood,
            "bic": q * math.log(n) - 2 * fit.log_likelihood,
            "is_heywood": fit.is_heywood,
        }
        return pd.DataFrame([row])

    def indices(self) -> pd.DataFrame:
        """A row per variant of the fit indices: `variant`, chi_square, df, p_value, cfi, tli, rmsea and its limits."""
        rows = [{"variant": one.variant} | {name: getattr(one, name) for name in INDICES} for one in self.fit.goodness]
        return pd.DataFrame(rows, columns=["variant", *INDICES])

    def reliability(self) -> pd.DataFrame:
        """A row per factor: `factor n_items omega std_error conf_low conf_high`.

        Omega is the share of the variance of the plain sum of a factor's items that the factor explains; for ordinal
        answers of the sum of the latent responses, which `ek.reliability` calls ordinal_omega_latent.
        """
        z = half_width_factor(self.conf_level)
        found = zip(self.table.factors.items(), self.standard.omega, self.standard.omega_error, strict=True)
        return pd.DataFrame(
            [
                {
                    "factor": factor,
                    "n_items": len(members),
                    "omega": omega,
                    "std_error": error,
                    "conf_low": omega - z * error,
                    "conf_high": min(omega + z * error, max(omega, 1.0)),
                }
                for (factor, members), omega, error in found
            ]
        )

    def correlations(self) -> pd.DataFrame:
        """Correlations of the factors, factors by factors."""
        names = list(self.table.factors)
        return pd.DataFrame(self.standard.correlation, index=names, columns=names)

    def residuals(self) -> pd.DataFrame:
        """What the factors leave of each correlation: `item other sample model residual`, largest first."""
        moments = self.fit.moments[0]
        rows: list[dict[str, object]] = []
        sample, model = _correlation(moments.covariance), _correlation(moments.implied_covariance)
        for place, item in enumerate(self.table.names):
            for before, other in enumerate(self.table.names[:place]):
                there, said = float(sample[place, before]), float(model[place, before])
                rows.append({"item": other, "other": item, "sample": there, "model": said, "residual": there - said})
        frame = pd.DataFrame(rows, columns=["item", "other", "sample", "model", "residual"])
        return frame.sort_values("residual", key=lambda values: -values.abs(), kind="stable").reset_index(drop=True)

    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each; none when there is nothing."""
        found = [*fit_caveats(self.fit, self.standard, self.table), *sample_caveats(self.left_out)]
        return pd.DataFrame(found, columns=["kind", "level", "message"])


def _check_options(answers: str, missing: str, scaling: str, conf_level: float) -> None:
    problems = [
        f"{name} is {value!r}; use one of: {', '.join(get_args(allowed))}."
        for name, value, allowed in (
            ("answers", answers, Answers),
            ("missing", missing, Gaps),
            ("scaling", scaling, Scaling),
        )
        if value not in get_args(allowed)
    ]
    if not 0 < conf_level < 1:
        problems.append(f"conf_level is {conf_level:g}; use a number between 0 and 1, such as 0.95.")
    if problems:
        raise SpecError("The factor model cannot be fitted like this.", problems=problems)


def _fit(
    table: ItemTable,
    matrix: FloatArray,
    schools: IntArray | None,
    *,
    answers: Answers,
    robust: bool,
    correlated: bool,
    scaling: Scaling,
) -> FactorFit:
    clusters = None if schools is None else [schools]
    if answers == "ordinal":
        ordinal = take_ordinal_sample([matrix], clusters=clusters)
        structure = ordinal_factors(table.pattern, ordinal.item_of, scaling=scaling, correlated=correlated)
        return fit_ordinal_factors(structure, ordinal)
    sample = take_sample([matrix], clusters=clusters)
    means = not sample.is_complete or clusters is not None
    structure = correlated_factors(table.pattern, means=means, scaling=scaling, correlated=correlated)
    return fit_normal(structure, sample, robust=robust)


def _correlation(covariance: FloatArray) -> FloatArray:
    spread = np.sqrt(np.diag(covariance))
    return covariance / np.outer(spread, spread)
