"""The static document holds no code, all files it needs, and refers to nothing that is missing."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import yaml

from evalkit.errors import ReportError
from evalkit.report.blocks import Block, Div, Figure, Markdown, Table
from evalkit.report.execute import CellOutput, Executed
from evalkit.report.parse import Cell, Place, Prose, Template
from evalkit.report.static import Format, StaticDoc, static_document, tidy_svg

SVG = b'<?xml version="1.0"?><svg width="10pt" xmlns="http://www.w3.org/2000/svg"><g id="a"/><use href="#a"/></svg>'
FIGURE = Figure(SVG, 'Says "up" & more')


def output(*blocks: Block, **options: object) -> CellOutput:
    spelled = {name.replace("_", "-"): value for name, value in options.items()}
    captions = {key: str(value) for key, value in spelled.items() if key in ("fig-cap", "fig-alt", "tbl-cap")}
    return CellOutput(Cell("python", "1 + 1", spelled, Place("t.qmd", 9)), blocks, captions)


def lay(parts: Sequence[Prose | CellOutput], folder: Path, fmt: Format = "html", **front: object) -> StaticDoc:
    template = Template(folder / "t.qmd", {}, ())
    spelled = {name.replace("_", "-"): value for name, value in front.items()}
    return static_document(Executed(template, {"title": "T", **spelled}, tuple(parts)), fmt)


def prose(text: str) -> Prose:
    return Prose(text, Place("t.qmd", 3))


def test_front_matter_is_plain_and_dated_in_words(tmp_path: Path):
    doc = lay([prose("Text.")], tmp_path, date="2026-07-04", execute={"echo": True}, subtitle="S")
    front = yaml.safe_load(doc.text.split("---")[1])
    assert front == {"lang": "en-GB", "title": "T", "subtitle": "S", "date": "4 July 2026", "engine": "markdown"}
    assert doc.day == date(2026, 7, 4)


@pytest.mark.parametrize(
    ("fmt", "path", "data"), [("html", "svg", b"<svg"), ("pdf", "svg", b"<svg"), ("docx", "png", b"\x89PNG")]
)
def test_a_labelled_figure(tmp_path: Path, fmt: Format, path: str, data: bytes):
    doc = lay([output(FIGURE, label="fig-a", fig_cap="Caption"), prose("See @fig-a.")], tmp_path, fmt)
    assert doc.files[f"figures/fig-a.{path}"].startswith(data)
    assert f'![](figures/fig-a.{path}){{fig-alt="Says \\"up\\" & more"}}\n\nCaption\n:::' in doc.text
    assert "::: {#fig-a}" in doc.text


def test_a_labelled_table_with_widths(tmp_path: Path):
    doc = lay([output(Table("| a |\n|---|\n| 1 |", "C", (2.0, 1.0)), label="tbl-a")], tmp_path)
    assert '::: {#tbl-a tbl-colwidths="[2.0,1.0]"}\n| a |\n|---|\n| 1 |\n\nC\n:::' in doc.text


def test_boxes_nest_with_more_colons_outside(tmp_path: Path):
    inner = Div("fact", (Markdown("**1** x"),))
    doc = lay([output(Div("facts", (inner,)))], tmp_path)
    assert re.search(r"^::::: \{\.facts\}\n:::: \{\.fact\}\n\*\*1\*\* x\n::::\n:::::$", doc.text, re.MULTILINE)


def test_echo_include_output_and_columns(tmp_path: Path):
    shown = lay([output(Markdown("out"), echo=True)], tmp_path).text
    assert "```{.python}\n1 + 1\n```\n\nout" in shown
    assert "out" not in lay([output(Markdown("out"), include=False)], tmp_path).text
    assert "out" not in lay([output(Markdown("out"), output=False)], tmp_path).text
    assert "::: {layout-ncol=2}\nout\n:::" in lay([output(Markdown("out"), layout_ncol=2)], tmp_path).text


def test_shortcodes(tmp_path: Path):
    doc = lay(
        [prose("By {{< meta subtitle >}}.\n\n{{< pagebreak >}}\n\n`{{< meta x >}}` stays.")], tmp_path, subtitle="S"
    )
    assert "By S." in doc.text
    assert "::: {.pagebreak}" in doc.text
    assert "`{{< meta x >}}` stays" in doc.text


def test_pictures_beside_the_template_come_along(tmp_path: Path):
    (tmp_path / "a.svg").write_bytes(SVG)
    (tmp_path / "b.png").write_bytes(b"png")
    doc = lay([prose('![](a.svg){fig-alt="A"} ![B](b.png)')], tmp_path)
    assert doc.files["b.png"] == b"png"
    assert b'aria-label="A"' in doc.files["a.svg"]


def test_all_problems_at_once(tmp_path: Path):
    parts = [
        output(Figure(SVG, ""), label="fig-a"),
        output(Markdown("x"), label="tbl-b"),
        output(Table("| a |\n|---|\n| 1 |")),
        prose("See @fig-z and me@fig-q.org and `@fig-y` and \\@fig-x.\n\n![x](gone.png)\n\n{{< meta none >}}"),
        prose("## A {#sec-a}\n\n## B {#sec-a}"),
    ]
    with pytest.raises(ReportError) as refused:
        lay(parts, tmp_path)
    text = "\n".join(refused.value.problems)
    for says in (
        "has no words for those who cannot see it",
        "its figure has no caption",
        'cell "tbl-b" gives 0 tables',
        "its table has no caption",
        "@fig-z refers to nothing. The document has: @sec-a",
        "the picture gone.png is missing",
        "{{< meta none >}} names nothing",
        "the label sec-a is used 2 times",
    ):
        assert says in text
    assert len(refused.value.problems) == 8


def test_svg_ids_are_its_own_and_it_has_a_name():
    svg = tidy_svg(SVG + b"<!-- x -->", name="fig-a", alt='a "b" <c>').decode()
    assert svg.startswith('<svg role="img" aria-label="a &quot;b&quot; &lt;c&gt;"')
    assert 'id="fig-a-a"' in svg
    assert 'href="#fig-a-a"' in svg
    assert "<?xml" not in svg
    assert "<!--" not in svg
