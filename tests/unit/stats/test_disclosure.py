"""Suppression by hand, and what it refuses."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.disclosure import mean_is_safe, proportion_is_safe, suppress_table


def test_one_small_cell_takes_the_cheapest_rectangle():
    # 3 needs a partner in its row and its column, and the corner that closes the rectangle: 20 + 15 + 25 = 60 pupils
    # with the middle row and column; with the last row or column it would be more.
    found = suppress_table([[3, 20, 30], [25, 15, 40], [30, 30, 30]], threshold=10)
    assert found.cells.astype(int).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert not found.row_totals.any()
    assert not found.column_totals.any()
    assert not found.grand_total


def test_nothing_small_hides_nothing():
    found = suppress_table([[10, 0], [12, 15]], threshold=10)
    assert not found.cells.any()
    assert not found.row_totals.any()
    assert not found.column_totals.any()


def test_zeros_are_hidden_on_request():
    assert suppress_table([[10, 0], [12, 15]], threshold=10, zeros=True).cells.all()


def test_unpublished_totals_need_no_partner():
    found = suppress_table([[3, 20], [25, 15]], threshold=10, totals_published=False)
    assert found.cells.astype(int).tolist() == [[1, 0], [0, 0]]
    assert found.row_totals.all()
    assert found.column_totals.all()
    assert found.grand_total


def test_small_totals_are_hidden_too():
    found = suppress_table([[2, 3], [30, 40]], threshold=10)
    assert found.row_totals.tolist()[0]
    assert found.cells[0].all()


def test_one_row_with_its_total_loses_two_counts():
    found = suppress_table([[4, 20, 32]], threshold=10)
    assert found.cells.tolist() == [[True, True, False]]
    assert found.column_totals.tolist() == [True, True, False]
    assert not found.grand_total


def test_partners_that_would_leave_a_narrow_range_are_not_enough():
    # 1 and 1 in one row: their sum 2 would be known, and with it both.
    found = suppress_table([[1, 1, 30], [20, 20, 30], [20, 20, 30]], threshold=10)
    assert found.cells[0].all()


@pytest.mark.parametrize(
    ("numerator", "denominator", "safe"),
    [(10, 20, True), (9, 20, False), (11, 20, False), (0, 50, False), (50, 50, False), (4, 8, False), (0, 0, False)],
)
def test_proportion_needs_all_three(numerator, denominator, safe):
    assert proportion_is_safe(numerator, denominator, 10) is safe


def test_mean_needs_its_pupils():
    assert mean_is_safe(10, 10)
    assert not mean_is_safe(9, 10)


def test_refuses_with_a_sentence():
    for counts in ([[-1, 2]], [[1.5, 2]]):
        with pytest.raises(FitError, match="whole numbers"):
            suppress_table(counts, threshold=10)
    with pytest.raises(FitError, match="rows and columns"):
        suppress_table([1, 2], threshold=10)
    with pytest.raises(FitError, match="rows and columns"):
        suppress_table(np.empty((0, 3)), threshold=10)
    with pytest.raises(FitError, match="must be at least 1"):
        mean_is_safe(5, 0)
    with pytest.raises(FitError, match="is not a share"):
        proportion_is_safe(6, 5, 10)
