"""`ek.match` from a frame: tables, gaps, rare categories, options that do not go together."""

import doctest
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evalkit as ek
from evalkit.errors import FitError, SpecError


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    random = np.random.default_rng(11)
    n = 300
    pre, fsm = random.normal(50, 10, n), random.random(n) < 0.3
    took = random.random(n) < 1 / (1 + np.exp((pre - 42) / 10 - fsm))
    post = pre - 2 * fsm + 3 * took + random.normal(0, 4, n)
    language = np.where(random.random(n) < 0.2, "other", "English").astype(object)
    return pd.DataFrame(
        {
            "took": took,
            "pre": np.where(random.random(n) < 0.1, np.nan, pre),
            "fsm": np.where(fsm, "yes", "no"),
            "language": language,
            "school": random.integers(0, 12, n),
            "post": np.where(random.random(n) < 0.05, np.nan, post),
        },
        index=[f"P{place}" for place in range(n)],
    )


ON = ["pre", "fsm", "language"]


@pytest.mark.parametrize("method", ["nearest", "optimal", "full", "coarsened", "ipw", "overlap", "entropy"])
def test_every_method_gives_the_same_tables(pupils: pd.DataFrame, method) -> None:
    found = ek.match(pupils, "took", on=ON, method=method)
    table, glance = found.tidy(), found.glance().iloc[0]
    assert table.index.equals(pupils.index)
    assert (table["weight"] >= 0).all()
    for name, group in (("treated", table["treated"]), ("control", ~table["treated"])):
        kept = table[group & (table["weight"] > 0)]
        assert method in ("ipw", "overlap") or kept["weight"].sum() == pytest.approx(len(kept))
        assert glance[f"matched_{name}"] == len(kept)
    balance = found.balance().set_index("variable")
    assert {"pre", "pre: not recorded", "fsm: yes", "language: other"} <= set(balance.index)
    assert abs(balance.loc["pre", "std_difference"]) < abs(balance.loc["pre", "std_difference_before"])
    row = found.difference("post").iloc[0]
    assert row["conf_low"] < 3 < row["conf_high"]
    assert found.doubly_robust("post", cluster="school").iloc[0]["df"] == 11


def test_pairs_name_the_index(pupils: pd.DataFrame) -> None:
    renamed = pupils.rename(columns={"fsm": "Free school meals?"})
    found = ek.match(renamed, "took", on=["pre", "Free school meals?", "language"], exact=["Free school meals?"])
    pairs = found.pairs()
    assert pupils.loc[pairs["treated"], "took"].all()
    assert not pupils.loc[pairs["control"], "took"].any()
    assert (pupils.loc[pairs["treated"], "fsm"].to_numpy() == pupils.loc[pairs["control"], "fsm"].to_numpy()).all()
    assert pairs["control"].is_unique
    assert (pairs["distance"] <= found.glance()["caliper"].iloc[0]).all()


def test_results_do_not_depend_on_the_order_of_rows(pupils: pd.DataFrame) -> None:
    mixed = pupils.sample(frac=1, random_state=3)
    one = ek.match(pupils, "took", on=["pre"], method="full").weights
    other = ek.match(mixed, "took", on=["pre"], method="full").weights
    assert other.reindex(one.index).to_numpy() == pytest.approx(one.to_numpy())


def test_a_category_of_one_group_only_stands_for_nobody(pupils: pd.DataFrame) -> None:
    rare = pupils.copy()
    own = rare.index[rare["took"]][:4]
    rare.loc[own, "language"] = "rare"
    found = ek.match(rare, "took", on=ON, method="ipw")
    assert (found.weights[own] == 0).all()
    assert (found.weights.drop(own) > 0).all()
    gaps = pupils.copy()
    gaps["age"] = np.where(gaps["took"], 10.0, 11.0) + np.random.default_rng(1).normal(0, 2, len(gaps))
    gaps.loc[own, "age"] = np.nan
    assert (ek.match(gaps, "took", on=["age"], method="ipw").weights > 0).all()


def test_what_cannot_be_done_is_one_sentence(pupils: pd.DataFrame) -> None:
    with pytest.raises(FitError, match="'pre' is missing for everybody"):
        ek.match(pupils.assign(pre=np.nan), "took", on=["pre"])
    with pytest.raises(FitError, match="There is no column 'iq'"):
        ek.match(pupils, "took", on=["iq"])
    with pytest.raises(FitError, match="'secret' tells the groups apart perfectly"):
        ek.match(pupils.assign(secret=pupils["took"] * 1.0), "took", on=["secret"])
    with pytest.raises(FitError, match="could be matched twice"):
        ek.match(pupils.set_axis(["P0", "P0", *pupils.index[2:]]), "took", on=["pre"])
    with pytest.raises(SpecError, match="'coarsen' belongs to the method coarsened"):
        ek.match(pupils, "took", on=["pre"], coarsen={"pre": [40, 60]})
    with pytest.raises(FitError, match="There is no column 'Year group'"):
        ek.match(pupils, "took", on=["pre"], exact=["Year group"])
    with pytest.raises(SpecError, match="each unit once"):
        ek.match(pupils, "took", on=["pre"], method="optimal", replacement=True)
    with pytest.raises(SpecError, match=r"is unknown\. Use one of: nearest"):
        ek.match(pupils, "took", on=["pre"], method="magic")
    with pytest.raises(SpecError, match=r"form='bent' is unknown\. Use one of: curved, linear"):
        ek.match(pupils, "took", on=["pre"], form="bent")
    with pytest.raises(FitError, match="must be 1 for units with the programme"):
        ek.match(pupils.assign(took=2), "took", on=["pre"])
    with pytest.raises(FitError, match=r"holds text \('no', 'yes'\)"):
        ek.match(pupils, "fsm", on=["pre"])
    with pytest.raises(FitError, match="'pre' is infinite in some rows"):
        ek.match(pupils.assign(pre=np.inf), "took", on=["pre"])
    with pytest.raises(SpecError, match=r"Give a list of names: on=\['pre'\]"):
        ek.match(pupils, "took", on="pre")
    with pytest.raises(SpecError, match="caliper=-1 should be greater than 0"):
        ek.match(pupils, "took", on=["pre"], caliper=-1)
    with pytest.raises(SpecError, match="estimand='ATT' is unknown"):
        ek.match(pupils, "took", on=["pre"], method="ipw", estimand="ATT")
    with pytest.raises(FitError, match="Give a pandas DataFrame"):
        ek.match(pupils.to_dict("list"), "took", on=["pre"])
    with pytest.raises(FitError, match="conf_level=95 is outside 0 to 1"):
        ek.match(pupils, "took", on=["pre"]).difference("post", conf_level=95)


def test_columns_may_be_called_by_numbers(pupils: pd.DataFrame) -> None:
    found = ek.match(pupils.rename(columns={"pre": 7}), "took", on=[7, "fsm"], form="linear")
    assert repr(found).endswith("on 7, fsm>")
    assert "7" in list(found.balance()["variable"])


def test_coarsened_keeps_the_classes_beside_exact_agreement(pupils: pd.DataFrame) -> None:
    both = ek.match(pupils, "took", on=["pre", "fsm"], method="coarsened", exact=["fsm"]).tidy()
    alone = ek.match(pupils, "took", on=["fsm"], method="coarsened").tidy()
    assert both["matched_set"].nunique() > alone["matched_set"].nunique()
    inside = both[both["matched_set"] >= 0].join(pupils["fsm"]).groupby("matched_set")["fsm"].nunique()
    assert (inside == 1).all()


def test_few_in_a_group_get_no_curves(pupils: pd.DataFrame) -> None:
    few = pd.concat([pupils[pupils["took"]].head(12), pupils[~pupils["took"]]])
    assert list(ek.match(few, "took", on=["pre"]).balance()["variable"]) == ["propensity", "pre", "pre: not recorded"]


def test_the_numbers_on_the_page_of_matching_are_real() -> None:
    page = Path(ek.__file__).parent.parent / "docs" / "how-to" / "compare-like-with-like.md"
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted == 14
    assert found.failed == 0
