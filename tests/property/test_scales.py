"""Whatever the table, `ek.reliability` and the signs of careless answering answer with numbers, notes or a sentence."""

import contextlib
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evalkit.errors import EvalkitError, FitError
from evalkit.scoring.reliability import reliability
from evalkit.stats.polychoric import polychoric
from evalkit.stats.response_quality import individual_variability, longest_string, outlyingness, pair_consistency
from evalkit.stats.split_half import split_half

TABLES = arrays(
    np.float64,
    st.tuples(st.integers(1, 14), st.integers(2, 7)),
    elements=st.sampled_from([1.0, 2.0, 3.0, 3.0, 4.0, 5.0, float("nan")]),
)
ROWS = arrays(np.float64, st.tuples(st.integers(8, 30), st.integers(3, 5)), elements=st.sampled_from([1.0, 2, 3, 4]))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(TABLES, st.sampled_from(["complete", "pairwise"]))
def test_any_table_gets_numbers_notes_or_a_sentence(table, missing):
    items = pd.DataFrame(table, columns=[f"q{place}" for place in range(table.shape[1])])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = reliability(items, missing=missing)
        except EvalkitError:
            return
    empty = found["estimate"].isna()
    assert (found.loc[empty, "note"] != "").all()
    assert not np.isinf(found["estimate"]).any()
    alone = found[(found["item"] == "") & found["measure"].isin(["omega", "ordinal_omega"])]
    assert not (alone["estimate"] > 1 + 1e-9).any()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(TABLES)
def test_any_table_gets_its_signs(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert longest_string(table).shape == individual_variability(table).shape == (len(table),)
        for signs in (outlyingness, pair_consistency):
            with contextlib.suppress(FitError):
                assert signs(table) is not None


@settings(max_examples=40, deadline=None, derandomize=True)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_pupils_and_items_never_matters(rows, random):
    order, places = list(range(len(rows))), list(range(rows.shape[1]))
    random.shuffle(order)
    random.shuffle(places)
    try:
        found, halves = polychoric(rows), split_half(rows)
    except FitError:
        return
    moved = rows[order][:, places]
    # In tables with nearly all pupils in one cell the likelihood is so flat that rounding shows in the fifth decimal.
    assert polychoric(moved).correlations == pytest.approx(found.correlations[np.ix_(places, places)], abs=1e-4)
    again = split_half(moved)
    assert (again.highest, again.mean, again.lowest) == pytest.approx((halves.highest, halves.mean, halves.lowest))
