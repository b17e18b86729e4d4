"""Tables: cells that are safe, aligned and honest about gaps."""

import re
from dataclasses import replace

import pytest

from evalkit.report import tables, tables_evaluator, tables_measure
from evalkit.report.blocks import Table
from tests.golden.make_report import all_tables
from tests.golden.sample import sample


def every_table() -> list[tuple[str, Table]]:
    found = all_tables(sample())
    flat = [(name, one) for name, shown in found.items() for one in (shown if isinstance(shown, list) else [shown])]
    assert all(isinstance(one, Table) for _, one in flat)
    return flat  # type: ignore[return-value]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize(("name", "table"), every_table(), ids=lambda one: one if isinstance(one, str) else "")
def test_every_table_is_rectangular_and_has_a_caption(name: str, table: Table) -> None:
    lines = table.markdown.split("\n")
    widths = {len(cells(line)) for line in lines}
    assert len(widths) == 1, name
    assert len(lines) > 2, name
    assert table.caption.endswith(".")
    assert not table.widths or len(table.widths) == widths.pop()
    assert "nan" not in table.markdown.lower()
    assert not re.search(r"\d-|(?<![\w\\])-\d", table.markdown.replace("\\-", ""))


def test_numbers_stand_to_the_right() -> None:
    rule = cells(tables.change_table(sample()).markdown.split("\n")[1])
    assert rule == [":---", *["---:"] * 6]


def test_a_bar_in_a_label_is_escaped() -> None:
    scale = sample().plan.outcomes[0].scale
    assert "keeps to goals \\| plans" in tables.answers_table(sample(), scale).markdown


def test_suppressed_cells_show_c_and_the_caption_says_why() -> None:
    table = tables.leavers_table(sample(lost=5))
    assert "| c | c |" in table.markdown
    assert "c: not shown, because it rests on fewer than 10 pupils" in table.caption
    assert "c: not shown" not in tables.change_table(sample()).caption


def test_a_suppressed_outcome_shows_no_number_of_its_change() -> None:
    line = next(one for one in tables.change_table(sample(hidden=("grit",))).markdown.split("\n") if "Grit" in one)
    assert cells(line)[2:6] == ["c", "c", "c", "c"]


def test_without_a_smallest_change_none_is_invented() -> None:
    line = next(one for one in tables.change_table(sample()).markdown.split("\n") if "Motivation" in one)
    assert cells(line)[-1] == "none declared"


def test_three_kinds_of_percent_change_name_their_zero() -> None:
    lines = tables.percent_meanings(sample()).markdown.split("\n")[2:]
    assert len(lines) == 3
    assert all(cells(line)[2].startswith("0 means") for line in lines)


def test_sensitivity_gives_p_and_the_adjusted_p_for_the_t_test() -> None:
    first = tables_evaluator.sensitivity_tables(sample())[0].markdown.split("\n")
    assert "p (Holm)" in first[0]
    row = cells(next(line for line in first if "paired t" in line))
    assert row[3].startswith("t(47)")
    assert row[4] == "0.011"


def test_one_sided_tests_say_so_and_which_way() -> None:
    results = sample()
    results = replace(results, plan=results.plan.model_copy(update={"sides": 1}))
    results.instruments["grit_s8"]["scores"]["total"]["higher_is"] = "worse"
    first, second, _ = tables_evaluator.sensitivity_tables(results)
    assert cells(first.markdown.split("\n")[0])[-2:] == ["one\\-sided p", "one\\-sided p (Holm)"]
    assert "one-sided, as planned: they test for a rise only" in first.caption
    assert "one-sided, as planned: they test for a fall only" in second.caption
    assert "sided" not in tables_evaluator.sensitivity_tables(sample())[0].caption


def test_a_hidden_number_of_pupils_behind_the_ratio_is_marked() -> None:
    results = sample()
    ratio = results.estimates["estimator"] == "percent_pupil_ratio"
    results.estimates.loc[ratio & (results.estimates["outcome"] == "grit"), "n_treated"] = float("nan")
    assert [cells(line)[-1] for line in tables.percent_table(results).markdown.split("\n")[2:]] == ["47", "c", "47"]
    results.estimates.loc[ratio, "n_treated"] = float("nan")
    table = tables.percent_table(results)
    assert "Pupils in the last figure" not in table.markdown
    assert table.caption.endswith("Left out, as it may not be shown: pupils in the last figure.")


def test_shares_that_may_nowhere_be_shown_have_no_column() -> None:
    results = sample()
    results.displays["quality"][["floor_percent", "ceiling_percent"]] = float("nan")
    table = tables_measure.answering_table(results)
    assert "Lowest score" not in table.markdown
    assert "lowest score, highest score and same answer throughout" in table.caption
    assert "No score" in table.markdown


def test_a_column_that_may_not_be_shown_is_left_out_and_named() -> None:
    results = sample()
    results.displays["items"].loc[lambda frame: frame["wave"] == "post", "mean"] = float("nan")
    table = tables_measure.items_table(results, results.plan.outcomes[0].scale)
    assert "Mean after" not in table.markdown
    assert "mean after" in table.caption


def test_hashes_stand_in_full() -> None:
    assert ("a" * 32 + " " + "a" * 32) in tables_evaluator.hash_table(sample()).markdown
