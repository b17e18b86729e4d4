"""The list in; allocation, certificate and ledger out; every method; batches; draws repeated."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.mechanism import Mechanism
from evalkit.errors import DesignError, SpecError
from evalkit.planning.certificate import allocation_facts, load_allocation, verify_certificate
from evalkit.planning.ledger import read_ledger
from evalkit.planning.randomise import randomise
from evalkit.records.allocation import load_certificate

METHODS = {
    "simple": {"method": "simple", "strata": []},
    "stratified": {},
    "minimisation": {"method": "minimisation", "strata": [{"column": "centre"}, {"column": "phase"}]},
    "pairs": {"method": "pairs", "strata": [], "pairs": {"match_on": ["ks2", "fsm"]}},
    "pairs_in_strata": {"method": "pairs", "strata": [{"column": "phase"}], "pairs": {"match_on": ["ks2"]}},
    "balanced": {"balance": {"columns": ["ks2", "fsm"], "at_most": 0.1}},
}
# What each gave when it was first drawn. They must never change: a certificate is for ever.
HASHES = {
    "simple": "70d8fa1122fb338e",
    "stratified": "408b4cd5c4da98b5",
    "minimisation": "8c4cdb5323b207b5",
    "pairs": "e0455a83c00c6d76",
    "pairs_in_strata": "9897f5a84afbca13",
    "balanced": "89c11cb7f48d56ac",
}


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_gives_what_it_always_gave(schools, make_plan, tmp_path, method):
    made = randomise(schools, make_plan(**METHODS[method]), to=tmp_path)
    assert made.certificate.arms["programme"] == (13 if method == "minimisation" else 12)
    assert made.certificate.allocation_sha256[:16] == HASHES[method]


@pytest.mark.parametrize("method", list(METHODS))
def test_a_certificate_verifies_against_csv_and_xlsx(schools, make_plan, tmp_path, method):
    schools.to_csv(tmp_path / "list.csv", index=False)
    schools.iloc[::-1].to_excel(tmp_path / "list.xlsx", index=False)
    made = randomise(tmp_path / "list.csv", make_plan(**METHODS[method]), to=tmp_path / "out")
    check = verify_certificate(
        made.certificate_file,
        tmp_path / "list.xlsx",
        allocation=made.allocation_file,
        ledger=tmp_path / "out/ledger.jsonl",
    )
    assert (check.verdict, check.differences) == ("same", ())
    assert load_allocation(made.allocation_file, made.certificate_file).equals(made.allocation)


def test_strata_are_balanced(schools, make_plan, tmp_path):
    frame = randomise(schools, make_plan(), to=tmp_path).allocation
    assert set(Counter(zip(frame["stratum"], frame["arm"], strict=True)).values()) == {4}
    assert list(frame.columns) == ["school", "arm", "batch", "stratum", "pair"]


def test_made_pairs_have_one_of_each_and_stay_in_their_stratum(schools, make_plan, tmp_path):
    frame = randomise(schools, make_plan(**METHODS["pairs_in_strata"]), to=tmp_path).allocation
    assert frame["pair"].nunique() == 12
    for _, pair in frame.groupby("pair"):
        assert sorted(pair["arm"]) == ["control", "programme"]
        assert pair["stratum"].nunique() == 1


def test_given_triplets_for_three_arms(schools, make_plan, tmp_path):
    arms = [{"id": one, "label": one} for one in ("text", "visit", "control")]
    schools["triplet"] = [f"t{place // 3}" for place in range(24)]
    plan = make_plan(method="pairs", strata=[], pairs={"column": "triplet"}, arms=arms)
    frame = randomise(schools, plan, to=tmp_path).allocation
    assert all(sorted(one["arm"]) == ["control", "text", "visit"] for _, one in frame.groupby("pair"))


def test_unequal_arms_and_an_excluded_school(schools, make_plan, tmp_path):
    arms = [{"id": "programme", "label": "P", "share": 2}, {"id": "control", "label": "C"}]
    exclude = [{"school": one, "reason": "closed in January"} for one in ("100000", "100037", "100074")]
    made = randomise(schools, make_plan(arms=arms, exclude=exclude), to=tmp_path)
    assert made.certificate.arms == {"programme": 14, "control": 7}
    assert made.certificate.plan.exclude[0].reason == "closed in January"
    assert "100000" not in set(made.allocation["school"])


def test_a_later_batch_keeps_the_earlier_one(schools, make_plan, tmp_path):
    first = randomise(schools.iloc[:16], make_plan(**METHODS["minimisation"]), to=tmp_path)
    later = make_plan(**METHODS["minimisation"], batch=2)
    second = randomise(schools.iloc[16:], later, to=tmp_path, earlier=first.certificate_file)
    assert second.allocation.iloc[:16].equals(first.allocation)
    assert second.allocation["batch"].tolist() == [1] * 16 + [2] * 8
    assert (
        verify_certificate(second.certificate_file, schools.iloc[16:], ledger=tmp_path / "ledger.jsonl").verdict
        == "same"
    )
    with pytest.raises(DesignError, match=r"allocated already in an earlier batch: 100555 \(batch 1\)"):
        randomise(schools.iloc[15:], later, to=tmp_path, earlier=first.certificate_file)
    with pytest.raises(DesignError, match="Give the certificate of batch 1 as 'earlier'"):
        randomise(schools.iloc[16:], later, to=tmp_path)


def test_an_earlier_certificate_that_does_not_fit(schools, make_plan, tmp_path):
    first = randomise(schools.iloc[:12], make_plan(), to=tmp_path)
    with pytest.raises(DesignError) as error:
        randomise(schools.iloc[12:], make_plan(id="other-trial", batch=3), to=tmp_path, earlier=first.certificate_file)
    assert len(error.value.problems) == 2
    assert "should be 2" in str(error.value)


def test_the_ledger_shows_a_second_draw(schools, make_plan, tmp_path):
    plan = make_plan()
    first = randomise(schools, plan, to=tmp_path)
    again = randomise(schools, plan, to=tmp_path, stated_date="2026-03-09")
    assert (again.entry.draw, again.entry.same_as) == (2, 1)
    assert again.certificate_file == first.certificate_file
    assert load_certificate(again.certificate_file) == first.certificate
    assert "it is the same as draw 1" in again.notes[0]
    other = make_plan(seed={"value": 7, "source": "the first was unlucky"})
    with pytest.raises(DesignError, match=r"was drawn already .*Since then the plan changed\..*say why"):
        randomise(schools, other, to=tmp_path)
    assert len(read_ledger(tmp_path / "ledger.jsonl")) == 2
    third = randomise(schools, other, to=tmp_path, again_because="The first list held a school twice")
    assert third.entry.draw == 3
    assert third.certificate_file.name == "certificate-batch-1-draw-3.json"
    assert first.certificate_file.exists()
    check = verify_certificate(first.certificate_file, ledger=tmp_path / "ledger.jsonl")
    assert check.differences == ("ledger.jsonl: batch 1 was drawn more than once, with other arms in entry 3.",)


def test_a_ledger_that_was_tampered_with(schools, make_plan, tmp_path):
    for batch_seed in (1, 2, 3):
        plan = make_plan(seed={"value": batch_seed, "source": "x"})
        randomise(schools, plan, to=tmp_path, again_because="testing")
    path = tmp_path / "ledger.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[2]]) + "\n")
    with pytest.raises(SpecError, match=r"line 2: the entry does not follow the one before"):
        read_ledger(path)
    path.write_text("\n".join([lines[0], lines[1].replace('"seed":2', '"seed":9'), lines[2]]) + "\n")
    with pytest.raises(SpecError, match=r"line 2: the entry was changed"):
        randomise(schools, make_plan(), to=tmp_path)
    path.write_text("not json\n")
    with pytest.raises(SpecError, match="line 1: this line is not JSON"):
        read_ledger(path)


def test_a_draw_whose_ledger_was_taken_away(schools, make_plan, tmp_path):
    randomise(schools, make_plan(), to=tmp_path)
    (tmp_path / "ledger.jsonl").unlink()
    with pytest.raises(DesignError, match="a certificate stands here that is not in the ledger"):
        randomise(schools, make_plan(seed={"value": 3, "source": "luckier"}), to=tmp_path)
    assert not (tmp_path / "ledger.jsonl").exists()


def test_a_certificate_that_was_edited_before_a_repeat(schools, make_plan, tmp_path):
    made = randomise(schools, make_plan(), to=tmp_path)
    text = made.certificate_file.read_text()
    made.certificate_file.write_text(text.replace('"stated_date": null', '"stated_date": "2020-01-01"'))
    with pytest.raises(DesignError, match="the certificate was changed after the draw"):
        randomise(schools, make_plan(), to=tmp_path)
    made.certificate_file.unlink()
    assert randomise(schools, make_plan(), to=tmp_path).certificate == made.certificate


def test_a_certificate_that_is_none(tmp_path):
    path = tmp_path / "certificate.json"
    with pytest.raises(SpecError, match="there is no such file"):
        load_certificate(path)
    path.write_text('{"schema": "evalkit-certificate/1", "draws": 0}')
    with pytest.raises(SpecError, match="key 'draws'"):
        load_certificate(path)


def test_verify_says_what_changed(schools, make_plan, tmp_path):
    made = randomise(schools, make_plan(balance={"columns": ["fsm"], "at_most": 0.3}), to=tmp_path)
    moved = schools.assign(fsm=schools["fsm"].where(schools["urn"] != "100037", 99.5)).iloc[:-1]
    moved.loc[len(moved)] = ["999999", "West", "primary", 100.0, 10.0]
    check = verify_certificate(made.certificate_file, moved)
    assert check.verdict == "changed"
    text = " ".join(check.differences)
    assert "that were not on it: 999999" in text
    assert "has lost schools: 100851" in text
    assert "100037 (fsm: " in text
    unknown = schools.assign(centre=schools["centre"].where(schools["urn"] != "100000", "Nowhere"))
    assert "unknown stratum for 100000 ('Nowhere')" in verify_certificate(made.certificate_file, unknown).differences[0]


def test_verify_notices_a_certificate_that_was_edited(schools, make_plan, tmp_path):
    made = randomise(schools, make_plan(), to=tmp_path)
    content = json.loads(made.certificate_file.read_text())
    unit = content["units"][0]
    unit["arm"] = "control" if unit["arm"] == "programme" else "programme"
    made.certificate_file.write_text(json.dumps(content))
    differences = verify_certificate(made.certificate_file, schools).differences
    assert differences[0] == "Batch 1: the arms in the certificate were changed after the draw."
    assert differences[1].startswith("Batch 1: another arm when drawn again: 100000 (")
    content["plan"]["seed"]["value"] = 1
    made.certificate_file.write_text(json.dumps(content))
    assert "the plan in the certificate was changed" in verify_certificate(made.certificate_file).differences[0]
    content["algorithm_version"] = 99
    made.certificate_file.write_text(json.dumps(content))
    assert "was drawn by evalkit-allocation 99" in verify_certificate(made.certificate_file).differences[0]


def test_an_allocation_that_does_not_match_its_certificate(schools, make_plan, tmp_path):
    made = randomise(schools, make_plan(), to=tmp_path)
    frame = pd.read_csv(made.allocation_file, dtype=str)
    frame.loc[0, "arm"] = "control" if frame.loc[0, "arm"] == "programme" else "programme"
    frame.loc[1, "school"] = "123"
    frame.loc[len(frame)] = frame.loc[2]
    frame.to_csv(made.allocation_file, index=False)
    with pytest.raises(DesignError) as error:
        load_allocation(made.allocation_file, made.certificate_file)
    assert [problem.partition(": ")[2] for problem in error.value.problems] == [
        f"school that stands more than once: {frame.loc[2, 'school']}.",
        "school that was not drawn: 123.",
        "school that is missing: 100037.",
        f"school that is in another arm: 100000 (drawn: {made.allocation.loc[0, 'arm']}, file: {frame.loc[0, 'arm']}).",
    ]


def test_the_balance_table(schools, make_plan, tmp_path):
    schools.loc[3, "phase"] = ""
    made = randomise(schools, make_plan(show_balance=["ks2", "phase"]), to=tmp_path)
    table = made.balance
    arm = dict(zip(made.allocation["school"], made.allocation["arm"], strict=True))
    own = schools[schools["urn"].map(arm) == "programme"]
    row = table[(table["variable"] == "ks2") & (table["arm"] == "programme")].iloc[0]
    assert row["mean"] == pytest.approx(own["ks2"].mean())
    assert row["sd"] == pytest.approx(own["ks2"].std())
    other = schools[schools["urn"].map(arm) == "control"]["ks2"]
    pooled = ((own["ks2"].var() + other.var()) / 2) ** 0.5
    assert row["std_difference"] == pytest.approx((own["ks2"].mean() - other.mean()) / pooled)
    primary = table[(table["variable"] == "phase") & (table["level"] == "primary")]
    assert primary["count"].sum() == 15
    assert table[table["variable"] == "phase"]["n_missing"].max() == 1


def test_facts_for_a_randomisation_test(schools, make_plan, tmp_path):
    plain = allocation_facts(randomise(schools, make_plan(), to=tmp_path / "a").certificate)
    assert plain.redraw is None
    assert set(plain.strata) == {"North", "South", "West"}
    assert plain.pairs == ()
    paired = allocation_facts(randomise(schools, make_plan(**METHODS["pairs"]), to=tmp_path / "b").certificate)
    assert len(set(paired.pairs)) == 12
    again = randomise(schools, make_plan(**METHODS["balanced"]), to=tmp_path / "c").certificate
    facts = allocation_facts(again)
    assert facts.strata == ()
    assert facts.redraw is not None
    generator = np.random.default_rng(1)
    draws = {facts.redraw(generator) for _ in range(20)}
    assert len(draws) > 10
    assert all(Counter(one) == {"programme": 12, "control": 12} for one in draws)
    coded = allocation_facts(again, labels={"programme": 1, "control": 0})
    assert coded.redraw is not None
    assert sorted(coded.redraw(generator)) == [0] * 12 + [1] * 12
    with pytest.raises(DesignError, match="the arm control has no label"):
        allocation_facts(again, labels={"programme": 1})
    for one in (plain, paired, facts, coded):
        mechanism = Mechanism(
            one.level, units=one.units, strata=one.strata, pairs=one.pairs, arms=one.arms, redraw=one.redraw
        )
        assert mechanism.words.startswith("school allocated")


def test_facts_of_two_batches(schools, make_plan, tmp_path):
    first = randomise(schools.iloc[:16], make_plan(), to=tmp_path)
    second = randomise(schools.iloc[16:], make_plan(batch=2), to=tmp_path, earlier=first.certificate_file)
    facts = allocation_facts(second.certificate)
    assert len(facts.units) == 24
    assert len(set(facts.strata)) == 6
    minimised = randomise(
        schools.iloc[16:], make_plan(**METHODS["minimisation"] | {"strata": [{"column": "centre"}]}, batch=2),
        to=tmp_path / "m", earlier=first.certificate_file,
    )  # fmt: skip
    redraw = allocation_facts(load_certificate(minimised.certificate_file)).redraw
    assert redraw is not None
    assert len(redraw(np.random.default_rng(2))) == 24
