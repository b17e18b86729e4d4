"""Every part of the trial report for every kind of trial: no gap in a sentence, no figure without words."""

import re
from collections.abc import Iterator

import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.transforms import Bbox

from evalkit.report.blocks import Block, Div, Figure, Table
from tests.golden.make_report import text_of
from tests.golden.trial_branches import CASES, DISPLAYS, blocks_of, case
from tests.golden.trial_sample import trial
from tests.unit.report.test_tables import cells

BROKEN = re.compile(
    r"\bnan\b|\bNone\b(?! was)|\bNaN\b|(?<![\\^_])\{(?!\.)|\bTrue\b|\bFalse\b|-0\.0+\b|  +\S|\s\.(?:\s|$)|\.\."
)
CODE = re.compile(r"\$[^$]+\$|`[^`]+`|\[[^\]]+\]\{[^}]*\}")


def flat(shown: Block | list[Block]) -> Iterator[Block]:
    """Blocks without the boxes around them."""
    for block in shown if isinstance(shown, list) else [shown]:
        if isinstance(block, Div):
            yield from flat(list(block.content))
        else:
            yield block


DRAWN = ("cluster", "three arms")  # the others are put together but not drawn, which takes most of the time


@pytest.fixture(scope="module", params=sorted(CASES))
def parts(request: pytest.FixtureRequest) -> dict[str, Block | list[Block]]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param not in DRAWN:
            patch.setattr(FigureCanvasSVG, "print_figure", lambda _, file, **options: file.write(b"<svg ></svg>"))
            patch.setattr(Canvas, "get_tightbbox", lambda *_: Bbox.unit())
        return blocks_of(case(request.param))


def test_every_display_is_left_out_once() -> None:
    assert set(DISPLAYS) == set(trial().displays)


def test_no_gap_shows(parts: dict[str, Block | list[Block]]) -> None:
    for name, shown in parts.items():
        for line in text_of(shown):  # type: ignore[arg-type]
            text = CODE.sub("x", line.replace("\\", ""))
            assert not BROKEN.search(text), (name, text)


def test_every_part_says_something(parts: dict[str, Block | list[Block]]) -> None:
    quiet = {"plain banner", "brief banner"}
    assert [name for name, shown in parts.items() if not list(flat(shown)) and name not in quiet] == []


def test_every_figure_has_words_and_a_title(parts: dict[str, Block | list[Block]]) -> None:
    for name, shown in parts.items():
        for block in flat(shown):
            if isinstance(block, Figure):
                assert len(block.alt) > 40, name
                assert block.alt.endswith("."), name
                assert b"<svg" in block.svg, name


def test_every_table_is_rectangular_and_has_a_caption(parts: dict[str, Block | list[Block]]) -> None:
    for name, shown in parts.items():
        for block in flat(shown):
            if not isinstance(block, Table):
                continue
            lines = block.markdown.split("\n")
            widths = {len(cells(line)) for line in lines}
            assert len(widths) == 1, name
            assert len(lines) > 2, name
            assert block.caption.endswith("."), name
            assert not block.widths or len(block.widths) == widths.pop(), name
            assert all(cell for line in lines for cell in cells(line)), (name, block.markdown)
