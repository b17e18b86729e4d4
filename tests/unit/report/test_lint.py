"""The rules of a template: each breach is found, named and mended in the message; all at once."""

from pathlib import Path

import pytest

from evalkit.errors import ReportError
from evalkit.report.lint import check_template
from evalkit.report.parse import parse_template


def check(folder: Path, body: str, front: str = "title: T") -> None:
    path = folder / "t.qmd"
    path.write_text(f"---\n{front}\n---\n\n{body}", encoding="utf-8")
    check_template(parse_template(path))


GOOD = """## Section {#sec-a}

Text with a `{python} name.upper()`, a mail to me@school.org, 3 < 4 and a [link](https://example.org), @fig-a.

::: {.callout-note title="Note"}
Text.
:::

::: {layout-ncol=2}
![What it shows](a.png)

![](b.png){fig-alt="What b shows"}
:::

`<b>` in code is fine.

```{python}
#| label: fig-a
#| fig-cap: "Caption"
from evalkit.report.blocks import answer
import numpy as np
np.round(1.5)
```

```r
library(os)
```
"""


def test_a_good_template_passes(tmp_path: Path):
    check(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("```{r}\n1\n```\n", "a {r} cell"),
        ("```{python, echo=FALSE}\n1\n```\n", "options in the braces"),
        ("```{python}\n#| fig-width: 5\n1\n```\n", "unknown cell option `fig-width`"),
        ("```{python}\n#| label: Fig One\n1\n```\n", "label `Fig One`"),
        ("```{python}\n#| label: a\n1\n```\n\n```{python}\n#| label: a\n1\n```\n", "`a` is used 2 times"),
        (
            "```{python}\n#| tags: [parameters]\na=1\n```\n\n```{python}\n#| tags: [parameters]\nb=1\n```\n",
            "a second cell",
        ),
        ("```{python}\nimport os\n```\n", "line 6: imports os"),
        ("```{python}\nimport random\n```\n", "imports random"),
        ("```{python}\nfrom datetime import date\n```\n", "imports datetime"),
        ("```{python}\nimport math, subprocess\n```\n", "imports subprocess"),
        ("```{python}\n1\nopen('x')\n```\n", "line 7: uses open()"),
        ("```{python}\npandas.read_csv('x')\n```\n", "uses .read_csv()"),
        ("```{python}\nframe.to_excel('x')\n```\n", "uses .to_excel()"),
        ("```{python}\nnumpy.random.normal()\n```\n", "uses .random"),
        ("```{python}\n().__class__\n```\n", "uses .__class__"),
        ("```{python}\nx = = 1\n```\n", "line 6: this is not Python"),
        ("Text `{python} x = 1` here.\n", "is not a Python expression"),
        ("Text `{python} open('x')` here.\n", "uses open()"),
        ("# Heading\n", "a heading with one #"),
        ("## A\n\n#### B\n", "skips a level. Use ###"),
        ("<div>x</div>\n", "HTML tags"),
        ("```{=html}\nx\n```\n\n`x`{=html}\n", "a raw block for one format"),
        ("See @eq-one.\n", "a numbered formula"),
        ("As shown [@smith2020].\n", "a citation"),
        ("::: {.panel-tabset}\nx\n:::\n", "tabs or margin notes"),
        ("{{< video x >}}\n", "unknown shortcode video"),
        ("![](a.png)\n", "a picture without words"),
        ("![Alt](https://example.org/a.png)\n", "a picture from the net"),
        ("::: {.fancy}\nx\n:::\n", "unknown box `fancy`"),
        ('::: {.callout-tip collapse="true"}\nx\n:::\n', "a callout that collapses"),
    ],
)
def test_each_breach_is_named(tmp_path: Path, body: str, says: str):
    with pytest.raises(ReportError) as refused:
        check(tmp_path, body)
    assert says in str(refused.value)
    assert all("t.qmd" in problem for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("front", "says"),
    [
        ("lang: en-GB", "there is no title"),
        ("title: T\ntoc: true", "unknown key `toc`"),
        ("title: T\ndate: today", "changes by itself"),
    ],
)
def test_front_matter(tmp_path: Path, front: str, says: str):
    with pytest.raises(ReportError) as refused:
        check(tmp_path, "Text.\n", front=front)
    assert says in str(refused.value)


def test_all_breaches_at_once(tmp_path: Path):
    with pytest.raises(ReportError) as refused:
        check(tmp_path, "# One\n\n<b>x</b>\n\n```{python}\nimport os\n```\n", front="toc: true")
    assert len(refused.value.problems) == 5
