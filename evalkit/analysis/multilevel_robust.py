"""Cluster-robust standard errors of a multilevel fit, and a treatment's effect by every way of testing it."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.multilevel_tables import between_columns, coarsest_codes
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.inference import infer, quantile, single_tests, two_sided
from evalkit.stats.mixed.layout import is_nested
from evalkit.stats.robust import Kind, cluster_robust
from evalkit.stats.robust_blocks import RandomTerm, WorkingCovariance
from evalkit.stats.robust_inference import coefficient_tests

COLUMNS = ("term", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")


def robust(core: MixedFit, sample: Sample, names: Sequence[str], *, kind: Kind, conf_level: float) -> pd.DataFrame:
    """The fit's own estimates with cluster-robust standard errors, clustered by the widest grouping.

    Raises
    ------
    FitError
        The groupings are crossed, so that there is no widest one.
    """
    if not 0.0 < conf_level < 1.0:
        raise FitError(f"conf_level={conf_level} is outside 0 to 1. Use 0.95 for a 95% interval.")
    design = sample.columns[list(core.coordinates.kept)].T
    terms = tuple(
        RandomTerm(term.codes, term.rows().T, component.covariance)
        for term, component in zip(sample.terms, core.components, strict=True)
    )
    found = cluster_robust(
        design,
        sample.outcome - design @ core.beta,
        clusters=widest(sample),
        kind=kind,
        weights=sample.weights,
        working=WorkingCovariance(core.sigma2, terms),
    )
    tests = coefficient_tests(core.beta, found, level=conf_level)
    values = (
        list(names), tests.estimates, tests.std_errors, tests.df, tests.t_values, tests.p_values, tests.conf_low,
        tests.conf_high,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True))).assign(visible_share=tests.visible_share)


def widest(sample: Sample) -> np.ndarray:
    """The codes of the grouping within which all others are nested."""
    _, codes, _ = coarsest_codes(sample)
    if not all(is_nested(term.codes, codes, term.levels) for term in sample.terms):
        raise FitError(
            "The groupings are crossed, so no cluster holds all rows that hang together. Cluster-robust standard "
            "errors need nested groupings, such as (1 | school/class)."
        )
    return codes


def treatment_effect(
    core: MixedFit, sample: Sample, names: Sequence[str], treatment: str, *, conf_level: float
) -> pd.DataFrame:
    """One effect by Kenward-Roger, Satterthwaite, CR2 and t on the degrees of freedom between clusters.

    Raises
    ------
    FitError
        There is no such coefficient, or `conf_level` is outside 0 to 1.
    """
    places = [at for at, i in enumerate(core.coordinates.kept) if treatment in _names_of(sample, i)]
    if not places:
        usable = [name for name in names if name != "Intercept"]
        raise FitError(f"'{treatment}' is no treatment in this model. Use one of: {', '.join(usable)}.")
    rows: list[dict[str, object]] = []
    cr2 = None if _is_crossed(sample) else robust(core, sample, names, kind="CR2", conf_level=conf_level)
    between = coarsest_codes(sample)[2] - between_columns(core, sample)
    for at in places:
        weights = np.eye(len(names))[at]
        for method in ("kenward-roger", "satterthwaite"):
            test = single_tests(infer(core, method=method), weights)[0]
            rows.append(_row(names[at], method, test.estimate, test.std_error, test.df, conf_level))
        plain = single_tests(infer(core, method="normal"), weights)[0]
        if cr2 is not None:
            rows.append({"method": "CR2", **{column: cr2[column].iloc[at] for column in COLUMNS}})
        rows.append(_row(names[at], "between_clusters", plain.estimate, plain.std_error, float(between), conf_level))
    return pd.DataFrame(rows)[["term", "method", *COLUMNS[1:]]]


def _names_of(sample: Sample, column: int) -> tuple[str, str]:
    return sample.coding.names[column], sample.coding.terms[column]


def _is_crossed(sample: Sample) -> bool:
    try:
        widest(sample)
    except FitError:
        return True
    return False


def _row(term: str, method: str, estimate: float, error: float, df: float, conf_level: float) -> dict[str, object]:
    usable = df > 0
    reach = quantile(conf_level, df) * error if usable else math.nan
    statistic = estimate / error if error > 0 else math.nan
    p_value = two_sided(statistic, df) if usable else math.nan
    values = (term, estimate, error, df, statistic, p_value, estimate - reach, estimate + reach)
    return {"method": method, **dict(zip(COLUMNS, values, strict=True))}
