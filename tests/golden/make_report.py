"""What the report shows for the invented results, as plain text, frozen in report_single_group_prepost.json.

After a change that is meant: `PYTHONPATH=. python tests/golden/make_report.py`, and read the difference.
"""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from evalkit.records.results import Results
from evalkit.report import figures, sections, tables, tables_evaluator, tables_measure
from evalkit.report.blocks import Block, Div, Figure, Markdown, Table

if __name__ == "__main__":  # other packages install a top-level `tests` too; ours must be the one that is found
    ours = ModuleType("tests")
    ours.__path__ = [str(Path(__file__).parents[1])]
    sys.modules["tests"] = ours

from tests.golden.branches import answers, changes_in_words, checks_in_words
from tests.golden.sample import sample

FROZEN = Path(__file__).parent / "report_single_group_prepost.json"
PAGE = (
    "banner", "answer_box", "fact_boxes", "how_sure", "change_list", "likely_range", "steps", "limits", "warnings",
    "published", "cautions", "decisions", "citations",
)  # fmt: skip


def report_content() -> dict[str, Any]:
    """Words, table cells and figure data of the invented results."""
    results = sample()
    return {
        "answers": answers(),
        "changes": changes_in_words(),
        "checks": checks_in_words(results),
        "page": {name: text_of(getattr(sections, name)(results)) for name in PAGE},
        "tables": {name: text_of(block) for name, block in all_tables(results).items()},
        "figures": {name: frame_of(figures.figure_data(name, results)) for name in figures.FIGURES},
        "alt": [
            one.alt for one in (figures.flow(results), figures.change(results), *figures.distributions(results)) if one
        ],
    }


def all_tables(results: Results) -> dict[str, Block | list[Table]]:
    """Every table of the report by name."""
    scale = results.plan.outcomes[0].scale
    return {
        "change": tables.change_table(results),
        "distribution": tables.distribution_table(results),
        "answers": tables.answers_table(results, scale),
        "reliable": tables.reliable_table(results),
        "percent": tables.percent_table(results),
        "meanings": tables.percent_meanings(results),
        "leavers": tables.leavers_table(results),
        "reliability": tables_measure.reliability_table(results),
        "answering": tables_measure.answering_table(results),
        "items": tables_measure.items_table(results, scale),
        "model": tables_evaluator.model_table(results),
        "sensitivity": tables_evaluator.sensitivity_tables(results),
        "hashes": tables_evaluator.hash_table(results),
        "environment": tables_evaluator.environment_table(results),
    }


def text_of(shown: Block | list[Any]) -> list[str]:
    """The lines of a block or of several."""
    if isinstance(shown, list):
        return [line for block in shown for line in text_of(block)]
    if isinstance(shown, Div):
        return text_of(list(shown.content))
    if isinstance(shown, Table):
        return [*shown.markdown.split("\n"), shown.caption]
    if isinstance(shown, Figure):
        return [shown.alt]
    assert isinstance(shown, Markdown)
    return shown.text.split("\n")


def frame_of(frame: pd.DataFrame) -> list[str]:
    """A frame as lines of text, numbers to six digits."""
    rounded = [
        [f"{value:.6g}" if isinstance(value, float) else str(value) for value in row] for row in frame.to_numpy()
    ]
    return [", ".join(map(str, frame.columns)), *(", ".join(row) for row in rounded)]


def main() -> None:
    """Freeze the content."""
    FROZEN.write_text(json.dumps(report_content(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
