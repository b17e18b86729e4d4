"""What holds for every allocation: numbers per arm and stratum, one of each in a pair, the same from the same seed."""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import EvalkitError
from evalkit.planning.certificate import verify_certificate
from evalkit.planning.randomise import randomise
from evalkit.records.allocation import RandomisationPlan
from evalkit.stats.allocation import Scheme, allocate
from evalkit.stats.allocation_pairs import nearest_pairs

WEIGHTS = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)
GROUPS = st.lists(st.integers(0, 4), min_size=8, max_size=60).map(
    lambda codes: np.unique(codes, return_inverse=True)[1].astype(np.int64)
)
SEEDS = st.integers(0, 2**63)
CALM = settings(max_examples=60, deadline=None)


def anybody(groups, weights, **more):
    """A scheme in which an arm may stay empty: every arm had one unit in an earlier batch."""
    return Scheme(weights, groups, earlier_arms=np.arange(len(weights)), **more)


@CALM
@given(GROUPS, WEIGHTS, SEEDS)
def test_numbers_per_arm_follow_the_shares(groups, weights, seed):
    arms = allocate(anybody(groups, weights), entropy=(seed,)).arms
    share = np.array(weights) / sum(weights)
    for group in np.unique(groups):
        counts = np.bincount(arms[groups == group], minlength=len(weights))
        exact = counts.sum() * share
        # The whole rounds are exact; of fewer units than one round, an arm gets at most its share rounded up.
        whole = counts.sum() // sum(weights) * np.array(weights)
        assert (counts >= whole).all()
        assert (counts <= np.ceil(exact - 1e-9)).all()
    total = np.bincount(arms, minlength=len(weights))
    assert total.sum() == len(groups)


@CALM
@given(st.integers(1, 30), WEIGHTS, SEEDS)
def test_many_odd_strata_still_balance_overall(strata, weights, seed):
    """One unit more than whole rounds in each stratum: leftover units differ from the shares by less than one unit."""
    groups = np.repeat(np.arange(strata), sum(weights) + 1)
    total = np.bincount(allocate(anybody(groups, weights), entropy=(seed,)).arms, minlength=len(weights))
    assert np.abs(total - len(groups) * np.array(weights) / sum(weights)).max() < len(weights)


@CALM
@given(GROUPS, WEIGHTS, SEEDS)
def test_the_same_seed_gives_the_same(groups, weights, seed):
    one, other = (allocate(anybody(groups, weights), entropy=(seed,)) for _ in range(2))
    assert one.arms.tolist() == other.arms.tolist()


@CALM
@given(st.integers(1, 12), SEEDS)
def test_a_set_has_one_unit_per_arm(sets, seed):
    groups = np.tile(np.arange(sets), 3)
    arms = allocate(Scheme((1, 1, 1), groups), entropy=(seed,)).arms
    assert all(sorted(arms[groups == group].tolist()) == [0, 1, 2] for group in range(sets))


@CALM
@given(GROUPS, WEIGHTS, SEEDS, st.floats(0.5, 1))
def test_minimisation_gives_everybody_an_arm(groups, weights, seed, follow):
    scheme = anybody(
        np.zeros_like(groups), weights, method="minimisation", factors=groups[:, None], follow=follow,
        earlier_factors=np.zeros((len(weights), 1), dtype=np.int64),
    )  # fmt: skip
    arms = allocate(scheme, entropy=(seed,)).arms
    assert arms.shape == groups.shape
    assert set(arms.tolist()) <= set(range(len(weights)))


@given(st.integers(1, 15), st.integers(1, 3), st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_pairs_are_pairs_whatever_the_order_of_columns(pairs, columns, seed):
    points = np.random.default_rng(seed).normal(size=(2 * pairs + 4, columns))
    found = nearest_pairs(points)
    assert set(Counter(found.tolist()).values()) == {2}
    assert found.tolist() == nearest_pairs(points[:, ::-1]).tolist()


@given(st.integers(6, 25), st.integers(0, 2**32), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_never_matters_and_a_certificate_verifies(n, seed, shuffler):
    plan = RandomisationPlan.model_validate(
        {
            "schema": "evalkit-randomisation/1", "id": "any-order", "id_column": "urn", "method": "stratified",
            "arms": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}], "strata": [{"column": "area"}],
            "small_strata": "accept", "seed": {"value": seed, "source": "made up"},
        }
    )  # fmt: skip
    rows = [{"urn": f"s{place}", "area": "north" if place % 3 else "south"} for place in range(n)]
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first = randomise(pd.DataFrame(rows), plan, to=one)
        second = randomise(pd.DataFrame(shuffled), plan, to=other)
        assert first.allocation_file.read_bytes() == second.allocation_file.read_bytes()
        assert first.certificate_file.read_bytes() == second.certificate_file.read_bytes()
        assert verify_certificate(first.certificate_file, pd.DataFrame(shuffled)).verdict == "same"


CELLS = st.text(alphabet='ab1.,;"\n\t\x00é ', max_size=6)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.lists(CELLS, max_size=12).map(lambda cells: ",".join(cells).encode())))
def test_no_list_crashes_the_reader(content):
    plan = RandomisationPlan.model_validate(
        {
            "schema": "evalkit-randomisation/1", "id": "any", "id_column": "a", "method": "simple",
            "arms": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}], "seed": {"value": 1, "source": "made up"},
        }
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("list.csv", b"a,b\n" + content), ("list.xlsx", content)):
            path = Path(folder) / name
            path.write_bytes(data)
            try:
                made = randomise(path, plan, to=Path(folder) / name.replace(".", "-"))
            except EvalkitError:
                continue
            assert set(made.allocation["arm"]) == {"a", "b"}
