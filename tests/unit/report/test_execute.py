"""Cells run once, in order, in a child without network; what goes wrong is said in one sentence."""

import os
from pathlib import Path

import pytest

from evalkit.errors import ReportError
from evalkit.report.blocks import Div, Figure, Markdown, Table, escape
from evalkit.report.execute import CellOutput, Executed, run_template
from evalkit.report.execute_parent import CellChild


def write(folder: Path, body: str, front: str = "title: T") -> Path:
    path = folder / "t.qmd"
    path.write_text(f"---\n{front}\n---\n\n{body}", encoding="utf-8")
    return path


def run(folder: Path, body: str, *, front: str = "title: T", context=None, params=None) -> Executed:
    return run_template(write(folder, body, front), context=context or {}, params=params or {})


def blocks(executed: Executed) -> list[object]:
    return [block for part in executed.parts if isinstance(part, CellOutput) for block in part.blocks]


def test_last_expressions_become_blocks_in_order(tmp_path: Path):
    body = """```{python}
x = 2
f"**{x}**"
```

```{python}
x = x + 1
```

```{python}
from evalkit.report.blocks import Table, answer, pipe_table
[answer(f"{x}"), Table(pipe_table(["a"], [["1|2"]], align="r"), "Caption", (1.0,))]
```
"""
    found = blocks(run(tmp_path, body))
    assert found[0] == Markdown("**2**")
    assert found[1] == Div("answer", (Markdown("3"),))
    assert found[2] == Table("| a |\n| ---: |\n| 1\\|2 |", "Caption", (1.0,))


def test_objects_with_a_block_of_their_own(tmp_path: Path):
    body = """```{python}
class Own:
    def _evalkit_block_(self):
        return "not a block, but text"
Own()
```
"""
    assert blocks(run(tmp_path, body)) == [Markdown("not a block, but text")]


def test_matplotlib_figures_are_drawn_the_same_each_time(tmp_path: Path):
    body = """```{python}
from matplotlib import pyplot as plt
f, ax = plt.subplots()
ax.plot([1, 2])
f
```
"""
    first, second = (blocks(run(tmp_path, body))[0] for _ in range(2))
    assert isinstance(first, Figure)
    assert b"<svg" in first.svg
    assert first == second


def test_inline_values_are_escaped_and_markdown_is_not(tmp_path: Path):
    body = """```{python}
from evalkit.report.blocks import Markdown
name = "a*b <c> @x {{< d"
```

Hello `{python} name` and `{python} Markdown("**bold**")` and `{python} 1/4`.
"""
    executed = run(tmp_path, body, front='title: "Report on `{python} name`"\ndescription: "plain"')
    assert executed.parts[-1].text.strip() == r"Hello a\*b \<c\> \@x \{\{\< d and **bold** and 0.25."
    assert executed.front["title"] == r"Report on a\*b \<c\> \@x \{\{\< d"


@pytest.mark.parametrize(
    ("text", "safe"),
    [("3. x", "3\\. x"), ("(1) x", "(1\\) x"), ("4.5", "4.5"), (": x", "\\: x"), ("a\n\nb", "a b"), ("x|y", "x\\|y")],
)
def test_escape(text: str, safe: str):
    assert escape(text) == safe


def test_parameters_replace_those_of_the_cell(tmp_path: Path):
    body = """```{python}
#| tags: [parameters]
school = "A"
limit: int = 3
```

```{python}
f"{school} {limit}"
```
"""
    assert blocks(run(tmp_path, body, params={"limit": 5})) == [Markdown("A 5")]
    with pytest.raises(ReportError, match=r"no parameter `scool`\. Did you mean school\?"):
        run(tmp_path, body, params={"scool": "B"})
    with pytest.raises(ReportError, match=r"no parameter `x`\. It has no parameters"):
        run(tmp_path, "Text.\n", params={"x": 1})


def test_records_travel_as_their_own_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "given_record.py").write_text(
        "class Sums:\n"
        "    def __init__(self, total):\n        self.total = total\n"
        "    def to_json(self):\n        return str(self.total)\n"
        "    @classmethod\n    def from_json(cls, text):\n        return cls(int(text) * 2)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import given_record  # pyright: ignore[reportMissingImports]

    found = blocks(
        run(
            tmp_path, "```{python}\nf'{results.total} {n}'\n```\n", context={"results": given_record.Sums(21), "n": [1]}
        )
    )
    assert found == [Markdown("42 [1]")]


def test_frames_are_not_given_to_templates(tmp_path: Path):
    import pandas as pd

    with pytest.raises(ReportError, match="`pupils` cannot be given to a template: found DataFrame"):
        run(tmp_path, "Text.\n", context={"pupils": pd.DataFrame({"a": [1]})})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("```{python}\n#| label: one\n\n1 / 0\n```\n", "t.qmd, cell one, line 8: ZeroDivisionError: division by zero"),
        ("```{python}\ndef f():\n    return {}['k']\n\nf()\n```\n", "t.qmd, a cell, line 7: there is no entry 'k'"),
        ("Text\nand `{python} none_such`.\n", "t.qmd, line 6, inline code `none_such`: NameError"),
        ("And `{python} None`.\n", "gives nothing to show"),
        ("```{python}\nobject()\n```\n", "the last line gives a object"),
        (
            "```{python}\nfrom evalkit.report.blocks import pipe_table\npipe_table([''], [], align='l')\n```\n",
            "empty column",
        ),
    ],
)
def test_what_fails_is_named_without_a_trace(tmp_path: Path, body: str, says: str):
    with pytest.raises(ReportError) as refused:
        run(tmp_path, body)
    assert says in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_the_network_is_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # The lint already refuses such code; here it is switched off to see that the child refuses on its own.
    monkeypatch.setattr("evalkit.report.execute.check_template", lambda template: None)
    body = "```{python}\nimport socket\nsocket.socket().connect(('127.0.0.1', 9))\n```\n"
    with pytest.raises(ReportError, match="reach no network and start no other program"):
        run(tmp_path, body)


def test_other_programs_are_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evalkit.report.execute.check_template", lambda template: None)
    for code in ("import subprocess\nsubprocess.run(['true'])", "import os\nos.system('true')"):
        with pytest.raises(ReportError, match="start no other program"):
            run(tmp_path, f"```{{python}}\n{code}\n```\n")


def test_the_child_sees_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evalkit.report.execute.check_template", lambda template: None)
    monkeypatch.setenv("EVALKIT_SECRET_KEY", "hidden")
    found = blocks(run(tmp_path, "```{python}\nimport os\n' '.join(os.environ)\n```\n"))
    assert "EVALKIT_SECRET_KEY" in os.environ
    assert "EVALKIT_SECRET_KEY" not in found[0].text


def test_printed_text_is_shown_as_code_or_as_it_is(tmp_path: Path):
    body = "```{python}\nprint('*x*')\n```\n\n```{python}\n#| output: asis\nprint('*x*')\n```\n"
    assert blocks(run(tmp_path, body)) == [Markdown("```\n*x*\n```"), Markdown("*x*")]


def test_eval_false_is_not_run(tmp_path: Path):
    assert blocks(run(tmp_path, "```{python}\n#| eval: false\n1 / 0\n```\n")) == []


def test_captions_may_hold_inline_code(tmp_path: Path):
    body = "```{python}\n#| label: tbl-a\n#| tbl-cap: 'Of `{python} n` pupils'\nn = 52\n'x'\n```\n"
    (part,) = run(tmp_path, body).parts
    assert part.captions == {"tbl-cap": "Of 52 pupils"}


def step(source: str) -> dict[str, object]:
    return {"kind": "cell", "source": source, "line": 1, "asis": False, "parameters": False}


def test_a_child_that_stays_gives_each_job_fresh_names_and_starts_again_after_an_end() -> None:
    with CellChild() as child:
        first = child.answer({"context": {}, "params": {}, "steps": [step("x = 2"), step("str(x)")]}, name="t.qmd")
        assert first["outputs"][1] == [{"kind": "markdown", "text": "2"}]
        second = child.answer({"context": {}, "params": {}, "steps": [step("str(x)")]}, name="t.qmd")
        assert "x" in second["error"]["message"]
        with pytest.raises(ReportError, match="stopped early"):
            child.answer({"context": {}, "params": {}, "steps": [step("raise SystemExit(3)")]}, name="t.qmd")
        again = child.answer({"context": {}, "params": {}, "steps": [step("'here'")]}, name="t.qmd")
        assert again["outputs"] == [[{"kind": "markdown", "text": "here"}]]
