"""Templates are split into prose and cells, with the right file and line for each."""

from pathlib import Path

import pytest

from evalkit.errors import ReportError
from evalkit.report.parse import Cell, Prose, parse_template

TEMPLATE = """---
title: A title
number-sections: true
---

Text with `{python} name` in it.

```{python}
#| label: fig-one
#| fig-cap: "Caption: with a colon"
#| tags: [a, b]
x = 1
x
```

~~~python
shown = "```{python} not a cell"
~~~

Last.
"""


def write(folder: Path, text: str, name: str = "t.qmd") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_parts_options_and_lines(tmp_path: Path):
    template = parse_template(write(tmp_path, TEMPLATE))
    assert template.front == {"title": "A title", "number-sections": True}
    first, cell, shown, last = template.parts
    assert isinstance(first, Prose)
    assert "`{python} name`" in first.text
    assert isinstance(cell, Cell)
    assert (cell.language, cell.label, cell.place.line) == ("python", "fig-one", 8)
    assert cell.options["fig-cap"] == "Caption: with a colon"
    assert cell.source.split("\n")[3] == "x = 1"  # option lines are blanked, so that lines still count from the fence
    assert isinstance(shown, Prose)
    assert shown.is_code
    assert isinstance(last, Prose)
    assert last.text.strip() == "Last."


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path):
    path = tmp_path / "t.qmd"
    path.write_bytes(b"\xef\xbb\xbf" + TEMPLATE.replace("\n", "\r\n").encode())
    assert parse_template(path).front["title"] == "A title"
    assert next(parse_template(path).cells()).source.endswith("x = 1\nx")


def test_comments_vanish_and_lines_stay(tmp_path: Path):
    template = parse_template(write(tmp_path, "<!-- one\ntwo\n-->\n\n```{python}\n1\n```\n"))
    (cell,) = template.parts
    assert cell.place.line == 5


def test_a_longer_fence_holds_a_shorter_one(tmp_path: Path):
    template = parse_template(write(tmp_path, "````markdown\n```{python}\n1\n```\n````\n"))
    assert list(template.cells()) == []


def test_include_takes_the_parts_of_a_file_beside_the_template(tmp_path: Path):
    write(tmp_path, "Inner text.\n\n```{python}\n1\n```\n", "part.qmd")
    template = parse_template(write(tmp_path, "Before.\n\n{{< include part.qmd >}}\n\nAfter.\n"))
    texts = [part.text.strip() if isinstance(part, Prose) else part.place for part in template.parts]
    assert texts[0] == "Before."
    assert texts[1] == "Inner text."
    assert str(texts[2]) == "part.qmd, line 3"
    assert texts[3] == "After."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("---\ntitle: x\n", "line 1: the front matter opens with --- and never closes"),
        ("---\ntitle: [x\n---\n", "t.qmd, line"),
        ("---\n- x\n---\n", "expected lines of `key: value`"),
        ("text\n\n```{python}\n1\n", "t.qmd, line 3: this code block never closes"),
        ("```{python}\n#| label: [\n1\n```\n", "t.qmd, line"),
        ("{{< include gone.qmd >}}\n", "the included file gone.qmd is missing"),
        ("{{< include ../t.qmd >}}\n", "lies outside the template's folder"),
        ("{{< include t.qmd >}}\n", "includes itself"),
    ],
)
def test_broken_templates_say_where(tmp_path: Path, text: str, says: str):
    with pytest.raises(ReportError) as refused:
        parse_template(write(tmp_path, text))
    assert says in str(refused.value)


def test_a_missing_template_is_named(tmp_path: Path):
    with pytest.raises(ReportError, match="there is no such template"):
        parse_template(tmp_path / "none.qmd")


def test_bytes_that_are_not_text(tmp_path: Path):
    path = tmp_path / "t.qmd"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportError, match="cannot be read as UTF-8 text"):
        parse_template(path)
