"""Sensitivity to something unseen against published tables."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.unseen_confounder import benchmark, e_value, robustness_value, signed_rank_bounds

# Lead in the blood of 33 pairs of children (Morton and others 1982), as printed in Rosenbaum (2002), Observational
# Studies, with the sensitivity table of its section 4.3.
EXPOSED = [
    38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15, 10, 45, 39, 22, 35, 49, 48, 44, 35, 43, 39, 34,
    13, 73, 25, 27,
]  # fmt: skip
CONTROL = [
    16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24, 13, 9, 14, 21, 19, 7, 18, 19, 12, 11, 22, 25,
    16, 13, 11, 13,
]  # fmt: skip


def test_signed_rank_bounds_equal_rosenbaums_table() -> None:
    gaps = np.array(EXPOSED) - np.array(CONTROL)
    found = signed_rank_bounds(gaps, gamma=[1, 2, 3, 4, 4.25, 5], alpha=0.05)
    # Upper bounds as published: <0.0001, 0.0018, 0.0136, 0.0388, 0.0468, 0.0740.
    assert found.p_high[1:].round(4) == pytest.approx([0.0018, 0.0136, 0.0388, 0.0468, 0.0740], abs=5e-5)
    assert found.p_high[0] < 0.0001
    assert found.p_low[0] == found.p_high[0]
    assert 4.3 < found.critical_gamma < 4.4
    assert found.n_pairs == 32
    mirrored = signed_rank_bounds(-gaps, gamma=[2.0], alpha=0.05)
    assert mirrored.critical_gamma == pytest.approx(found.critical_gamma)


def test_nothing_to_explain_away() -> None:
    assert signed_rank_bounds([1.0, -1.0, 2.0, -2.0], gamma=[1.0]).critical_gamma == 1.0
    with pytest.raises(FitError, match="No matched pair differs"):
        signed_rank_bounds([0.0, 0.0])
    with pytest.raises(FitError, match="1 or above"):
        signed_rank_bounds([1.0, 2.0], gamma=[0.5])


def test_robustness_values_equal_sensemakrs_darfur_example() -> None:
    """Published: estimate 0.09731582, standard error 0.02325654, df 783 (Cinelli and Hazlett 2020, Table 1)."""
    found = robustness_value(0.09731582 / 0.02325654, 783)
    assert found.value == pytest.approx(0.138776, abs=1e-6)
    assert found.value_alpha == pytest.approx(0.07625797, abs=1e-7)
    assert found.partial_r2 == pytest.approx(0.02187309, abs=1e-7)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (1, (0.00916428667504862, 0.12464092303637, 0.0752202698486415, 0.0322829603180086, 0.118157579379274)),
        (2, (0.0183285733500972, 0.249324064199975, 0.0529151689180575, 0.0129680276030601, 0.092862310233055)),
        (3, (0.0274928600251459, 0.374050471038094, 0.0303960178770157, -0.00625329133645187, 0.0670453270904833)),
    ],
)
def test_benchmarks_equal_sensemakrs_darfur_example(times: int, expected: tuple[float, ...]) -> None:
    """`female` as the benchmark; its partial R-squares are worked back from the published bounds at k = 1."""
    d = 0.00916428667504862 / (1 + 0.00916428667504862)
    rho2 = d**2 / (1 - d) ** 2
    eta = (1 + rho2**0.5) / (1 - rho2) ** 0.5
    f = 0.12464092303637 / eta**2
    found = benchmark(
        0.09731582, 0.02325654, df=783, r2_covariate_treatment=d, r2_covariate_outcome=f / (1 + f), times=times
    )
    got = (found.r2_treatment, found.r2_outcome, found.estimate, found.conf_low, found.conf_high)
    # sensemakr's limits take the quantile of df, evalkit's that of df - 1, as the adjusted error does: 7e-8 apart.
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_a_clustered_error_needs_less_to_be_explained_away() -> None:
    plain = robustness_value(4.0, 100)
    clustered = robustness_value(4.0, 100, error_ratio=1.5)
    assert clustered.value == plain.value
    assert clustered.value_alpha < plain.value_alpha
    assert robustness_value(1.0, 100).value_alpha == 0


def test_e_values_by_formula() -> None:
    found = e_value(-0.3, low=-0.5, high=-0.1)
    mirrored = e_value(0.3, low=0.1, high=0.5)
    assert found == mirrored
    ratio = np.exp(0.91 * 0.3)
    assert found.value == pytest.approx(ratio + np.sqrt(ratio * (ratio - 1)))
    assert e_value(0.1, low=-0.1, high=0.3).limit == 1.0
