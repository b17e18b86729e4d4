"""Figures: true to their data, the same bytes twice, readable, and described in words."""

import re
from dataclasses import replace

import pytest

from evalkit.errors import ReportError
from evalkit.report import figures
from evalkit.report.blocks import Figure
from evalkit.report.brand import PALETTE
from evalkit.report.figure_answers import Piece, side_of, start_of, upper_shares
from evalkit.report.figure_distribution import band
from evalkit.report.figure_png import draw_dots
from evalkit.report.figure_style import WIDTH, title_lines
from evalkit.report.figure_svg import lighten
from tests.golden.sample import OUTCOMES, sample

PAGE = 6.6  # inches of text on an A4 page


def every_figure() -> list[Figure]:
    results = sample()
    return [
        figures.flow(results), figures.change(results), *figures.distributions(results), *figures.answers(results),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def drawn() -> list[Figure]:
    return every_figure()


def test_the_same_bytes_twice(drawn: list[Figure]) -> None:
    assert every_figure() == drawn


def test_every_figure_has_words_and_is_light(drawn: list[Figure]) -> None:
    assert len(drawn) == 8
    assert sum(len(one.svg) for one in drawn) < 200_000
    for one in drawn:
        assert len(one.alt) > 40
        assert re.search(r"\d", one.alt)
        assert "nan" not in one.alt.lower()
        assert b"Date" not in one.svg


def test_no_text_prints_smaller_than_9_points(drawn: list[Figure]) -> None:
    for one in drawn:
        width = float(re.search(rb'width="([\d.]+)pt"', one.svg)[1]) / 72  # type: ignore[index]
        assert width == pytest.approx(WIDTH, abs=0.15)
        sizes = [float(size) for size in re.findall(rb"font(?:-size)?:[^;\"]*?([\d.]+)px", one.svg)]
        assert sizes
        assert min(sizes) * PAGE / width >= 9


def test_text_stays_text_with_a_family_that_every_computer_has(drawn: list[Figure]) -> None:
    for one in drawn:
        assert b"<text" in one.svg
        assert b"sans-serif" in one.svg


def test_no_text_is_cut_off(drawn: list[Figure]) -> None:
    """Drawn text is kept inside the picture: the PNG's outermost columns hold no ink of letters."""
    from io import BytesIO

    import numpy as np
    from matplotlib.image import imread

    for dots in draw_dots([one.svg for one in drawn]):
        pixels = imread(BytesIO(dots))[:, :, :3]
        assert pixels[:, -1].min() > 0.6
        assert np.isfinite(pixels).all()


def test_before_and_after_differ_in_grey_too() -> None:
    def lightness(colour: str) -> float:
        return sum(weight * int(colour[i : i + 2], 16) for weight, i in ((0.3, 1), (0.59, 3), (0.11, 5)))

    assert abs(lightness(PALETTE["sky"]) - lightness(PALETTE["primary"])) > 60


def test_the_flow_adds_up() -> None:
    data = figures.figure_data("flow", sample()).set_index("step")["n"].astype(int)
    assert data["answered_pre"] == data["pre_only"] + data["linked"]
    assert data["answered_post"] == data["post_only"] + data["linked"]


def test_the_main_chart_draws_a_smallest_change_only_where_declared() -> None:
    data = figures.figure_data("change", sample()).set_index("label")
    assert data["worthwhile"].notna().tolist() == [True, True, False]
    assert figures.change(sample()).svg.count(b"stroke-dasharray") == 4  # two marks for each of two outcomes
    caption = figures.change(sample()).caption
    assert "smallest change that matters" in caption


def test_markers_show_the_direction_without_colour() -> None:
    assert figures.figure_data("change", sample())["marker"].tolist() == [">", "o", "o"]


def test_a_suppressed_outcome_is_not_drawn() -> None:
    figure = figures.change(sample(hidden=("grit",)))
    assert "Grit: not shown" in figure.alt
    assert b"not shown" in figure.svg


def test_there_is_no_chart_when_no_change_may_be_shown() -> None:
    assert figures.change(sample(hidden=("self_efficacy", "grit", "motivation"))) is None


def test_a_long_label_is_shortened_in_the_picture_and_whole_in_its_words() -> None:
    label = "Worry about mathematics and about other subjects that have to do with numbers"
    figure = figures.change(sample(outcomes={"worry": (label, *OUTCOMES["grit"][1:])}))
    assert figure is not None
    assert "Worry about mathematics and about other …".encode() in figure.svg
    assert label in figure.alt


def test_light_svg_keeps_what_is_seen() -> None:
    heavy = (
        b'<svg width="10pt"><defs><clipPath id="p1"/></defs><g id="text_1">\n <text style="font-size: 9px; '
        b'font-family: \'DejaVu Sans\'; text-anchor: middle" x="1.23456" transform="rotate(-0 1 2)">A  B</text>\n</g>'
        b'<path d="M 1.23456 2 \nL 3 4.00001" clip-path="url(#p1)"/><g id="empty"/></svg>'
    )
    light = lighten(heavy).decode()
    assert 'id="p1"' in light
    assert "text_1" not in light
    assert "empty" not in light
    assert "A  B" in light
    assert 'd="M 1.23 2 L 3 4"' in light
    assert light.count("font-family") == 1
    assert "rotate" not in light


def test_suppressed_answers_are_drawn_as_c_without_a_number() -> None:
    data = figures.figure_data("answers", sample())
    hidden = data[(data["item"] == "q4") & (data["low"] <= 2)]
    assert hidden["share"].isna().all()
    figure = figures.answers(sample())[0]
    assert b"c (not shown)" in figure.svg
    assert "copes with surprises: not shown" in figure.alt


def test_nothing_is_drawn_where_nothing_may_be_shown() -> None:
    results = sample()
    gone = {
        name: results.displays[name].assign(count=float("nan"), percent=float("nan"))
        for name in ("distribution", "answers")
    }
    hidden = replace(results, displays={**results.displays, **gone})
    assert figures.distributions(hidden) == []
    assert figures.answers(hidden) == []


def test_groups_of_answers_are_read_from_the_display() -> None:
    results = sample()
    frame = results.displays["answers"]
    frame = frame.assign(answer_low=frame["answer"], answer_high=frame["answer"], group_percent=frame["percent"])
    chosen = frame["answer"] <= 2
    frame.loc[chosen, ["answer_low", "answer_high", "group_percent"]] = [1, 2, 40.0]
    data = figures.figure_data("answers", replace(results, displays={**results.displays, "answers": frame}))
    first = data[(data["outcome"] == "self_efficacy") & (data["item"] == "q1") & (data["wave"] == "before")]
    assert first[["low", "high"]].to_numpy().tolist() == [[1, 2], [3, 3], [4, 4]]
    assert first["share"].iloc[0] == 40.0


def test_bars_part_at_the_middle_of_the_scale() -> None:
    bar = [
        Piece("q", "Q", "before", low, high, share, 40)
        for low, high, share in ((1, 2, 30.0), (3, 3, 20.0), (4, 5, 50.0))
    ]
    assert [side_of(piece, 3) for piece in bar] == ["lower", "across", "upper"]
    assert start_of(bar, 3) == -40.0
    assert upper_shares((*bar, *(replace(one, wave="after") for one in bar)), 3) == {
        "q": {"before": 50.0, "after": 50.0}
    }


@pytest.mark.parametrize(
    ("low", "high", "whole", "last", "expected"),
    [
        (10, 13, True, False, "10–12"),
        (37, 40, True, True, "37–40"),
        (10, 11, True, False, "10"),
        (1.0, 2.5, False, False, "1.0 to\nunder 2.5"),
        (2.5, 5.0, False, True, "2.5–5.0"),
    ],
)
def test_bands_do_not_overlap(low: float, high: float, whole: bool, last: bool, expected: str) -> None:
    assert band(low, high, whole=whole, last=last) == expected


def test_long_titles_break_evenly() -> None:
    lines = title_lines("word " * 30)
    assert len(lines) > 1
    assert max(map(len, lines)) - min(map(len, lines)) < 15


def test_an_unknown_figure_is_refused() -> None:
    with pytest.raises(ReportError, match="Use one of: flow, change, distribution, answers"):
        figures.figure_data("pie", sample())  # type: ignore[arg-type]
