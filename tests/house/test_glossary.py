"""Every column has its meaning in the glossary, and the printed glossary is up to date."""

import importlib.util
from pathlib import Path

import pytest

import evalkit
from evalkit.analysis.caveats import CAVEAT_KINDS
from evalkit.analysis.displays import CHANGE_COLUMNS, DISTRIBUTION_COLUMNS, MEANS_COLUMNS
from evalkit.analysis.feedback_displays import RESPONSE_TABLE_COLUMNS, SURVEY_ANSWERS_COLUMNS, THEME_COLUMNS
from evalkit.analysis.feedback_survey import SURVEY_LIMITS, SURVEY_MODEL_COLUMNS, SURVEY_WARNINGS
from evalkit.analysis.figure_findings import FINDING_COLUMNS, FINDING_KINDS
from evalkit.analysis.measure_displays import ANSWERS_COLUMNS
from evalkit.analysis.measurement_displays import SHOWN_COLUMNS
from evalkit.analysis.models import MODEL_COLUMNS
from evalkit.analysis.national_comparison import FIGURE_COLUMNS, FIGURE_WARNINGS, NATIONAL_LIMITS
from evalkit.analysis.transitions import TRANSITION_COLUMNS
from evalkit.analysis.trial_balance import BALANCE_COLUMNS
from evalkit.analysis.trial_caveats import TRIAL_LIMITS, TRIAL_NOTES, TRIAL_WARNINGS
from evalkit.analysis.trial_context import CONTEXT_COLUMNS
from evalkit.analysis.trial_cost import COST_COLUMNS, COST_SUMMARY_COLUMNS
from evalkit.analysis.trial_distributions import ARMS_COLUMNS
from evalkit.analysis.trial_distributions import DISTRIBUTION_COLUMNS as TRIAL_DISTRIBUTION_COLUMNS
from evalkit.analysis.trial_fidelity import FIDELITY_COLUMNS, FIDELITY_SUMMARY_COLUMNS
from evalkit.analysis.trial_flow import ATTRITION_COLUMNS, FLOW_COLUMNS, REASON_COLUMNS, WWC_ATTRITION_COLUMNS
from evalkit.analysis.trial_missing_table import MISSING_COLUMNS
from evalkit.analysis.trial_months import MONTHS_COLUMNS
from evalkit.analysis.trial_schools import SCHOOLS_COLUMNS
from evalkit.analysis.trial_security import PADLOCK_COLUMNS, THREAT_COLUMNS
from evalkit.analysis.trial_wwc import WWC_COLUMNS
from evalkit.planning.seal import DEVIATION_COLUMNS, SEAL_COLUMNS
from evalkit.records.checklist import CHECKLIST_COLUMNS
from evalkit.records.columns import GLOSSARY
from evalkit.records.responses import PROBLEM_COLUMNS
from evalkit.records.results import ESTIMATE_COLUMNS, TEXT_COLUMNS
from evalkit.records.scores import (
    ANSWER_COLUMNS,
    ITEM_COLUMNS,
    LOADING_COLUMNS,
    QUALITY_COLUMNS,
    SCORE_COLUMNS,
)

ROOT = Path(evalkit.__file__).parent.parent
TABLES = {
    "scores": SCORE_COLUMNS,
    "quality": QUALITY_COLUMNS,
    "items": ITEM_COLUMNS,
    "answers (scoring)": ANSWER_COLUMNS,
    "answers": ANSWERS_COLUMNS,
    "factors": SHOWN_COLUMNS["factors"],
    "loadings": LOADING_COLUMNS,
    "invariance": SHOWN_COLUMNS["invariance"],
    "dif": SHOWN_COLUMNS["dif"],
    "estimates": ESTIMATE_COLUMNS,
    "models": MODEL_COLUMNS,
    "flow": ("step", "n"),
    "change": CHANGE_COLUMNS,
    "means": MEANS_COLUMNS,
    "distribution": DISTRIBUTION_COLUMNS,
    "seal": SEAL_COLUMNS,
    "deviations": DEVIATION_COLUMNS,
    "problems": PROBLEM_COLUMNS,
    "figures": FIGURE_COLUMNS,
    "findings": FINDING_COLUMNS,
    "transitions": TRANSITION_COLUMNS,
    "response": RESPONSE_TABLE_COLUMNS,
    "answers (survey)": SURVEY_ANSWERS_COLUMNS,
    "themes": THEME_COLUMNS,
    "models (survey)": SURVEY_MODEL_COLUMNS,
}
TRIAL_TABLES = {
    "flow": FLOW_COLUMNS,
    "reasons": REASON_COLUMNS,
    "attrition": ATTRITION_COLUMNS,
    "wwc_attrition": WWC_ATTRITION_COLUMNS,
    "balance": BALANCE_COLUMNS,
    "distribution": TRIAL_DISTRIBUTION_COLUMNS,
    "arms": ARMS_COLUMNS,
    "schools": SCHOOLS_COLUMNS,
    "missing_pattern": MISSING_COLUMNS,
    "months": MONTHS_COLUMNS,
    "padlocks": PADLOCK_COLUMNS,
    "threats": THREAT_COLUMNS,
    "wwc": WWC_COLUMNS,
    "cost": COST_COLUMNS,
    "cost_summary": COST_SUMMARY_COLUMNS,
    "fidelity": FIDELITY_COLUMNS,
    "fidelity_summary": FIDELITY_SUMMARY_COLUMNS,
    "checklist": CHECKLIST_COLUMNS,
    "context": CONTEXT_COLUMNS,
}


def glossary_page() -> str:
    """What the page should say."""
    spec = importlib.util.spec_from_file_location("make_glossary", ROOT / "docs" / "make_glossary.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    return maker.glossary_page()


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_column_of_a_table_is_explained(table: str) -> None:
    assert [column for column in TABLES[table] if column not in GLOSSARY] == []


@pytest.mark.parametrize("table", sorted(TRIAL_TABLES))
def test_every_display_of_a_trial_is_explained(table: str) -> None:
    assert [column for column in TRIAL_TABLES[table] if column not in GLOSSARY] == []
    page = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    line = next(
        line for line in page.split("## Displays of a trial")[1].splitlines() if line.startswith(f"| `{table}`")
    )
    assert [column for column in TRIAL_TABLES[table] if f"`{column}`" not in line] == []


def test_meanings_are_whole_sentences() -> None:
    assert [name for name, column in GLOSSARY.items() if not column.meaning.endswith(".")] == []


def test_text_columns_are_read_back_as_text() -> None:
    crossing = {column for name in TABLES for column in TABLES[name]} & set(GLOSSARY)
    measured = {column for columns in SHOWN_COLUMNS.values() for column in columns}
    in_results = crossing & set(
        (*ESTIMATE_COLUMNS, *MODEL_COLUMNS, *CHANGE_COLUMNS, *MEANS_COLUMNS, *ANSWERS_COLUMNS, *measured)
    )
    wrong = [name for name in in_results if (GLOSSARY[name].dtype == "text") != (name in TEXT_COLUMNS)]
    assert wrong == []


def test_the_printed_glossary_is_up_to_date() -> None:
    page = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    assert page == glossary_page(), "run: python docs/make_glossary.py"


def test_every_caveat_is_on_the_results_page() -> None:
    page = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    assert [kind for kind in CAVEAT_KINDS if f"`{kind}`" not in page] == []
    trial = page.split("\nIn a trial:\n")[1]
    assert [kind for kind in (*TRIAL_LIMITS, *TRIAL_WARNINGS, *TRIAL_NOTES) if f"`{kind}`" not in trial] == []


def test_what_published_figures_give_is_on_the_results_page() -> None:
    page = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8").split("## Published figures")[1]
    wanted = (*FIGURE_COLUMNS, *FINDING_COLUMNS, *TRANSITION_COLUMNS)
    wanted += (*FINDING_KINDS, *NATIONAL_LIMITS, *FIGURE_WARNINGS)
    assert [name for name in wanted if f"`{name}`" not in page] == []


def test_what_a_survey_of_staff_gives_is_on_the_results_page() -> None:
    page = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8").split("## Surveys of staff")[1]
    wanted = (*RESPONSE_TABLE_COLUMNS, *SURVEY_ANSWERS_COLUMNS, *THEME_COLUMNS, *SURVEY_LIMITS, *SURVEY_WARNINGS)
    assert [name for name in wanted if f"`{name}`" not in page] == []


def test_every_display_and_column_is_on_the_results_page() -> None:
    page = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    shown = (CHANGE_COLUMNS, MEANS_COLUMNS, DISTRIBUTION_COLUMNS, ANSWERS_COLUMNS, MODEL_COLUMNS)
    for columns in (*shown, *SHOWN_COLUMNS.values()):
        assert [column for column in columns if f"`{column}`" not in page] == []
