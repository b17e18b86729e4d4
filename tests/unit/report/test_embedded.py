"""The built-in layout: three formats of one document, accessible, self-contained and the same bytes each time."""

import re
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest

from evalkit.errors import ReportError
from evalkit.report.brand import DEFAULT_BRAND, Brand
from evalkit.report.embedded import EmbeddedRenderer
from evalkit.report.layout import choose_renderer, render_document, render_documents
from evalkit.report.static import Format, StaticDoc

SVG = (
    b'<svg role="img" aria-label="Alt of A" width="480pt" height="100pt" viewBox="0 0 480 100" '
    b'xmlns="http://www.w3.org/2000/svg"><rect width="50" height="50" fill="#1f4e79"/></svg>'
)
# A grey picture of one point, enough for Word.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080000000"
    "03a7e9b550000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
BODY = """
::: {.answer}
The answer.
:::

::: {.facts}
::: {.fact}
**52** pupils
:::
::: {.fact}
**+3.8** points
:::
:::

::: {.callout-warning title="Take care"}
See @fig-a, @tbl-a and @sec-b.
:::

## First

::: {#fig-a}
![](figures/a.FIG){fig-alt="Alt of A"}

Caption of A
:::

::: {#tbl-a}
| Name | Number |
|:-----|-------:|
| One  |   1.50 |
| Two  |  12.25 |

Caption of T
:::

::: {.checks}
- **Comparison** [None]{.rating .poor} Nobody to compare with.
- **Size** [Fair]{.rating .fair} 52 pupils.
:::

## Second {#sec-b}

A formula $x^2$ and ö, Ж, €.

::: {layout-ncol=2}
![](figures/a.FIG){fig-alt="Left"}

![](figures/a.FIG){fig-alt="Right"}
:::

::: {.content-visible when-format="html"}
Only on the web.
:::

::: {.content-visible when-format="pdf"}
Only in print.
:::

::: {.pagebreak}
:::

::: {.next-steps}
1. Do this.
2. Do that.
:::

::: {.note}
A remark.
:::

::: {.small-print}
How it was made.
:::
"""


def document(fmt: Format, body: str = BODY, front: str = "") -> StaticDoc:
    kind = "png" if fmt == "docx" else "svg"
    text = f'---\ntitle: "A title & <more>"\nlang: en-GB\ndate: 4 July 2026\n{front}---\n{body.replace("FIG", kind)}'
    return StaticDoc(text, {f"figures/a.{kind}": PNG if fmt == "docx" else SVG}, fmt, None, "t.qmd")


def lay(folder: Path, fmt: Format, body: str = BODY, *, front: str = "", brand: Brand = DEFAULT_BRAND) -> bytes:
    out = folder / f"out.{fmt}"
    EmbeddedRenderer().render(document(fmt, body, front), out, brand=brand)
    return out.read_bytes()


def pdf_text(data: bytes, folder: Path) -> str:
    (folder / "read.pdf").write_bytes(data)
    try:
        done = subprocess.run(["pdftotext", "-layout", str(folder / "read.pdf"), "-"], capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("pdftotext is not installed")
    return done.stdout.decode()


def word_part(data: bytes, name: str = "word/document.xml") -> str:
    with zipfile.ZipFile(BytesIO(data)) as file:
        return file.read(name).decode()


class Outline(HTMLParser):
    """Collects tags with attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_html_has_what_readers_need(tmp_path: Path):
    page = lay(tmp_path, "html").decode()
    outline = Outline()
    outline.feed(page)
    tags = outline.tags
    assert ("html", {"lang": "en-GB"}) in tags
    assert sum(tag == "h1" for tag, _ in tags) == 1
    assert [tag for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)] == ["h1", "h2", "h2"]
    assert ("a", {"class": "skip", "href": "#report"}) in tags
    heads = [attributes.get("scope") for tag, attributes in tags if tag == "th"]
    assert heads == ["col", "col", "row", "row"]
    regions = [attributes["aria-label"] for _, attributes in tags if attributes.get("class") == "table-region"]
    assert regions == ["Table 1: Caption of T"]
    assert "<strong>Figure 1:</strong> Caption of A</figcaption>" in page
    assert "<caption><strong>Table 1:</strong> Caption of T</caption>" in page
    assert '<a href="#fig-a">Figure\u00a01</a>, <a href="#tbl-a">Table\u00a01</a>' in page
    assert '<a href="#sec-b">Second</a>' in page
    assert '<span class="rating poor">None</span>' in page
    assert '<span class="fact-number">52</span>' in page
    assert "Take care" in page
    assert "Only on the web" in page
    assert "Only in print" not in page
    assert "<math" in page
    assert '<div class="side-by-side" style="--columns: 2">' in page
    assert "A title &amp; &lt;more&gt;" in page


def test_html_needs_nothing_from_outside(tmp_path: Path):
    body = BODY + "\n![A point](dot.png)\n"
    doc = document("html", body)
    doc = StaticDoc(doc.text, {**doc.files, "dot.png": PNG}, "html", None, "t.qmd")
    EmbeddedRenderer().render(doc, tmp_path / "o.html", brand=DEFAULT_BRAND)
    page = (tmp_path / "o.html").read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(page)
    for tag, attributes in outline.tags:
        for name in ("src", "href", "xlink:href", "data"):
            value = attributes.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, value)
    assert "url(" not in page
    assert "@import" not in page
    assert "<script" not in page
    assert len(page) < 60_000


def test_pdf_is_accessible_and_complete(tmp_path: Path):
    data = lay(tmp_path, "pdf")  # typst itself refuses what breaks PDF/UA-1
    assert data.startswith(b"%PDF")
    assert b"pdfuaid:part" in data
    text = pdf_text(data, tmp_path)
    for words in ("A title & <more>", "Figure 1: Caption of A", "Table 1: Caption of T", "Only in print", "ö, Ж, €"):
        assert words in text
    assert "Only on the web" not in text
    assert text.index("Take care") < text.index("First") < text.index("Comparison") < text.index("Do this")


def test_word_has_headings_words_for_pictures_and_header_rows(tmp_path: Path):
    data = lay(tmp_path, "docx")
    body = word_part(data)
    assert body.count('w:pStyle w:val="Heading1"') == 2
    assert 'descr="Alt of A"' in body
    assert "<w:tblHeader" in body
    for style in ("Title", "Answer", "FactNumber", "FactLabel", "CalloutWarningTitle", "NextSteps", "NoteBox"):
        assert f'w:pStyle w:val="{style}"' in body
    assert 'w:tblStyle w:val="Facts"' in body
    assert 'w:rStyle w:val="Ratingpoor"' in body
    assert body.count("<w:pageBreakBefore/>") == 1
    assert 'w:type="page"' not in body
    assert 'w:val="en-GB"' in word_part(data, "word/styles.xml")
    assert 'w:name="compatibilityMode"' in word_part(data, "word/settings.xml")
    grids = re.findall(r"<w:tblGrid>(.*?)</w:tblGrid>", body)
    widths = [sum(int(width) for width in re.findall(r'w:w="(\d+)"', grid)) for grid in grids]
    assert all(abs(width - 9524) <= 2 for width in widths)


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
def test_the_same_bytes_again(tmp_path: Path, fmt: Format, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    first = lay(tmp_path, fmt)
    assert lay(tmp_path, fmt) == first


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
def test_numbered_sections(tmp_path: Path, fmt: Format):
    data = lay(tmp_path, fmt, "See @sec-b.\n\n## One\n\n### Inner {#sec-b}\n", front="number-sections: true\n")
    text = data.decode() if fmt == "html" else pdf_text(data, tmp_path) if fmt == "pdf" else word_part(data)
    assert "Section\u00a01.1" in text or "Section 1.1" in text


def test_text_that_looks_like_markup_stays_text_in_the_pdf(tmp_path: Path):
    rows = [
        "\\- one",
        "1\\. two",
        "\\+ three",
        "\\= four",
        "/ five: x",
        "\\#six",
        "\\$7\\$ \\*8\\* \\_9\\_ \\<t\\> \\@u",
    ]
    table = "| What |\n|---|\n" + "\n".join(f"| {row} |" for row in rows)
    text = pdf_text(lay(tmp_path, "pdf", f"{table}\n\n1\\. Not a list.\n"), tmp_path)
    for words in ("- one", "1. two", "+ three", "= four", "/ five: x", "#six", "$7$ *8* _9_ <t> @u", "1. Not a list."):
        assert words in text


def test_columns_are_as_wide_as_their_content_needs(tmp_path: Path):
    line = "A statement of fifty letters, which is a long text"
    body = f"| Item | Disagree | Agree | Missing |\n|:--|--:|--:|--:|\n| {line} | 12.5 | 80.0 | 0.0 |\n"
    (grid,) = re.findall(r"<w:tblGrid>(.*?)</w:tblGrid>", word_part(lay(tmp_path, "docx", body)))
    item, disagree, agree, missing = (int(width) for width in re.findall(r'w:w="(\d+)"', grid))
    assert item > 0.5 * 9524
    assert disagree > missing > agree > 0.07 * 9524


def test_given_widths_are_kept(tmp_path: Path):
    body = '::: {#tbl-a tbl-colwidths="[1,3]"}\n| a | b |\n|---|---|\n| 1 | 2 |\n\nC\n:::\n'
    (grid,) = re.findall(r"<w:tblGrid>(.*?)</w:tblGrid>", word_part(lay(tmp_path, "docx", body)))
    assert [round(int(width) / 9524, 2) for width in re.findall(r'w:w="(\d+)"', grid)] == [0.25, 0.75]
    assert "width: 25%" in lay(tmp_path, "html", body).decode()


def test_the_answer_in_word_has_no_link_in_the_colour_of_its_ground(tmp_path: Path):
    body = word_part(lay(tmp_path, "docx", "::: {.answer}\nSee [this](https://example.org).\n:::\n"))
    assert "w:hyperlink" not in body
    assert "this" in body


def test_a_table_keeps_its_caption_on_its_page(tmp_path: Path):
    rows = "\n".join(f"| row {row} | {row} |" for row in range(30))
    filler = "Filler.\n\n" * 33
    body = f"{filler}::: {{#tbl-a}}\n| a | b |\n|---|--:|\n{rows}\n\nThe caption\n:::\n"
    pages = pdf_text(lay(tmp_path, "pdf", body), tmp_path).split("\f")
    holding = [number for number, page in enumerate(pages) if "The caption" in page]
    first = [number for number, page in enumerate(pages) if "row 0" in page]
    assert holding == first


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("See @fig-gone.", "@fig-gone refers to nothing"),
        ("![](figures/a.FIG)", "has no words for those who cannot see it"),
        ("| a |  |\n|---|---|\n| 1 | 2 |\n", "a column without a name"),
        (
            '::: {#tbl-a tbl-colwidths="[1,2,3]"}\n| a | b |\n|---|---|\n| 1 | 2 |\n\nC\n:::',
            "does not fit a table of 2",
        ),
    ],
)
def test_what_cannot_be_laid_out_is_said(tmp_path: Path, body: str, says: str):
    with pytest.raises(ReportError) as refused:
        lay(tmp_path, "html", body)
    assert says in str(refused.value)
    assert refused.value.problems[0].startswith("t.qmd: ")


def test_a_letter_without_a_font_is_named(tmp_path: Path):
    with pytest.raises(ReportError) as refused:
        lay(tmp_path, "pdf", "Hello \U000f0000.\n")
    assert "U+F0000" in str(refused.value)
    assert "Install a font" in str(refused.value)


def test_a_page_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evalkit.report.embedded.MAX_HTML", 20_000)
    with pytest.raises(ReportError, match="the limit is 20 kB"):
        lay(tmp_path, "html", "word " * 5_000)


@pytest.mark.parametrize("fmt", ["html", "pdf", "docx"])
def test_brand_colours_and_logo(tmp_path: Path, fmt: Format):
    brand = Brand("T", primary="#0b5b3b", logo=("logo.png", PNG, 'Logo of "T"'))
    data = lay(tmp_path, fmt, "Text.\n", brand=brand)
    if fmt == "html":
        assert b"--primary: #0b5b3b" in data
        assert b'alt="Logo of &quot;T&quot;"' in data
    elif fmt == "docx":
        assert "Logo of &quot;T&quot;" in word_part(data) or "Logo of “T”" in word_part(data)
        assert "0B5B3B" in word_part(data, "word/styles.xml")
    else:
        assert data != lay(tmp_path, fmt, "Text.\n")


TEMPLATE = """---
title: "Report on `{python} school`"
---

```{python}
#| tags: [parameters]
school = "A"
```

```{python}
#| label: fig-a
#| fig-cap: "Marks of `{python} school`"
from evalkit.report.blocks import Figure
width = values[school]
bar = f'<rect width="{width}" height="9"/>'
svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90pt" height="9pt" viewBox="0 0 90 9">{bar}</svg>'
Figure(svg.encode(), f"{school} has {width}")
```
"""


def test_two_documents_at_once_keep_their_own_figures(tmp_path: Path):
    template = tmp_path / "t.qmd"
    template.write_text(TEMPLATE, encoding="utf-8")
    values = {"A": 11, "B": 77}

    def make(school: str) -> str:
        out = tmp_path / f"{school}.html"
        context = {"values": values}
        render_document(template, context=context, params={"school": school}, to=out, renderer="embedded")
        return out.read_text(encoding="utf-8")

    with ThreadPoolExecutor(2) as pool:
        pages = dict(zip(values, pool.map(make, values), strict=True))
    for school, width in values.items():
        assert f'aria-label="{school} has {width}"' in pages[school]
        assert f'<rect width="{width}"' in pages[school]
        assert f"Marks of {school}" in pages[school]
        assert f"<title>Report on {school}</title>" in pages[school]


def test_several_formats_from_one_run_and_nothing_half_written(tmp_path: Path):
    template = tmp_path / "t.qmd"
    template.write_text("---\ntitle: T\n---\n\nText.\n", encoding="utf-8")
    to = [tmp_path / f"r.{suffix}" for suffix in ("html", "pdf", "docx")]
    assert render_documents(template, context={}, params={}, to=to, renderer="embedded") == tuple(to)
    before = [path.read_bytes() for path in to]
    template.write_text("---\ntitle: T\n---\n\nSee @fig-gone.\n", encoding="utf-8")
    with pytest.raises(ReportError, match="refers to nothing"):
        render_documents(template, context={}, params={}, to=to, renderer="embedded")
    assert [path.read_bytes() for path in to] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.docx", "r.html", "r.pdf", "t.qmd"]


def test_places_and_formats_that_cannot_be(tmp_path: Path):
    template = tmp_path / "t.qmd"
    template.write_text("---\ntitle: T\n---\n\nText.\n", encoding="utf-8")
    for to, says in (
        (tmp_path / "r.odt", "ends in .html, .pdf, .docx"),
        (tmp_path / "no" / "r.html", "does not exist"),
    ):
        with pytest.raises(ReportError, match=says):
            render_document(template, context={}, params={}, to=to, renderer="embedded")


def test_an_unknown_renderer_lists_the_known():
    with pytest.raises(ReportError, match="Use auto, embedded, quarto"):
        choose_renderer("latex")  # type: ignore[arg-type]


def test_the_example_of_the_guide_works(tmp_path: Path):
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "write-a-template.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"````markdown\n(.*?)````", guide, re.DOTALL)
    (tmp_path / "t.qmd").write_text(example, encoding="utf-8")
    out = tmp_path / "report.html"
    render_document(tmp_path / "t.qmd", context={}, params={"school": "Keyham"}, to=out, renderer="embedded")
    page = out.read_text(encoding="utf-8")
    assert "Report for Keyham" in page
    assert 'aria-label="Confidence rose by 3.8 points."' in page
