"""Paired change, effect sizes and percentages against R (r/effectsize_paired.R) and pingouin."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.change import percent_change
from evalkit.stats.effect_size import d_av, d_baseline, d_rm, d_z, independent_groups
from evalkit.stats.noncentral_t import noncentrality_limits
from evalkit.stats.paired import paired_change
from tests.oracle.compare import compare

HERE = Path(__file__).parent
ORACLE = json.loads((HERE / "expected/effectsize_paired.json").read_text())
PAIRED = ORACLE["paired"]
ROOT = "R's uniroot and pt(ncp =) together are good to about 1e-7 of the standard deviation"


def scores(name):
    return np.genfromtxt(HERE / "data" / f"{name}.csv", delimiter=",", skip_header=1).T


@pytest.mark.parametrize("name", list(PAIRED))
def test_paired_change_equals_t_test(name):
    pre, post = scores(name)
    compare(paired_change(pre, post), PAIRED[name]["change"])
    compare(paired_change(pre, post, sides=1), {"p_value": PAIRED[name]["p_one_sided"]})


@pytest.mark.parametrize("kind", [d_z, d_av, d_rm])
@pytest.mark.parametrize("name", list(PAIRED))
def test_paired_effect_sizes_and_limits(name, kind):
    found = kind(paired_change(*scores(name)))
    compare({"value": found.value}, {"value": PAIRED[name][kind.__name__]["value"]})
    compare(found, PAIRED[name][kind.__name__], rtol=2e-5, reason=ROOT)


@pytest.mark.parametrize("name", list(PAIRED))
def test_change_over_the_baseline_sd_equals_metafor_and_bonett(name):
    compare(d_baseline(paired_change(*scores(name))), PAIRED[name]["d_baseline"])


@pytest.mark.parametrize("kind", ["points_of_range", "change_of_means", "mean_of_ratios"])
@pytest.mark.parametrize("name", list(PAIRED))
def test_percentages_and_fieller_limits(name, kind):
    pre, post = scores(name)
    found = percent_change(pre, post, minimum=10, maximum=40)
    compare(getattr(found, kind), PAIRED[name][kind])


@pytest.mark.parametrize("case", list(ORACLE["independent"]))
def test_independent_groups_equal_effectsize(case):
    given = ORACLE["independent"][case]
    found = independent_groups(given["x"], given["y"])
    compare(found, given["expected"], rtol=2e-5, reason=ROOT)


@pytest.mark.parametrize("case", ORACLE["noncentrality"], ids=lambda case: f"t={case['t']} df={case['df']}")
def test_noncentrality_limits_equal_r(case):
    low, high = noncentrality_limits(case["t"], case["df"])
    compare({"low": low, "high": high}, {"low": case["low"], "high": case["high"]})


def test_pooled_and_average_values_equal_pingouin():
    given = ORACLE["independent"]["balanced"]
    pre, post = scores("paired_fifty_six")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

        pooled = pingouin.compute_effsize(given["x"], given["y"], eftype="cohen")
        average = pingouin.compute_effsize(post, pre, paired=True, eftype="cohen")
    effect = independent_groups(given["x"], given["y"]).effect
    compare({"d": effect.value / effect.correction}, {"d": pooled})
    # pingouin's paired "cohen" is d_av on the root mean square standard deviation, without Hedges' factor.
    found = d_av(paired_change(pre, post))
    compare({"d": found.value / found.correction}, {"d": average})
