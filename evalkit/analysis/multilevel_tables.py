"""The frames of a multilevel fit."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from evalkit.analysis.design import FloatArray, IntArray
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError
from evalkit.stats.mixed.effects import random_effects as modes
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.inference import ContrastTest, Inference, Method, joint_test, quantile, single_tests
from evalkit.stats.mixed.layout import is_nested
from evalkit.stats.mixed.profile import profile_intervals, ratio_interval
from evalkit.stats.mixed.shares import log_share_error, variance_by_level

FEW_GROUPS = 10


def _tests_frame(names: Sequence[str], tests: Sequence[ContrastTest], conf_level: float) -> pd.DataFrame:
    reach = [quantile(conf_level, t.df) * t.std_error for t in tests]
    return pd.DataFrame(
        {
            "term": list(names),
            "estimate": [t.estimate for t in tests],
            "std_error": [t.std_error for t in tests],
            "df": [t.df for t in tests],
            "statistic": [t.statistic for t in tests],
            "p_value": [t.p_value for t in tests],
            "conf_low": [t.estimate - r for t, r in zip(tests, reach, strict=True)],
            "conf_high": [t.estimate + r for t, r in zip(tests, reach, strict=True)],
        }
    )


def tidy(inference: Inference, names: Sequence[str], conf_level: float) -> pd.DataFrame:
    """A row per fixed effect."""
    return _tests_frame(names, single_tests(inference, np.eye(len(names))), _level(conf_level))


def _level(conf_level: float) -> float:
    if not 0.0 < conf_level < 1.0:
        raise FitError(f"conf_level={conf_level} is outside 0 to 1. Use 0.95 for a 95% interval.")
    return conf_level


def contrast(inference: Inference, names: Sequence[str], weights: Mapping[str, float]) -> pd.DataFrame:
    """A row for one combination of fixed effects."""
    if not isinstance(weights, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FitError(f"Give the weight of each coefficient, such as {{{names[-1]!r}: 1}}. Use: {', '.join(names)}.")
    unknown = [name for name in weights if name not in names]
    if unknown or not weights:
        raise FitError(f"{', '.join(map(repr, unknown)) or 'Nothing'} is not a coefficient. Use: {', '.join(names)}.")
    row = np.array([weights.get(name, 0.0) for name in names])
    label = " + ".join(f"{value:g} {name}" for name, value in weights.items()).replace("+ -", "- ")
    return _tests_frame([label], single_tests(inference, row), 0.95)


def _rows_of(core: MixedFit, sample: Sample, name: str) -> list[int]:
    """Places of the coefficients that a name means: a coefficient itself, or all of a term."""
    kept = core.coordinates.kept
    exact = [at for at, i in enumerate(kept) if sample.coding.names[i] == name]
    return exact or [at for at, i in enumerate(kept) if sample.coding.terms[i] == name]


def joint(inference: Inference, core: MixedFit, sample: Sample, names: Sequence[str]) -> pd.DataFrame:
    """One row: F test that all named coefficients are 0."""
    if not names:
        raise FitError(f"Name what to test: {', '.join(sample.coding.names[i] for i in core.coordinates.kept)}.")
    places: list[int] = []
    for name in names:
        found = _rows_of(core, sample, name)
        if not found:
            have = [sample.coding.names[i] for i in core.coordinates.kept]
            raise FitError(f"{name!r} is neither a coefficient nor a term of the model. Use: {', '.join(have)}.")
        places += found
    test = joint_test(inference, np.eye(len(inference.beta))[sorted(set(places))])
    return pd.DataFrame(
        {
            "terms": [" + ".join(names)],
            "statistic": [test.f_value],
            "num_df": [test.num_df],
            "den_df": [test.den_df],
            "p_value": [test.p_value],
            "scale": [test.scale],
            "method": [inference.method],
        }
    )


def f_tests(inference: Inference, core: MixedFit, sample: Sample) -> pd.DataFrame:
    """A row per term of the fixed part, the intercept apart."""
    kept = core.coordinates.kept
    terms = [t for t in dict.fromkeys(sample.coding.terms[i] for i in kept) if t not in ("Intercept", "1")]
    if not terms:
        raise FitError("The fixed part has only an intercept, so there is no term to test.")
    return pd.concat([joint(inference, core, sample, [term]) for term in terms], ignore_index=True)


def groups_of(sample: Sample) -> dict[str, int]:
    """Levels of every grouping factor, finest first."""
    return {term.group: term.levels for term in sample.terms}


def coarsest_codes(sample: Sample) -> tuple[str, IntArray, int]:
    """Name, codes and levels of the grouping factor with fewest levels."""
    term = sample.terms[-1]
    return term.group, term.codes, term.levels


def between_columns(core: MixedFit, sample: Sample) -> int:
    """How many fixed effects vary only between the coarsest groups, the intercept among them."""
    _, codes, levels = coarsest_codes(sample)
    count = 0
    for i in core.coordinates.kept:
        first = np.empty(levels)
        first[codes] = sample.columns[i]
        count += bool((first[codes] == sample.columns[i]).all())
    return count


def n_parameters(core: MixedFit) -> int:
    """Fixed effects, variances and covariances, and the residual variance."""
    return len(core.beta) + sum(len(c.names) * (len(c.names) + 1) // 2 for c in core.components) + 1


def glance(core: MixedFit, sample: Sample) -> pd.DataFrame:
    """One row on the whole model."""
    k = n_parameters(core)
    levels = variance_by_level(core, sample.terms, sample.weights)
    r2 = r_squared(core, sample)
    _, _, n_groups = coarsest_codes(sample)
    return pd.DataFrame(
        {
            "n_obs": [core.n_rows],
            "n_missing": [sample.n_given - core.n_rows],
            "n_groups": [n_groups],
            "groups": ["; ".join(f"{name}: {count}" for name, count in groups_of(sample).items())],
            "loglik": [core.loglik],
            "deviance": [-2.0 * core.loglik],
            "reml": [core.reml],
            "n_parameters": [k],
            "aic": [-2.0 * core.loglik + 2.0 * k],
            "bic": [-2.0 * core.loglik + np.log(core.n_rows) * k],
            "sigma": [float(np.sqrt(core.sigma2))],
            "icc": [float(1.0 - levels[-1] / levels.sum())],
            "r2_marginal": [float(r2["marginal"].iloc[0])],
            "r2_conditional": [float(r2["conditional"].iloc[0])],
            "df_between": [n_groups - between_columns(core, sample)],
            "is_singular": [core.singular],
            "converged": [core.certificate.converged],
        }
    )


def variances(core: MixedFit) -> pd.DataFrame:
    """A row per variance, the residual last."""
    rows: list[tuple[str, str, float, float, float]] = []
    for component in core.components:
        spread = np.sqrt(np.diag(component.covariance))
        for i, name in enumerate(component.names):
            with_first = _correlation(component.covariance, i, 0) if i else np.nan
            rows.append((component.group, name, float(component.covariance[i, i]), float(spread[i]), with_first))
    rows.append(("Residual", "", core.sigma2, float(np.sqrt(core.sigma2)), np.nan))
    return pd.DataFrame(rows, columns=["group", "term", "variance", "sd", "correlation"])


def _correlation(covariance: FloatArray, a: int, b: int) -> float:
    scale = float(np.sqrt(covariance[a, a] * covariance[b, b]))
    return float(np.clip(covariance[a, b] / scale, -1.0, 1.0)) if scale > 0.0 else np.nan


def covariances(core: MixedFit) -> pd.DataFrame:
    """A row per pair of effects in one term."""
    rows = [
        (c.group, c.names[b], c.names[a], float(c.covariance[a, b]), _correlation(c.covariance, a, b))
        for c in core.components
        for b in range(len(c.names))
        for a in range(b + 1, len(c.names))
    ]
    return pd.DataFrame(rows, columns=["group", "term", "with_term", "covariance", "correlation"])


def variance_intervals(
    core: MixedFit, sample: Sample, conf_level: float, likelihood: Literal["fitted", "reml", "ml"]
) -> pd.DataFrame:
    """Profile intervals, a row per standard deviation and correlation, sigma last."""
    reml = core.reml if likelihood == "fitted" else likelihood == "reml"
    found = profile_intervals(
        core, sample.outcome, sample.columns, sample.terms, sample.weights, _level(conf_level), reml=reml
    )
    return pd.DataFrame(
        [(i.group, i.term, i.parameter, i.estimate, i.low, i.high) for i in found],
        columns=["group", "term", "parameter", "estimate", "conf_low", "conf_high"],
    )


def icc(core: MixedFit, sample: Sample, conf_level: float) -> pd.DataFrame:
    """A row per grouping factor: its share of the total variance."""
    levels = variance_by_level(core, sample.terms, sample.weights)
    shares = levels / levels.sum()
    names = list(dict.fromkeys(term.group for term in sample.terms))
    rows: list[tuple[str, float, float, float, str, float, float]] = []
    for at, name in enumerate(names):
        term = next(t for t in sample.terms if t.group == name)
        counts = np.bincount(term.codes, minlength=term.levels)
        size = float((counts.astype(float) ** 2).sum() / counts.sum())
        if len(sample.terms) == 1 and term.columns is None:
            low, high = ratio_interval(core, _level(conf_level))
            scale = 1.0 if sample.weights is None else float(sample.weights.mean())
            low, high = low * scale / (1.0 + low * scale), high * scale / (1.0 + high * scale)
            method = "profile likelihood"
        else:
            low, high = _logit_interval(shares[at], log_share_error(core, sample.terms, sample.weights, at), conf_level)
            method = "delta on the logit"
        rows.append((name, float(shares[at]), low, high, method, size, 1.0 + (size - 1.0) * float(shares[at])))
    return pd.DataFrame(rows, columns=["group", "icc", "conf_low", "conf_high", "method", "mean_size", "design_effect"])


def _logit_interval(share: float, error: float, conf_level: float) -> tuple[float, float]:
    if share <= 0.0 or not np.isfinite(error):
        return np.nan, np.nan
    centre, reach = np.log(share / (1.0 - share)), quantile(conf_level, np.inf) * error
    return float(1.0 / (1.0 + np.exp(reach - centre))), float(1.0 / (1.0 + np.exp(-reach - centre)))


def r_squared(core: MixedFit, sample: Sample) -> pd.DataFrame:
    """Marginal and conditional R2.

    Notes
    -----
    Nakagawa, Schielzeth (2013), doi:10.1111/j.2041-210x.2012.00261.x, eq. 26 and 30; with random slopes the mean
    variance of Johnson (2014), doi:10.1111/2041-210X.12225, eq. 10.
    """
    levels = variance_by_level(core, sample.terms, sample.weights)
    fixed = float(np.var(core.beta @ sample.columns[list(core.coordinates.kept)], ddof=1))
    total = fixed + float(levels.sum())
    return pd.DataFrame({"marginal": [fixed / total], "conditional": [(total - float(levels[-1])) / total]})


def random_effects(core: MixedFit, sample: Sample) -> pd.DataFrame:
    """A row per group and effect."""
    frames: list[pd.DataFrame] = []
    for term, grouped, effect in zip(sample.terms, sample.grouped, modes(core), strict=True):
        errors = np.sqrt(np.maximum(np.einsum("lqq->lq", effect.covariance), 0.0))
        frames.append(
            pd.DataFrame(
                {
                    "group": term.group,
                    "level": np.repeat(np.array(grouped.levels, dtype=object), term.width),
                    "term": list(term.names) * term.levels,
                    "estimate": effect.mode.ravel(),
                    "std_error": errors.ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def caveats(core: MixedFit, sample: Sample, method: Method) -> pd.DataFrame:
    """What a reader must know about this fit, worst first."""
    rows = [*_warnings(core, sample), *_notes(sample)]
    if not core.reml and method == "kenward-roger":
        message = "Kenward-Roger is defined for REML; here its formulas are used at the ML estimates. "
        rows.append(("ml_kenward_roger", "note", message + "Use reml=True for tests."))
    return pd.DataFrame(rows, columns=["kind", "level", "message"])


def _warnings(core: MixedFit, sample: Sample) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    name, _, levels = coarsest_codes(sample)
    if not core.certificate.converged:
        message = "The search for the variances did not reach a certified optimum; do not report these numbers."
        rows.append(("not_converged", "warning", message))
    if core.singular:
        message = (
            "A variance is estimated as 0 or a correlation as -1 or 1, at the edge of what is possible. The estimate "
            "is valid, but the data cannot tell this variance from none; Kenward-Roger tests stay on the safe side. "
            f"The number of groups alone would give {levels - between_columns(core, sample)} degrees of freedom."
        )
        rows.append(("singular_fit", "warning", message))
    if core.coordinates.dropped:
        dropped = ", ".join(sample.coding.names[i] for i in core.coordinates.dropped)
        message = f"Left out, because the other columns already determine them: {dropped}."
        rows.append(("dropped_columns", "warning", message))
    if levels < FEW_GROUPS:
        message = f"{name} has only {levels} levels: the variance between them is hardly known, and tests lean on it."
        rows.append(("few_groups", "warning", message))
    return rows


def _notes(sample: Sample) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    if sample.missing:
        lost = sample.n_given - sample.outcome.size
        listed = ", ".join(f"{name} ({count})" for name, count in sample.missing.items())
        rows.append(
            ("complete_cases", "note", f"{lost} of {sample.n_given} rows were left out for missing values: {listed}.")
        )
    if sample.weights is not None:
        rows.append(
            (
                "weighted",
                "note",
                "Rows are weighted; sigma belongs to weight 1, shares of variance to weights scaled to a mean of 1.",
            )
        )
    firsts = list({term.group: term for term in sample.terms}.values())
    crossed = [
        (a.group, b.group)
        for i, a in enumerate(firsts)
        for b in firsts[i + 1 :]
        if not is_nested(a.codes, b.codes, a.levels)
    ]
    rows += [
        (
            "crossed",
            "note",
            f"{a} and {b} are crossed: some levels of {a} appear in several levels of {b}. If {a} only repeats labels, "
            f"write (1 | {b}/{a}).",
        )
        for a, b in crossed
    ]
    return rows
