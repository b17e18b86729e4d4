"""Rubin's rules by hand, at their edges, and refused."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.pooling import pool_estimates, pool_wald


def test_by_hand():
    found = pool_estimates([1.0, 2.0, 3.0], [1.0, 1.0, 2.0], df_complete=50)
    within, between = 2.0, 1.0
    total = within + 4 / 3 * between
    share = 4 / 3 / total
    old, observed = 2 / share**2, 51 / 53 * 50 * (1 - share)
    assert found.estimates[0] == 2
    assert found.std_errors[0] == pytest.approx(np.sqrt(total))
    assert found.df[0] == pytest.approx(old * observed / (old + observed))
    assert found.relative_increase[0] == pytest.approx(2 / 3)


def test_equal_imputations_keep_nearly_the_complete_df():
    found = pool_estimates([1.0, 1.0], [0.5, 0.5], df_complete=20)
    assert found.df[0] == pytest.approx(20 * 21 / 23)
    assert found.std_errors[0] == 0.5
    assert np.isinf(pool_estimates([1.0, 1.0], [0.5, 0.5], df_complete=np.inf).df[0])


def test_df_never_exceed_those_without_gaps():
    rng = np.random.default_rng(2)
    found = pool_estimates(rng.normal(size=(20, 50)), rng.uniform(0.1, 2, (20, 50)), df_complete=12.5)
    assert (found.df < 12.5).all()
    assert (found.fraction_missing > 0).all()
    assert (found.fraction_missing < 1).all()


def test_a_table_of_df_is_averaged():
    q, u = np.array([[1.0, 5.0], [2.0, 4.0]]), np.ones((2, 2))
    table = pool_estimates(q, u, df_complete=[[10.0, 30.0], [20.0, 30.0]])
    assert table.df == pytest.approx(pool_estimates(q, u, df_complete=[15.0, 30.0]).df)
    alone = pool_estimates(q[:, 0], u[:, 0], df_complete=[10.0, 20.0])
    assert alone.df == pytest.approx(table.df[:1])


def test_joint_test_of_one_quantity_is_the_square_of_its_t():
    q, u = np.array([0.4, 0.7, 0.5, 0.6]), np.array([0.3, 0.25, 0.3, 0.35])
    one = pool_estimates(q, u, df_complete=np.inf)
    joint = pool_wald(q, (u**2)[:, None, None])
    assert joint.f_value == pytest.approx(one.t_values[0] ** 2)
    assert joint.relative_increase == pytest.approx(one.relative_increase[0])


def test_joint_test_does_not_depend_on_the_units():
    rng = np.random.default_rng(4)
    q = rng.normal(size=(6, 3))
    v = np.stack([np.cov(rng.normal(size=(3, 30))) for _ in range(6)])
    change = np.array([[2.0, 1, 0], [0, -3, 1], [1, 0, 0.1]])
    one, other = pool_wald(q, v, df_complete=40), pool_wald(q @ change.T, change @ v @ change.T, df_complete=40)
    assert other.f_value == pytest.approx(one.f_value)
    assert other.df_denominator == pytest.approx(one.df_denominator)


def test_refusals():
    with pytest.raises(FitError, match="at least two imputations"):
        pool_estimates([1.0], [1.0], df_complete=5)
    with pytest.raises(FitError, match="left out silently"):
        pool_estimates([1.0, np.nan], [1.0, 1.0], df_complete=5)
    with pytest.raises(FitError, match="1 standard errors"):
        pool_estimates([1.0, 2.0], [1.0, 0.0], df_complete=5)
    with pytest.raises(FitError, match="above 0"):
        pool_estimates([1.0, 2.0], [1.0, 1.0], df_complete=0)
    with pytest.raises(FitError, match=r"shape \(3,\)"):
        pool_estimates([1.0, 2.0], [1.0, 1.0], df_complete=[1, 2, 3])
    with pytest.raises(FitError, match="Covariances have shape"):
        pool_wald(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(FitError, match="depend on one another"):
        pool_wald(np.ones((3, 2)), np.ones((3, 2, 2)))
