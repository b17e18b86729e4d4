"""Adjusted p-values by hand."""

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from evalkit.errors import FitError
from evalkit.stats.multiplicity import benjamini_hochberg, hochberg, holm

P = [0.04, 0.01, 0.03, 0.5]


def test_by_hand():
    # sorted .01 .03 .04 .5. Holm: .04, .09, max(.09, .08) = .09, .5
    assert holm(P) == pytest.approx([0.09, 0.04, 0.09, 0.5])
    # Hochberg from the top: .5, .08, min(.08, .09) = .08, .04
    assert hochberg(P) == pytest.approx([0.08, 0.04, 0.08, 0.5])
    # BH: .5, .04 * 4/3 = .053333, min(.053333, .06) = .053333, .04
    assert benjamini_hochberg(P) == pytest.approx([0.16 / 3, 0.04, 0.16 / 3, 0.5])


@pytest.mark.parametrize("adjust", [holm, hochberg, benjamini_hochberg])
def test_missing_p_values_stay_missing_and_are_not_counted(adjust):
    found = adjust([0.04, math.nan, 0.01, 0.03, math.nan, 0.5])
    assert [math.isnan(value) for value in found] == [False, True, False, False, True, False]
    assert found[[0, 2, 3, 5]] == pytest.approx(adjust(P))


@pytest.mark.parametrize("adjust", [holm, hochberg, benjamini_hochberg])
def test_edges(adjust):
    assert adjust([0.2]).tolist() == [0.2]
    assert adjust([]).size == 0
    assert math.isnan(adjust([math.nan])[0])
    assert adjust([0, 1]).tolist() == [0, 1]
    with pytest.raises(FitError, match="outside 0 to 1"):
        adjust([0.1, 1.7])


@pytest.mark.parametrize(
    ("adjust", "method"), [(holm, "holm"), (hochberg, "simes-hochberg"), (benjamini_hochberg, "fdr_bh")]
)
def test_equals_statsmodels_with_ties(adjust, method):
    p = np.round(np.random.default_rng(1).random(25) ** 3, 2)
    assert adjust(p) == pytest.approx(multipletests(p, method=method)[1], rel=1e-12)
