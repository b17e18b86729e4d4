"""The attacker holds two editions: what was published last time and now. The few who joined or left must not show."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from evalkit.custody.editions import edition_of, later_edition
from evalkit.records.results import Results, load_results
from tests.property.test_disclosure import ATTACKS, Reader, all_kept, tables

THRESHOLD = 10
ARMS, PATTERNS = ("a", "b", "c"), ("complete", "outcome", "baseline")
BASE = load_results(Path(__file__).parents[2] / "analyses" / "keyham-resilience" / "results.json")


def results_of(counts: np.ndarray) -> Results:
    """Results with one table of categories by group, and the sum over groups."""
    rows = [
        ("grit", ARMS[place], PATTERNS[other], float(number), 100 * number / line.sum())
        for place, line in enumerate(counts)
        for other, number in enumerate(line)
    ]
    whole = counts.sum(axis=0)
    rows += [("grit", "all", PATTERNS[other], float(n), 100 * n / whole.sum()) for other, n in enumerate(whole)]
    table = pd.DataFrame(rows, columns=["outcome", "arm", "pattern", "n", "percent"])
    return replace(BASE, estimates=BASE.estimates.head(0), displays={"missing_pattern": table})


def reads(reader: Reader, when: int, table: pd.DataFrame, shape: tuple[int, int]) -> None:
    for arm, pattern, n in table[["arm", "pattern", "n"]].itertuples(index=False, name=None):
        if np.isfinite(n):
            lines = range(shape[0]) if arm == "all" else [ARMS.index(arm)]
            reader.reads(reader.vector([(when, line, PATTERNS.index(pattern)) for line in lines]), n)


@ATTACKS
@given(tables(rows=(1, 3), columns=(2, 3)), st.data())
def test_no_few_who_joined_or_left_show(counts, data):
    then = counts + THRESHOLD
    change = data.draw(arrays.arrays(np.int64, then.shape, elements=st.sampled_from([0, 0, 1, 2, -1, -3, 12, 25])))
    now = np.maximum(then + change, THRESHOLD)
    first, second = results_of(then), results_of(now)
    shown = later_edition(second, "standard", [edition_of(first, "standard")]).displays["missing_pattern"]
    reader = Reader(np.stack([then, now]))
    reads(reader, 0, first.displays["missing_pattern"], then.shape)
    reads(reader, 1, shown, then.shape)
    for line in range(then.shape[0]):  # how many took part stands elsewhere
        reader.reads(reader.vector([(1, line, one) for one in range(then.shape[1])]), int(now[line].sum()))
    secrets = []
    for column in range(then.shape[1]):
        for lines in [*([one] for one in range(then.shape[0])), list(range(then.shape[0]))]:
            if 0 < abs(int((now - then)[lines, column].sum())) < THRESHOLD:
                gap = [reader.vector([(when, one, column) for one in lines]) for when in (0, 1)]
                secrets.append(gap[1] - gap[0])
    all_kept(reader, secrets)
    assert shown["percent"].isna().equals(shown["n"].isna())
    if (now == then).all():
        assert shown["n"].notna().all()
