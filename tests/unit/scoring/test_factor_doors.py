"""The doors to factor models, invariance, items between groups and eigenvalues: tables in, frames out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evalkit as ek
from evalkit.errors import FitError, SpecError
from evalkit.scoring.factor_model_rows import TIDY
from evalkit.scoring.invariance import STEP_COLUMNS
from evalkit.scoring.item_functioning import ITEM_COLUMNS
from evalkit.scoring.parallel_analysis import EIGENVALUE_COLUMNS
from evalkit.stats.factor.fit import fit_normal
from evalkit.stats.factor.models import correlated_factors
from evalkit.stats.factor.sample import take_sample

DATA = Path(__file__).parents[2] / "oracle" / "data"
FACTORS = {name: [f"q{4 * place + n}" for n in (1, 2, 3, 4)] for place, name in enumerate(("one", "two", "three"))}


@pytest.fixture(scope="module")
def three() -> pd.DataFrame:
    return pd.read_csv(DATA / "factor_three.csv")


@pytest.fixture(scope="module")
def waves() -> pd.DataFrame:
    """A row per pupil and wave."""
    wide = pd.read_csv(DATA / "factor_waves.csv")
    parts = []
    for wave in ("pre", "post"):
        part = wide[["school", "arm", *(f"{wave}_q{n}" for n in range(1, 7))]]
        part = part.rename(columns=lambda name: name.split("_")[-1]).assign(wave=wave, pupil=np.arange(len(wide)))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def test_a_model_gives_frames(three: pd.DataFrame) -> None:
    model = ek.factor_model(three, FACTORS, clusters="school")
    tidy = model.tidy()
    assert tuple(tidy.columns) == TIDY
    assert tidy["part"].value_counts().to_dict() == {
        "loading": 12, "error variance": 12, "intercept": 12, "factor correlation": 3,
    }  # fmt: skip
    assert (tidy["conf_low"] < tidy["estimate"]).all()
    glance = model.glance().iloc[0]
    assert (glance["estimator"], glance["n"], glance["n_clusters"], glance["df"]) == ("MLR", 500, 25, 51)
    assert glance["chi_square"] / glance["chi_square_scaled"] == pytest.approx(glance["scaling"])
    assert model.indices()["variant"].tolist() == ["standard", "scaled", "robust"]
    assert model.reliability()["factor"].tolist() == list(FACTORS)
    assert model.correlations().loc["one", "two"] == model.correlations().loc["two", "one"]
    residuals = model.residuals()
    assert len(residuals) == 66
    assert residuals["residual"].abs().is_monotonic_decreasing
    assert model.caveats()["kind"].tolist() == ["few_clusters"]


def test_a_model_is_that_of_the_engine(three: pd.DataFrame) -> None:
    model = ek.factor_model(three, FACTORS, missing="complete")
    rows = three[[item for items in FACTORS.values() for item in items]].dropna().to_numpy(dtype=float)
    fit = fit_normal(correlated_factors(np.arange(12)[:, None] // 4 == np.arange(3)), take_sample([rows]))
    assert model.glance()["chi_square"].iloc[0] == pytest.approx(fit.test.plain)
    assert model.caveats()["message"].tolist() == ["188 pupils with a missing answer were left out."]
    loadings = model.tidy().query("part == 'loading'")
    assert loadings["estimate"].tolist() == pytest.approx([fit.matrices.loading[0][n, n // 4] for n in range(12)])


def test_scaling_and_unrelated_factors(three: pd.DataFrame) -> None:
    by_variance = ek.factor_model(three, FACTORS)
    by_loading = ek.factor_model(three, FACTORS, scaling="first loading")
    tidy = by_loading.tidy()
    assert (tidy["part"] == "factor variance").sum() == 3
    first = tidy.query("part == 'loading'").groupby("factor", sort=False).head(1)
    assert first["estimate"].tolist() == [1.0, 1.0, 1.0]
    assert first["std_error"].isna().all()
    both = [one.tidy().query("part == 'loading'")["standardised"].to_numpy() for one in (by_variance, by_loading)]
    assert np.allclose(*both, atol=1e-6)
    apart = ek.factor_model(three, FACTORS, correlated=False)
    assert apart.glance()["df"].iloc[0] == by_variance.glance()["df"].iloc[0] + 3


def test_an_instrument_names_factors_and_turns_items_round() -> None:
    rng = np.random.default_rng(2)
    level = rng.normal(size=(200, 2)) @ np.array([[1, 0.5], [0, 0.87]])
    keyed = np.clip(np.round(3 + np.repeat(level, 4, axis=1) + 0.8 * rng.normal(size=(200, 8))), 1, 5)
    instrument = ek.load_instrument("grit_s8")
    table = pd.DataFrame(index=range(200))
    for factor, values in zip(("consistency", "perseverance"), np.split(keyed, 2, axis=1), strict=True):
        for (item, is_reversed), column in zip(instrument.item_signs(factor).items(), values.T, strict=True):
            table[f"grit_s8.{item}"] = (6 - column if is_reversed else column).astype(int)
    model = ek.factor_model(table, instrument="grit_s8", scores=["consistency", "perseverance"])
    assert (model.tidy().query("part == 'loading'")["estimate"] > 0.5).all()
    assert model.caveats().empty
    one = ek.factor_model(table, instrument=instrument)
    assert one.reliability()["n_items"].tolist() == [8]
    unturned = ek.factor_model(table)
    assert "negative_loadings" in unturned.caveats()["kind"].tolist()


def test_ordinal_answers_have_thresholds(three: pd.DataFrame) -> None:
    model = ek.factor_model(three, {"one": FACTORS["one"]}, answers="ordinal")
    tidy = model.tidy()
    assert (tidy["part"] == "threshold").sum() == 16
    errors, loadings = (tidy.query(f"part == '{part}'")["standardised"] for part in ("error variance", "loading"))
    assert np.allclose(errors.to_numpy() + loadings.to_numpy() ** 2, 1)
    assert model.glance()["estimator"].iloc[0] == "WLSMV"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"answers": "binary"}, "answers is 'binary'; use one of: continuous, ordinal"),
        ({"missing": "pairwise"}, "use one of: fiml, complete"),
        ({"scaling": "effects"}, "use one of: variance, first loading"),
        ({"conf_level": 95}, "conf_level is 95"),
        ({"factors": {"a": ["q1", "x9"]}}, "There is no column x9"),
        ({"factors": {"a": []}}, "Factor a has no items"),
        ({"factors": {"a": ["q1"]}, "instrument": "gse10"}, "not both"),
        ({"scores": ["total"]}, "give the instrument too"),
        ({"factors": ["q1", "q2", "q3"]}, "Give a mapping"),
        ({"factors": {"a": "q1"}}, "Give a mapping"),
        ({"clusters": "town"}, "There is no column town"),
    ],
)
def test_what_cannot_be_asked(three: pd.DataFrame, options: dict, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        ek.factor_model(three, **options)
    assert words in "\n".join([caught.value.message, *caught.value.problems])


def test_text_columns_and_few_pupils_are_refused(three: pd.DataFrame) -> None:
    with pytest.raises(SpecError) as caught:
        ek.factor_model(three.assign(q1="often"), FACTORS)
    assert "do not hold numbers: q1" in caught.value.problems[0]
    with pytest.raises(SpecError, match="is a ndarray"):
        ek.factor_model(three.to_numpy())
    with pytest.raises(FitError, match=r"same answer to q1, or none(.|\n)*q3 holds the same answers as q2"):
        ek.factor_model(three.assign(q1=1, q3=three["q2"]), FACTORS)
    with pytest.raises(FitError, match="more pupils than items"):
        ek.factor_model(three.head(10), FACTORS)


def test_waves_and_groups_are_told_apart_by_the_pupil_column(waves: pd.DataFrame) -> None:
    items = {"f": [f"q{n}" for n in range(1, 7)]}
    linked = ek.invariance(waves, items, by="wave", pupil="pupil", order=["pre", "post"], clusters="school")
    tidy = linked.tidy()
    assert tuple(tidy.columns) == STEP_COLUMNS
    assert tidy["df"].tolist() == [47, 52, 57, 63]
    assert tidy["holds"].tolist() == ["yes", "yes", "no", "no"]  # item 4 became easier
    assert linked.glance()["holds_up_to"].iloc[0] == "metric"
    assert linked.glance()["occasions"].iloc[0] == "pre, post"
    arms = ek.invariance(waves[waves["wave"] == "post"], items, by="arm")
    assert arms.tidy()["holds"].tolist() == ["yes"] * 4
    assert arms.kind == "groups"


def test_ordinal_waves_merge_rare_answers(waves: pd.DataFrame) -> None:
    table = waves.copy()
    table.loc[table["wave"] == "post", "q1"] = table.loc[table["wave"] == "post", "q1"].clip(lower=2)
    found = ek.invariance(table, {"f": [f"q{n}" for n in range(1, 7)]}, by="wave", pupil="pupil", answers="ordinal")
    assert found.merged()["item"].tolist() == ["q1"]
    assert found.merged()["answers"].tolist() == ["1+2, 3, 4, 5"]
    assert found.tidy()["step"].tolist() == ["configural", "thresholds", "metric", "scalar"]
    assert set(found.caveats()["kind"]) == {"merged", "left_out"}


def test_occasions_that_cannot_be(waves: pd.DataFrame) -> None:
    items = {"f": [f"q{n}" for n in range(1, 7)]}
    with pytest.raises(SpecError, match="two occasions or more"):
        ek.invariance(waves[waves["wave"] == "pre"], items, by="wave")
    with pytest.raises(SpecError, match="several rows where wave is pre"):
        ek.invariance(pd.concat([waves, waves.head(3)]), items, by="wave", pupil="pupil")
    with pytest.raises(SpecError, match="also holds post"):
        ek.invariance(waves, items, by="wave", order=["pre"])
    few = ek.invariance(waves[waves["pupil"] < 60], items, by="wave", pupil="pupil")
    assert "few_pupils" in few.caveats()["kind"].tolist()


def test_items_between_groups(three: pd.DataFrame) -> None:
    named = three.assign(sex=three["group"].map({0: "girl", 1: "boy"}))
    found = ek.item_functioning(named, "sex", columns=FACTORS["one"], reference="girl")
    tidy = found.tidy()
    assert tuple(tidy.columns) == ITEM_COLUMNS
    assert tidy.loc[tidy["p_adjusted"] < 0.01, "item"].tolist() == ["q3"]
    # Beyond chance, but below the .035 from which a difference counts.
    assert tidy.set_index("item").loc["q3", ["size", "flagged"]].tolist() == ["negligible", "no"]
    assert tidy.set_index("item").loc["q3", "odds_ratio"] > 1
    assert tidy.set_index("item").loc["q3", "in_match"] == np.False_
    turned = ek.item_functioning(named, "sex", columns=FACTORS["one"], reference="boy").tidy()
    assert turned["odds_ratio"].to_numpy() * tidy["odds_ratio"].to_numpy() == pytest.approx(np.ones(4), rel=1e-6)
    assert turned["total_chi_square"].tolist() == pytest.approx(tidy["total_chi_square"].tolist(), rel=1e-6)
    glance = found.glance().iloc[0]
    assert (glance["reference"], glance["n_flagged"]) == ("girl", 0)
    assert found.caveats()["kind"].tolist()[-1] == "schools"
    with pytest.raises(SpecError, match="no group other"):
        ek.item_functioning(named, "sex", columns=FACTORS["one"], reference="other")
    with pytest.raises(SpecError, match="use one of: holm"):
        ek.item_functioning(named, "sex", columns=FACTORS["one"], adjust="bonferroni")


def test_three_groups_are_tested_jointly(three: pd.DataFrame) -> None:
    table = three.assign(kind=np.arange(len(three)) % 3)
    tidy = ek.item_functioning(table, "kind", columns=FACTORS["two"]).tidy()
    assert tidy["uniform_df"].tolist() == [2] * 4
    assert tidy["odds_ratio"].isna().all()
    assert tidy["mantel_p_value"].isna().all()


def test_eigenvalues(three: pd.DataFrame) -> None:
    columns = [item for items in FACTORS.values() for item in items]
    found = ek.parallel_analysis(three, columns=columns, draws=20, seed=1)
    assert tuple(found.tidy().columns) == EIGENVALUE_COLUMNS
    assert found.glance()[["n_components", "n_factors"]].to_numpy().tolist() == [[3, 3]]
    assert found.tidy()["component"].sum() == pytest.approx(12)
