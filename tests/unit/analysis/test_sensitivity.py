"""Wilcoxon and the Bayes factor at their edges; pingouin is imported in one module and only when used."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import evalkit
from evalkit.analysis.sensitivity import paired_bayes_factor, signed_rank
from evalkit.errors import FitError


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_direction_of_the_rank_biserial_is_that_of_the_change(alternative):
    pre, post = np.arange(12.0), np.arange(12.0) + np.linspace(-1, 3, 12)
    found = signed_rank(pre, post, alternative=alternative)
    assert found.p_value == pytest.approx(stats.wilcoxon(post - pre, alternative=alternative, correction=True).pvalue)
    assert found.rank_biserial > 0
    assert signed_rank(post, pre, alternative=alternative).rank_biserial == pytest.approx(-found.rank_biserial)


def test_equal_changes_get_equal_ranks_in_spite_of_binary_fractions():
    pre = np.array([40, 47, 33, 51]) / 9
    post = np.array([41, 48, 34, 49]) / 9
    # Three rises of one ninth share the ranks 1 to 3; the fall of two ninths has rank 4.
    assert signed_rank(pre, post).rank_biserial == pytest.approx((6 - 4) / 10)


def test_nobody_changed():
    with pytest.raises(FitError, match="nothing to rank"):
        signed_rank([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])


def test_bayes_factor_of_a_published_example():
    # pingouin's own documented value of a paired test: t = 3.5, 20 pairs.
    assert paired_bayes_factor(3.5, 20, prior_scale=0.707) == pytest.approx(17.185, abs=5e-4)


def test_bayes_factor_too_large():
    with pytest.raises(FitError, match="too large"):
        paired_bayes_factor(1e30, 2000, prior_scale=0.707)


def test_only_one_module_imports_pingouin():
    package = Path(evalkit.__file__).parent
    users = [path.name for path in package.rglob("*.py") if "import pingouin" in path.read_text(encoding="utf-8")]
    assert users == ["sensitivity.py"]


def test_pingouin_is_imported_only_when_used():
    code = "import sys, evalkit.analysis.analyse; sys.exit('pingouin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
