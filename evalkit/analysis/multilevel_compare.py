"""Likelihood-ratio comparison of multilevel fits, with the boundary in mind."""

import numpy as np
import pandas as pd
from scipy import special

from evalkit.analysis.multilevel_tables import n_parameters
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError
from evalkit.stats.mixed.fit import MixedFit, fit_mixed, fit_without_groups
from evalkit.stats.mixed.terms import RandomTerm


def compare(core: MixedFit, sample: Sample, other: MixedFit, other_sample: Sample) -> pd.DataFrame:
    """Two rows, the smaller model first."""
    _same_rows(core, sample, other, other_sample)
    pairs = sorted([(core, sample), (other, other_sample)], key=lambda pair: n_parameters(pair[0]))
    (small, small_sample), (large, large_sample) = pairs
    if small.reml and _fixed(small_sample) != _fixed(large_sample):
        raise FitError(
            "REML likelihoods of models with different fixed parts cannot be compared. Fit both with reml=False, or "
            "use fit.test(...) for the fixed effects."
        )
    df = n_parameters(large) - n_parameters(small)
    statistic = max(2.0 * (large.loglik - small.loglik), 0.0)
    same_fixed = _fixed(small_sample) == _fixed(large_sample)
    weights = _mixture(small_sample.terms, large_sample.terms) if same_fixed else None
    p_value, reference = _p_value(statistic, df, weights)
    return pd.DataFrame(
        {
            "formula": [small_sample.formula.text, large_sample.formula.text],
            "n_parameters": [n_parameters(small), n_parameters(large)],
            "aic": [-2.0 * fit.loglik + 2.0 * n_parameters(fit) for fit in (small, large)],
            "bic": [-2.0 * fit.loglik + np.log(fit.n_rows) * n_parameters(fit) for fit in (small, large)],
            "loglik": [small.loglik, large.loglik],
            "deviance": [-2.0 * small.loglik, -2.0 * large.loglik],
            "statistic": [np.nan, statistic],
            "df": [np.nan, float(df)],
            "p_value": [np.nan, p_value],
            "reference": ["", reference],
        }
    )


def _same_rows(core: MixedFit, sample: Sample, other: MixedFit, other_sample: Sample) -> None:
    if core.reml != other.reml:
        raise FitError("One model was fitted by REML, the other by ML. Fit both the same way.")
    if core.n_rows != other.n_rows or not np.array_equal(sample.outcome, other_sample.outcome):
        raise FitError(
            f"The models use different rows or outcomes ({core.n_rows} and {other.n_rows} rows). Fit both to the same "
            "complete rows: leave out rows with a missing value in any column of either model first."
        )
    same_weights = (sample.weights is None) == (other_sample.weights is None) and (
        sample.weights is None or np.array_equal(sample.weights, np.asarray(other_sample.weights))
    )
    if not same_weights:
        raise FitError("The models weight their rows differently. Fit both with the same weights.")


def _fixed(sample: Sample) -> frozenset[str]:
    return frozenset(sample.coding.names)


def _mixture(small: tuple[RandomTerm, ...], large: tuple[RandomTerm, ...]) -> tuple[int, int] | None:
    """Degrees of freedom of the two halves of the mixture, where the models differ by one effect of one term."""
    rest = [(term.group, frozenset(term.names)) for term in large]
    lost: list[tuple[str, frozenset[str]]] = []
    for term in small:
        key = (term.group, frozenset(term.names))
        if key in rest:
            rest.remove(key)
        else:
            lost.append(key)
    if len(rest) != 1 or len(lost) > 1:
        return None
    group, names = rest[0]
    if not lost:
        return (0, 1) if len(names) == 1 else None
    small_group, small_names = lost[0]
    if small_group == group and small_names < names and len(names) == len(small_names) + 1:
        return (len(small_names), len(names))
    return None


def _p_value(statistic: float, df: int, weights: tuple[int, int] | None) -> tuple[float, str]:
    """Tail of the reference distribution.

    Notes
    -----
    A variance on the boundary of its range: half a chi-square with q df and half one with q + 1 (Self and Liang 1987,
    doi:10.1080/01621459.1987.10478472; Stram and Lee 1994, doi:10.2307/2533455).
    """
    if df == 0:
        return np.nan, "none: the models have equally many parameters"
    if weights is None:
        return float(special.chdtrc(df, statistic)), f"chi-square({df})"
    parts = [float(special.chdtrc(d, statistic)) if d else float(statistic <= 0.0) for d in weights]
    return sum(parts) / 2.0, f"half chi-square({weights[0]}), half chi-square({weights[1]})"


def test_variances(core: MixedFit, sample: Sample) -> pd.DataFrame:
    """A row per random effect that can be left out while the rest stays: the last effect of every term."""
    rows: list[tuple[str, str, float, int, float, str]] = []
    for at, term in enumerate(sample.terms):
        others = [t for i, t in enumerate(sample.terms) if i != at]
        if others:
            null = fit_mixed(sample.outcome, sample.columns, others, weights=sample.weights, reml=core.reml).loglik
        else:
            null = fit_without_groups(sample.outcome, sample.columns, weights=sample.weights, reml=core.reml)
        statistic = max(2.0 * (core.loglik - null), 0.0)
        df = term.width * (term.width + 1) // 2
        p_value, reference = _p_value(statistic, df, (0, 1) if term.width == 1 else None)
        rows.append((term.group, ", ".join(term.names), statistic, df, p_value, reference))
    return pd.DataFrame(rows, columns=["group", "term", "statistic", "df", "p_value", "reference"])
