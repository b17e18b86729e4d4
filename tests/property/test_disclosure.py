"""The attacker: whoever adds, subtracts and reasons with whole numbers must not get a hidden count to within 2.

The attacker is written from the reader's side, with the single counts as unknowns and every printed number as an
equation, and shares nothing with the code that hides.
"""

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import Bounds, LinearConstraint, milp

from evalkit.stats.disclosure import rounded_counts, suppress_groups, suppress_table
from evalkit.stats.disclosure_tables import suppress_hierarchy, suppress_later, suppress_subgroup, suppress_sums

THRESHOLDS = st.sampled_from([5, 10])
ATTACKS = settings(max_examples=30, deadline=None)


def tables(rows=(1, 4), columns=(1, 4), most=35):
    return st.tuples(st.integers(*rows), st.integers(*columns)).flatmap(
        lambda shape: arrays.arrays(np.int64, shape, elements=st.one_of(st.integers(0, 12), st.integers(0, most)))
    )


class Reader:
    """What a reader knows about the single counts."""

    def __init__(self, truth):
        self.truth = np.asarray(truth)
        self.low = np.zeros(self.truth.size)
        self.lines, self.least, self.most = [], [], []

    def vector(self, places):
        line = np.zeros(self.truth.shape)
        for place in places:
            line[place] += 1
        return line.ravel()

    def reads(self, line, low, high=None):
        self.lines.append(line)
        self.least.append(low)
        self.most.append(low if high is None else high)

    def range(self, line):
        """The smallest and the largest whole number that fits everything read."""
        known = LinearConstraint(np.array(self.lines), self.least, self.most) if self.lines else ()
        ends = []
        for sign in (1, -1):
            found = milp(
                sign * line, constraints=known, bounds=Bounds(self.low, 1000), integrality=np.ones(self.truth.size)
            )
            assert found.status in (0, 3), found.message
            ends.append(sign * found.fun if found.status == 0 else -sign * math.inf)
        return ends


def sees(reader, places, value, hidden, *, zeros, secrets, round_to=1, threshold=0):
    """One number of a publication: printed, or hidden and then a secret to be kept."""
    line = reader.vector(places)
    if hidden:
        secrets.append(line)
        if value and not zeros:
            reader.reads(line, 1, np.inf)
    elif round_to > 1:
        printed = float(rounded_counts(value, round_to))
        reader.reads(line, max(printed - round_to // 2, threshold), printed + (round_to - 1) // 2)
    else:
        reader.reads(line, value)


def with_totals(table):
    rows, columns = table.shape
    for row in range(rows + 1):
        for column in range(columns + 1):
            chosen_rows = range(rows) if row == rows else [row]
            chosen_columns = range(columns) if column == columns else [column]
            places = [(one, other) for one in chosen_rows for other in chosen_columns]
            yield row, column, places, int(sum(table[place] for place in places))


def is_small(value, threshold, zeros):
    return value < threshold and (value > 0 or zeros)


def all_kept(reader, secrets):
    for line in secrets:
        low, high = reader.range(line)
        assert high - low > 2, (low, high)


@ATTACKS
@given(tables(), THRESHOLDS, st.booleans(), st.booleans())
@example(np.array([[1, 2, 3], [2, 0, 6]]), 5, False, False)  # a partner alone would leave 1 to 3
def test_a_table_with_its_totals(table, threshold, zeros, unanimous):
    mask = suppress_table(table, threshold=threshold, zeros=zeros, unanimous=unanimous)
    hidden = np.block(
        [[mask.cells, mask.row_totals[:, None]], [mask.column_totals[None, :], np.array([[mask.grand_total]])]]
    )
    reader, secrets = Reader(table), []
    for row, column, places, value in with_totals(table):
        assert hidden[row, column] or not is_small(value, threshold, zeros)
        sees(reader, places, value, hidden[row, column], zeros=zeros, secrets=secrets)
    all_kept(reader, secrets)
    if unanimous and table.shape[1] > 1:
        for row in np.flatnonzero((table > 0).sum(axis=1) == 1):
            assert mask.cells[row].all()


@ATTACKS
@given(tables(rows=(2, 4), columns=(2, 4)), THRESHOLDS)
def test_hidden_counts_of_a_line_are_not_few_together(table, threshold):
    mask = suppress_table(table, threshold=threshold, zeros=True)
    for cells, hidden, total in [
        *zip(table, mask.cells, mask.row_totals, strict=True),
        *zip(table.T, mask.cells.T, mask.column_totals, strict=True),
    ]:
        if not total and hidden.any():
            assert cells[hidden].sum() >= threshold


@ATTACKS
@given(tables(), st.sampled_from([5, 10]))
def test_a_rounded_table(table, round_to):
    mask = suppress_table(table, threshold=5, zeros=True, round_to=round_to)
    hidden = np.block(
        [[mask.cells, mask.row_totals[:, None]], [mask.column_totals[None, :], np.array([[mask.grand_total]])]]
    )
    reader, secrets = Reader(table), []
    for row, column, places, value in with_totals(table):
        sees(
            reader, places, value, hidden[row, column], zeros=True, secrets=secrets, round_to=round_to, threshold=5
        )  # fmt: skip
    all_kept(reader, secrets)


@ATTACKS
@given(tables(rows=(2, 6), columns=(1, 3)), THRESHOLDS, st.booleans(), st.data())
def test_schools_hubs_and_programme(table, threshold, zeros, data):
    hubs = np.unique(
        data.draw(st.lists(st.integers(0, 2), min_size=len(table), max_size=len(table))), return_inverse=True
    )[1]
    levels = suppress_hierarchy(table, [hubs], threshold=threshold, zeros=zeros)
    groups = [*([one] for one in range(len(table))), *(np.flatnonzero(hubs == hub) for hub in range(hubs.max() + 1))]
    groups.append(range(len(table)))
    reader, secrets = Reader(table), []
    for rows, hidden in zip(groups, np.vstack(levels), strict=True):
        for column in range(table.shape[1] + 1):
            chosen = range(table.shape[1]) if column == table.shape[1] else [column]
            places = [(row, one) for row in rows for one in chosen]
            value = int(sum(table[place] for place in places))
            assert hidden[column] or not is_small(value, threshold, zeros)
            sees(reader, places, value, hidden[column], zeros=zeros, secrets=secrets)
    all_kept(reader, secrets)


@ATTACKS
@given(tables(rows=(1, 3), columns=(1, 3)), THRESHOLDS, st.booleans(), st.data())
def test_a_subgroup_beside_everybody(everybody, threshold, zeros, data):
    share = data.draw(arrays.arrays(np.float64, everybody.shape, elements=st.floats(0, 1)))
    subgroup = np.rint(everybody * share).astype(np.int64)
    part, whole = suppress_subgroup(subgroup, everybody, threshold=threshold, zeros=zeros)
    # unknown to the reader: the subgroup's counts and those of the rest
    reader, secrets = Reader(np.stack([subgroup, everybody - subgroup])), []
    for row, column, places, _ in with_totals(everybody):
        for hidden, who in ((part, [0]), (whole, [0, 1])):
            chosen = [(one, *place) for one in who for place in places]
            value = int(sum(reader.truth[place] for place in chosen))
            assert hidden[row, column] or not is_small(value, threshold, zeros)
            sees(reader, chosen, value, hidden[row, column], zeros=zeros, secrets=secrets)
        rest = [(1, *place) for place in places]
        if is_small(int(sum(reader.truth[place] for place in rest)), threshold, zeros):
            secrets.append(reader.vector(rest))
    all_kept(reader, secrets)


@ATTACKS
@given(tables(rows=(1, 3), columns=(1, 3)), THRESHOLDS, st.data())
def test_this_term_beside_last_term(before, threshold, data):
    change = data.draw(arrays.arrays(np.int64, before.shape, elements=st.integers(-6, 6)))
    now = np.maximum(before + change, 0)
    mask = suppress_table(before, threshold=threshold, zeros=True)
    kept = np.block(
        [[mask.cells, mask.row_totals[:, None]], [mask.column_totals[None, :], np.array([[mask.grand_total]])]]
    )
    hidden = suppress_later(before, now, before_hidden=kept, threshold=threshold, zeros=True)
    reader, secrets = Reader(np.stack([before, now])), []
    gaps = []
    for row, column, places, _ in with_totals(before):
        values = []
        for when, mine in ((0, kept), (1, hidden)):
            chosen = [(when, *place) for place in places]
            values.append(int(sum(reader.truth[place] for place in chosen)))
            sees(reader, chosen, values[-1], mine[row, column], zeros=True, secrets=secrets)
        if 0 < abs(values[1] - values[0]) < threshold:
            gaps.append(
                reader.vector([(1, *place) for place in places]) - reader.vector([(0, *place) for place in places])
            )
    all_kept(reader, secrets + gaps)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), THRESHOLDS)
def test_schools_left_out_of_a_chart_are_neither_one_nor_few(sizes, threshold):
    sizes = np.array(sizes)
    hidden = suppress_groups(sizes, threshold=threshold)
    assert hidden[(sizes > 0) & (sizes < threshold)].all()
    if hidden.any() and not hidden[sizes > 0].all():
        assert hidden.sum() >= 2
        assert sizes[hidden].sum() >= threshold


@ATTACKS
@given(tables(rows=(2, 5), columns=(2, 4)), THRESHOLDS, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing_that_must_be(table, threshold, random):
    order = list(range(len(table)))
    random.shuffle(order)
    one = suppress_table(table, threshold=threshold, zeros=True)
    other = suppress_table(table[order], threshold=threshold, zeros=True)
    small = table < threshold
    assert one.cells[small].all()
    assert other.cells[small[order]].all()


def test_a_table_of_three_dimensions():
    """School by answer by subgroup with all sums, by linear algebra: no hidden number follows from printed ones."""
    counts = np.random.default_rng(5).integers(0, 40, (3, 3, 2))
    sums = [[[0, 1, 2]], [[0, 1, 2]], [[0, 1]]]
    hidden = suppress_sums(counts, sums, threshold=10, zeros=True)
    lines = []
    for place in np.ndindex(hidden.shape):
        line = np.zeros(counts.shape)
        line[np.ix_(*(range(size) if at == size else [at] for at, size in zip(place, counts.shape, strict=True)))] = 1
        lines.append(line.ravel())
    lines, told = np.array(lines), ~hidden.ravel()
    assert 0 < told.sum() < told.size
    rank = np.linalg.matrix_rank(lines[told])
    for line in lines[~told]:
        assert np.linalg.matrix_rank(np.vstack([lines[told], line])) == rank + 1
