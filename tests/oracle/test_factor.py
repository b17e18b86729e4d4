"""Factor models against lavaan (r/lavaan_factor.R, r/lavaan_invariance.R)."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.factor.difference import difference, ordinal_difference
from evalkit.stats.factor.fit import fit_normal
from evalkit.stats.factor.models import correlated_factors, ordinal_factors
from evalkit.stats.factor.occasions import ORDINAL_STEPS, STEPS, Occasions, structure_of
from evalkit.stats.factor.ordinal import fit_ordinal_factors, take_ordinal_sample
from evalkit.stats.factor.sample import take_sample
from evalkit.stats.factor.standardised import standardise
from tests.oracle.compare import compare

HERE = Path(__file__).parent
LAVAAN = json.loads((HERE / "expected/lavaan_factor.json").read_text())["cases"]
INVARIANCE = json.loads((HERE / "expected/lavaan_invariance.json").read_text())["cases"]
OPTIMISER = "lavaan's optimiser stops at a gradient of about 1e-6, so its numbers are good to about 1e-5"
LIMITS = "lavaan finds the limits of RMSEA by a root search good to about 1e-4 of the noncentrality"
TABLE = np.genfromtxt(HERE / "data/factor_three.csv", delimiter=",", skip_header=1)
SCHOOL, GROUP, ITEMS = TABLE[:, 0].astype(int), TABLE[:, 1], TABLE[:, 2:]
COMPLETE = ~np.isnan(ITEMS).any(axis=1)
THREE = np.arange(12)[:, np.newaxis] // 4 == np.arange(3)
GENERAL = np.column_stack([np.ones(12, dtype=bool), THREE])
MERGED = np.where(ITEMS <= 2, 1, np.where(ITEMS == 3, 2, np.where(np.isnan(ITEMS), np.nan, 3)))


def continuous(rows, pattern=THREE, *, clusters=None, robust=False, **options):
    sample = take_sample([rows], clusters=None if clusters is None else [clusters])
    means = clusters is not None or not sample.is_complete
    return fit_normal(correlated_factors(pattern, means=means, **options), sample, robust=robust)


def ordinal(rows, pattern=THREE):
    sample = take_ordinal_sample([rows])
    return fit_ordinal_factors(ordinal_factors(pattern, sample.item_of), sample)


CASES = {
    "ml": lambda: continuous(ITEMS[COMPLETE]),
    "mlr": lambda: continuous(ITEMS[COMPLETE], robust=True),
    "schools": lambda: continuous(ITEMS[COMPLETE], clusters=SCHOOL[COMPLETE]),
    "gaps": lambda: continuous(ITEMS),
    "gaps_mlr": lambda: continuous(ITEMS, robust=True),
    "gaps_schools": lambda: continuous(ITEMS, clusters=SCHOOL),
    "one": lambda: continuous(ITEMS[COMPLETE][:, :4], np.ones((4, 1), dtype=bool)),
    "general": lambda: continuous(ITEMS[COMPLETE], GENERAL, correlated=False),
    "first_loading": lambda: continuous(ITEMS[COMPLETE], scaling="first loading"),
    "ordinal": lambda: ordinal(ITEMS[COMPLETE]),
    "ordinal_one": lambda: ordinal(ITEMS[COMPLETE][:, :4], np.ones((4, 1), dtype=bool)),
    "ordinal_merged": lambda: ordinal(MERGED[COMPLETE]),
}


def by_factor(matrix, pattern):
    """The loadings that are there, factor by factor, as lavaan lists them."""
    return [matrix[item, factor] for factor in range(pattern.shape[1]) for item in np.flatnonzero(pattern[:, factor])]


def hold(found, expected, *, keys=None):
    """Compare a row of fit indices; the limits of RMSEA apart."""
    sharp = {key: value for key, value in expected.items() if "_low" not in key and "_high" not in key}
    compare(found, sharp, rtol=2e-5, atol=2e-6, reason=OPTIMISER)
    blunt = {key: value for key, value in expected.items() if key not in sharp}
    if blunt:
        compare(found, blunt, rtol=1e-3, atol=1e-4, reason=LIMITS)


@pytest.mark.parametrize("name", list(CASES))
def test_fit_loadings_and_standard_errors_equal_lavaan(name):
    fit, expected = CASES[name](), LAVAAN[name]
    pattern = fit.matrices.loading[0] != 0
    places = {parameter: place for place, parameter in enumerate(fit.structure.names)}
    errors = np.sqrt(np.diag(fit.covariance))
    standard = standardise(fit)
    sign = np.sign(by_factor(standard.loading, pattern)) * np.sign(by_factor(fit.matrices.loading[0], pattern))
    loading = {
        "loading": np.array(by_factor(fit.matrices.loading[0], pattern)) * sign,
        "loading_se": [
            errors[places[f"loading {item} {factor}"]] if f"loading {item} {factor}" in places else 0.0
            for factor in range(pattern.shape[1])
            for item in np.flatnonzero(pattern[:, factor])
        ],
        "standardised": by_factor(standard.loading, pattern),
        "standardised_se": by_factor(standard.loading_error, pattern),
    }
    compare(loading, {key: expected[key] for key in loading}, rtol=1e-4, atol=2e-5, reason=OPTIMISER)
    hold(fit.goodness[0], expected["standard"])
    for one in fit.goodness[1:]:
        hold(one, expected[one.variant])
    if "n" in expected:
        compare(
            {"n": fit.n[0], "srmr": fit.srmr, "baseline": fit.baseline.plain, "correlation": standard.correlation},
            {key: expected[key] for key in ("n", "srmr", "baseline", "correlation")},
            rtol=2e-5,
            atol=2e-6,
            reason=OPTIMISER,
        )
        present = [key for key in ("standard", "scaled", "robust") if expected[key] is not None]
        assert [one.variant for one in fit.goodness] == present
    if expected.get("scale") is not None:
        compare(fit.scaled_test.scale, expected["scale"], rtol=2e-5, reason=OPTIMISER)


WAVES = np.genfromtxt(HERE / "data/factor_waves.csv", delimiter=",", skip_header=1)
BOTH = WAVES[:, 2:]
ALL = ~np.isnan(BOTH).any(axis=1)
ONE = np.ones((6, 1), dtype=bool)
GROUPS = [ITEMS[one == GROUP] for one in (0, 1)]


def no_gaps(blocks):
    return [rows[~np.isnan(rows).any(axis=1)] for rows in blocks]


LADDERS = {
    "groups": ("groups", THREE, lambda: (no_gaps([ITEMS[COMPLETE & (one == GROUP)] for one in (0, 1)]), None), False),
    "groups_mlr": ("groups", THREE, lambda: (no_gaps(GROUPS), None), True),
    "groups_gaps": ("groups", THREE, lambda: (GROUPS, None), False),
    "waves": ("waves", ONE, lambda: ([BOTH[ALL]], None), False),
    "waves_schools": ("waves", ONE, lambda: ([BOTH[ALL]], [WAVES[ALL, 0].astype(int)]), True),
    "waves_gaps": ("waves", ONE, lambda: ([BOTH], None), False),
}


@pytest.mark.parametrize("name", list(LADDERS))
def test_invariance_of_continuous_answers_equals_lavaan(name):
    kind, pattern, take, robust = LADDERS[name]
    blocks, clusters = take()
    sample, expected = take_sample(blocks, clusters=clusters), INVARIANCE[name]
    fits = [fit_normal(structure_of(Occasions(kind, 2, pattern), step), sample, robust=robust) for step in STEPS]
    for step, fit in zip(STEPS, fits, strict=True):
        hold(fit.goodness[0], expected["fits"][step]["standard"])
        compare(fit.srmr, expected["fits"][step]["srmr"], rtol=2e-5, reason=OPTIMISER)
        if robust:
            hold(fit.goodness[1], expected["fits"][step]["scaled"])
    hold_differences([difference(free, bound) for free, bound in itertools.pairwise(fits)], expected)


@pytest.mark.parametrize(
    ("name", "kind", "pattern", "blocks", "steps"),
    [
        ("waves_ordinal", "waves", ONE, [np.maximum(BOTH[ALL], 2) - 1], ORDINAL_STEPS),
        ("groups_ordinal", "groups", ONE[:4], [rows[:, :4] for rows in no_gaps(GROUPS)], ORDINAL_STEPS),
        ("waves_two_answers", "waves", ONE, [np.where(BOTH[ALL] >= 4, 2, 1)], ("configural", "scalar")),
    ],
)
def test_invariance_of_ordinal_answers_equals_lavaan(name, kind, pattern, blocks, steps):
    sample, expected = take_ordinal_sample(blocks), INVARIANCE[name]
    occasions = Occasions(kind, 2, pattern, sample.item_of[sample.item_of < len(pattern)])
    fits = [fit_ordinal_factors(structure_of(occasions, step), sample) for step in steps]
    for step, fit in zip(steps, fits, strict=True):
        hold(fit.goodness[0], expected["fits"][step]["standard"])
        hold(fit.goodness[1], expected["fits"][step]["scaled"])
        compare(fit.srmr, expected["fits"][step]["srmr"], rtol=2e-5, reason=OPTIMISER)
    hold_differences([ordinal_difference(*pair, sample) for pair in itertools.pairwise(fits)], expected)


def hold_differences(found, expected):
    columns = {key: [getattr(one, key) for one in found] for key in ("statistic", "df", "p_value")}
    wanted = {key: expected[key] if isinstance(expected[key], list) else [expected[key]] for key in columns}
    compare(columns, wanted, rtol=1e-4, atol=2e-5, reason=OPTIMISER)
