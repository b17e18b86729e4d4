"""Suppression by hand, and what it refuses."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.disclosure import (
    mean_is_safe,
    proportion_is_safe,
    rounded_counts,
    suppress_groups,
    suppress_table,
)
from evalkit.stats.disclosure_tables import suppress_hierarchy, suppress_later, suppress_subgroup, suppress_sums


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


def test_rounding_goes_to_the_nearest_and_halves_up():
    assert rounded_counts([0, 2, 3, 7, 8], 5).tolist() == [0, 0, 5, 5, 10]
    assert rounded_counts([5, 14, 15], 10).tolist() == [10, 10, 20]
    assert rounded_counts([7], 1).tolist() == [7]


def test_a_share_may_need_a_larger_base():
    assert proportion_is_safe(10, 22, 5)
    assert not proportion_is_safe(10, 22, 5, base=22.5)
    assert proportion_is_safe(10, 23, 5, base=22.5)


def test_a_row_of_one_answer_tells_about_everybody_in_it():
    found = suppress_table([[12, 0], [12, 15], [20, 30]], threshold=5, unanimous=True)
    assert found.cells[0].all()
    assert not suppress_table([[12], [15]], threshold=5, unanimous=True).cells.any()  # one column: nothing to tell


def test_totals_that_are_known_elsewhere_are_never_hidden():
    found = suppress_table([[45, 3, 4]], threshold=10, zeros=True, totals_fixed=True)
    assert not found.row_totals.any()
    assert found.cells.all()  # 3 and 4 together are 7: the 45 goes as well
    with pytest.raises(FitError, match="gives a small group away"):
        suppress_table([[1, 1]], threshold=10, totals_fixed=True)


def test_a_hidden_rest_must_not_be_few_pupils_together():
    assert suppress_table([[45, 3, 4]], threshold=5).cells.tolist() == [[False, True, True]]
    assert suppress_table([[45, 3, 4]], threshold=10, totals_fixed=True).cells.all()


def test_schools_left_out_of_a_chart():
    assert suppress_groups([40, 6, 25, 31], threshold=10).tolist() == [False, True, True, False]
    assert suppress_groups([40, 6, 5, 31], threshold=10).tolist() == [False, True, True, False]
    assert suppress_groups([40, 3, 5, 31], threshold=10).tolist() == [False, True, True, True]
    assert suppress_groups([40, 30, 0], threshold=10).tolist() == [False, False, False]
    assert suppress_groups([6], threshold=10).tolist() == [True]
    assert suppress_groups([40, 30, 0], threshold=10, zeros=True).tolist() == [False, True, True]


def test_a_school_that_is_hidden_takes_another_of_its_hub_along():
    counts = [[20, 4], [15, 15], [30, 12], [25, 26]]
    schools, hubs, programme = suppress_hierarchy(counts, [[0, 0, 1, 1]], threshold=10)
    assert schools.astype(int).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert not hubs.any()
    assert programme.shape == (1, 3)


def test_a_hub_of_one_small_school_is_hidden_with_another_hub():
    schools, hubs, programme = suppress_hierarchy([[6], [15], [30]], [[0, 1, 1]], threshold=10)
    assert schools[0].all()
    assert hubs[0].all()
    assert hubs.all() or programme.all()


def test_a_subgroup_that_is_nearly_everybody():
    part, whole = suppress_subgroup([[15, 10]], [[17, 13]], threshold=10)
    # rests of 2 and 3, together 5: where the part is printed the whole is not
    assert (part | whole).all()
    part, whole = suppress_subgroup([[15, 20]], [[40, 50]], threshold=10)
    assert not part.any()
    assert not whole.any()


def test_two_who_joined_do_not_show():
    kept = np.zeros((2, 3), dtype=bool)
    now = suppress_later([[20, 23]], [[20, 25]], before_hidden=kept, threshold=10)
    assert now[:, 1].all()
    assert now[:, 2].all()
    assert not suppress_later([[20, 23]], [[20, 23]], before_hidden=kept, threshold=10).any()
    assert suppress_later([[20, 23]], [[20, 21]], before_hidden=kept, threshold=10)[0, 1]  # two who left
    with pytest.raises(FitError, match="published before"):
        suppress_later([[3, 23]], [[20, 23]], before_hidden=kept, threshold=10)


def test_linked_tables_refuse_what_does_not_fit_together():
    with pytest.raises(FitError, match="needs counts and 2 lists"):
        suppress_sums([[1, 2]], [[[0]]], threshold=10)
    with pytest.raises(FitError, match="rows and columns"):
        suppress_hierarchy([1, 2], threshold=10)
    with pytest.raises(FitError, match="each group a school"):
        suppress_hierarchy([[1], [2]], [[0, 2]], threshold=10)
    with pytest.raises(FitError, match="no count above"):
        suppress_subgroup([[5]], [[4]], threshold=10)
    with pytest.raises(FitError, match="same shape"):
        suppress_later([[5]], [[4, 5]], before_hidden=[[0]], threshold=10)
    with pytest.raises(FitError, match="row and a column for the totals"):
        suppress_later([[5]], [[4]], before_hidden=[[0]], threshold=10)
