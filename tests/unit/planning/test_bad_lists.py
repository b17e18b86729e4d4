"""A list or a plan that cannot be allocated: one message that names the schools and the mend."""

import pandas as pd
import pytest
import yaml

from evalkit.errors import DesignError, SpecError
from evalkit.planning.randomise import randomise
from evalkit.records.allocation import load_randomisation


def refused(schools, plan, tmp_path):
    with pytest.raises(DesignError) as error:
        randomise(schools, plan, to=tmp_path / "out")
    assert not (tmp_path / "out" / "ledger.jsonl").exists()
    return error.value


def test_all_problems_of_a_list_at_once(schools, make_plan, tmp_path):
    schools.loc[5, "urn"] = "100000"
    schools.loc[7, "urn"] = " "
    schools.loc[8, "centre"] = ""
    schools.loc[9, "centre"] = "Nort"
    schools["fsm"] = schools["fsm"].astype(object)
    schools.loc[10, "fsm"] = "20%"
    plan = make_plan(balance={"columns": ["fsm"], "at_most": 0.2}, exclude=[{"school": "555", "reason": "withdrew"}])
    error = refused(schools, plan, tmp_path)
    assert error.message == "the list: the list cannot be allocated, 6 problems to mend."
    assert error.problems == (
        "The school '100000' stands in rows 2 and 7. Each may stand once; take out the others.",
        "Row 9 has no ID of a school. Give one, or take the row out.",
        "The plan excludes the school '555', which is not on the list. Check the ID under 'exclude'.",
        "Column 'centre': the stratum is blank for 100296. Fill it in, or exclude them with a reason.",
        "Column 'centre': unknown stratum for 100333 ('Nort'). Allowed are: North, South, West. Mend the list, or add "
        "the value to the plan.",
        "Column 'fsm': no number for 100370 ('20%'). Write a plain number such as 12.5, or exclude them with a reason.",
    )


def test_one_stratum_in_two_spellings(schools, make_plan, tmp_path):
    schools.loc[0, "centre"] = "north"
    error = refused(schools, make_plan(strata=[{"column": "centre"}]), tmp_path)
    assert "'North' and 'north' look like one stratum in several spellings" in error.problems[0]


def test_a_stratum_with_fewer_schools_than_arms(schools, make_plan, tmp_path):
    schools.loc[0, "centre"] = "East"
    strata = [{"column": "centre"}]
    error = refused(schools, make_plan(strata=strata), tmp_path)
    assert "Strata with fewer schools than the 2 arms: 'East' (1). Join them with others, or write" in error.message
    made = randomise(schools, make_plan(strata=strata, small_strata="accept"), to=tmp_path)
    assert made.notes == ("Strata with fewer schools than arms, as the plan accepts: 'East' (1).",)


def test_pairs_of_the_wrong_size(schools, make_plan, tmp_path):
    schools["pair"] = [f"p{place // 2:02d}" for place in range(24)]
    schools.loc[2, "pair"] = "p00"
    error = refused(schools, make_plan(method="pairs", strata=[], pairs={"column": "pair"}), tmp_path)
    assert error.problems == (
        "Pair 'p00' has 3 schools (100000, 100037, 100074); it must have 2. Mend the pair, or exclude it with a "
        "reason.",
        "Pair 'p01' has 1 school (100111); it must have 2. Mend the pair, or exclude it with a reason.",
    )


def test_a_pair_across_strata(schools, make_plan, tmp_path):
    schools["pair"] = [f"p{place // 2:02d}" for place in range(24)]
    error = refused(schools, make_plan(method="pairs", pairs={"column": "pair"}), tmp_path)
    assert "Pair 'p00' lies in several strata (North, South). Pair within a stratum." in error.problems


def test_classes_are_not_classs(schools, make_plan, tmp_path):
    schools["pair"] = ["p"] * 3 + [f"q{place // 3}" for place in range(3, 24)]
    error = refused(schools, make_plan(unit="class", method="pairs", strata=[], pairs={"column": "pair"}), tmp_path)
    assert error.problems[0].startswith("Pair 'p' has 3 classes (100000, 100037, 100074); it must have 2.")


def test_an_odd_number_to_pair(schools, make_plan, tmp_path):
    plan = make_plan(method="pairs", strata=[{"column": "phase"}], pairs={"match_on": ["ks2"]})
    error = refused(schools.iloc[1:], plan, tmp_path)
    assert "strata with an odd number of schools: 'primary' (15). Exclude one" in error.message


def test_more_arms_than_schools(schools, make_plan, tmp_path):
    arms = [{"id": f"arm{place}", "label": "x"} for place in range(3)]
    error = refused(schools.iloc[:2], make_plan(method="simple", strata=[], arms=arms), tmp_path)
    assert error.message.startswith("There are 2 schools for 3 arms, so an arm would get none.")


def test_a_share_so_small_that_an_arm_gets_nobody(schools, make_plan, tmp_path):
    arms = [{"id": "programme", "label": "P", "share": 99}, {"id": "control", "label": "C"}]
    error = refused(schools, make_plan(method="simple", strata=[], arms=arms), tmp_path)
    assert "1 of 2 arms would get nobody: there are only 24 to allocate with shares 99 : 1" in error.message


def test_a_balance_that_no_draw_meets(schools, make_plan, tmp_path):
    plan = make_plan(balance={"columns": ["ks2", "fsm"], "at_most": 1e-6, "most_draws": 30})
    assert "None of 30 draws met the balance criterion" in refused(schools, plan, tmp_path).message


def test_a_list_without_a_column(schools, make_plan, tmp_path):
    with pytest.raises(SpecError, match=r"the list has no column 'centre', which the plan names\. It has: urn, phase"):
        randomise(schools.drop(columns="centre"), make_plan(), to=tmp_path)


def test_an_empty_list(schools, make_plan, tmp_path):
    assert "There is no school to allocate" in str(refused(schools.iloc[:0], make_plan(), tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("list.pdf", b"x", "must be a .csv or .xlsx file"),
        ("list.csv", b"urn,centre\n1,Caf\xe9\n", "is not UTF-8 text"),
        ("list.csv", b"", "the file is empty"),
        ("list.csv", b"urn,centre\n1,North,extra,more\n", "the header has 2 columns, and row 2 has more or fewer"),
        ("list.csv", b"urn,centre,centre\n1,North,South\n", "the column 'centre' stands twice"),
        ("list.xlsx", b"not a workbook", "the workbook cannot be opened"),
    ],
)
def test_a_file_that_cannot_be_read(make_plan, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SpecError, match=words):
        randomise(tmp_path / name, make_plan(), to=tmp_path / "out")


def test_a_file_that_is_not_there(make_plan, tmp_path):
    with pytest.raises(SpecError, match="there is no such file"):
        randomise(tmp_path / "none.csv", make_plan(), to=tmp_path)


def test_sheets_of_a_workbook(schools, make_plan, tmp_path):
    with pd.ExcelWriter(tmp_path / "list.xlsx") as book:
        schools.to_excel(book, sheet_name="Schools", index=False)
        schools.iloc[:3].to_excel(book, sheet_name="Notes", index=False)
    with pytest.raises(SpecError, match=r"has the sheets Schools, Notes\. Name one in the plan under 'sheet'"):
        randomise(tmp_path / "list.xlsx", make_plan(), to=tmp_path)
    with pytest.raises(SpecError, match=r"there is no sheet 'List'\. It has: Schools, Notes"):
        randomise(tmp_path / "list.xlsx", make_plan(sheet="List"), to=tmp_path)
    made = randomise(tmp_path / "list.xlsx", make_plan(sheet="Schools"), to=tmp_path)
    assert sum(made.certificate.arms.values()) == 24


def test_semicolons_ids_as_numbers_and_blank_rows(schools, make_plan, tmp_path):
    text = schools.to_csv(index=False, sep=";").replace("primary", "Grundschule ä") + ";;;;\n"
    (tmp_path / "list.csv").write_text("\ufeff" + text, encoding="utf-8")
    from_file = randomise(tmp_path / "list.csv", make_plan(), to=tmp_path / "a")
    as_numbers = randomise(schools.assign(urn=schools["urn"].astype(float)), make_plan(), to=tmp_path / "b")
    assert from_file.certificate.list_sha256 == as_numbers.certificate.list_sha256


def broken_plan(plan_file, **changes):
    content = yaml.safe_load(plan_file.read_text())
    for key, value in changes.items():
        if value is None:
            del content[key]
        else:
            content[key] = value
    plan_file.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(SpecError) as error:
        load_randomisation(plan_file)
    return str(error.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": None}, "The seed is missing; add 'seed:' with 'value' (a whole number) and 'source'"),
        ({"seed": {"value": 3}}, "the key 'source' is missing under 'seed'"),
        ({"strata": None}, "The method stratified needs 'strata', one column at least"),
        ({"method": "simple"}, "The method simple has no strata"),
        ({"method": "pairs"}, "The method pairs and the key 'pairs' go together"),
        ({"arms": [{"id": "a", "label": "A"}]}, "at least 2 items"),
        ({"arms": [{"id": "a", "label": "A", "share": 2}, {"id": "b", "label": "B", "share": 4}]}, "common factor"),
        ({"arms": [{"id": "a", "label": "A"}, {"id": "a", "label": "B"}]}, "'a' stands twice"),
        ({"id_column": "centre"}, "it cannot also be balanced on"),
        ({"unit": "arm"}, "'arm' is a column of the allocation itself"),
        (
            {"method": "minimisation", "balance": {"columns": ["ks2"], "at_most": 0.1}},
            "Minimisation balances by itself",
        ),
        (
            {"method": "pairs", "pairs": {"match_on": ["x"], "column": "y"}},
            "Give either 'column', which holds the pairs, or 'match_on'",
        ),
        ({"stata": "x"}, "unknown key 'stata'. Did you mean 'strata'?"),
    ],
)
def test_a_plan_that_breaks_its_rules(plan_file, changes, words):
    assert words in broken_plan(plan_file, **changes)
