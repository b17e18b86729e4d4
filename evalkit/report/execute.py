"""Running a template's cells once, in a child process that has the results and nothing else."""

import base64
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from evalkit.errors import ReportError
from evalkit.report.blocks import Block, Div, Figure, Markdown, Table
from evalkit.report.execute_parent import CellChild
from evalkit.report.lint import check_template, expression_problems, parameter_names
from evalkit.report.parse import INLINE, Cell, Place, Prose, Template, parse_template

CAPTIONS = ("fig-cap", "fig-alt", "tbl-cap")


@runtime_checkable
class Record(Protocol):
    """A record that travels as JSON text. Asking for both methods keeps frames out, which have `to_json` alone."""

    def to_json(self) -> str: ...

    @classmethod
    def from_json(cls, text: str) -> "Record": ...


@dataclass(frozen=True, slots=True)
class CellOutput:
    """A cell with what it gave: blocks in order, and its captions with inline code filled in."""

    cell: Cell
    blocks: tuple[Block, ...]
    captions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Executed:
    """A template after its cells ran: front matter and parts hold no code that is still to run."""

    template: Template
    front: Mapping[str, object]
    parts: tuple[Prose | CellOutput, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A cell or an inline expression for the child."""

    source: str
    place: Place
    cell: Cell | None = None

    def as_job(self) -> dict[str, Any]:
        """The step as the child reads it."""
        asis = self.cell is not None and self.cell.options.get("output") == "asis"
        return {
            "kind": "cell" if self.cell else "inline",
            "source": self.source,
            "line": self.place.line,
            "asis": asis,
            "parameters": self.cell is not None and self.cell.is_parameters,
        }


def run_template(
    template: Path,
    *,
    context: Mapping[str, object],
    params: Mapping[str, object],
    rounding: int = 1,
    child: CellChild | None = None,
) -> Executed:
    """Parse and check a template, then run its Python cells once, in order.

    Parameters
    ----------
    template : Path
        A `.qmd` file.
    context : mapping
        Names the cells see. A value is plain (text, number, bool, None, lists and mappings of these) or a record with
        `to_json` and `from_json`.
    params : mapping
        Values that replace those of the cell tagged `parameters`.
    rounding : int
        The multiple that counts of pupils in the context were rounded to; 1: they are exact.
    child : CellChild, optional
        A process that stays for several templates; without it one is started and ended.

    Raises
    ------
    ReportError
        The template breaks a rule, a parameter has no such name, or a cell fails: names template, cell and line.
    """
    parsed = parse_template(template)
    check_template(parsed)
    check_parameters(parsed, params)
    steps = collect_steps(parsed)
    job = {
        "context": {name: travelling(name, value) for name, value in context.items()},
        "params": {name: plain(name, value) for name, value in params.items()},
        "steps": [step.as_job() for step in steps],
        "rounding": rounding,
    }
    if child is None:
        with CellChild() as own:
            answer = own.answer(job, name=parsed.path.name)
    else:
        answer = child.answer(job, name=parsed.path.name)
    if "error" in answer:
        raise ReportError(failure(steps[answer["error"]["step"]], answer["error"]))
    return assemble(parsed, iter([tuple(map(read_block, blocks)) for blocks in answer["outputs"]]))


def check_parameters(template: Template, params: Mapping[str, object]) -> None:
    """Refuse parameters that the template does not have."""
    known = [name for cell in template.cells() if cell.is_parameters for name in parameter_names(cell)]
    problems: list[str] = []
    for name in params:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(known) or 'no parameters'}."
            problems.append(f"{template.path.name} has no parameter `{name}`. {hint}")
    if problems:
        raise ReportError(f"{template.path.name} does not know these parameters:", problems=problems)


def travelling(name: str, value: object) -> dict[str, Any]:
    """A context value as JSON: a record as its class and text, anything else as it is."""
    if isinstance(value, Record):
        kind = type(value)
        return {"module": kind.__module__, "record": kind.__qualname__, "json": value.to_json()}
    return {"value": plain(name, value)}


def plain(name: str, value: object) -> object:
    """A value that JSON can carry, or a refusal."""
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        raise ReportError(
            f"`{name}` cannot be given to a template: found {type(value).__name__}. Give a results record, text, "
            "numbers or lists of these; pupils' data stay out of reports."
        ) from None
    return value


def collect_steps(template: Template) -> list[Step]:
    """The steps in the order in which `assemble` will read their outputs."""
    steps: list[Step] = []
    for part in template.parts:
        if isinstance(part, Prose):
            steps.extend([] if part.is_code else inline_steps(part.text, part.place))
        elif runs(part, template):
            steps.append(Step(part.source, part.place, cell=part))
            for key in CAPTIONS:
                steps.extend(inline_steps(str(part.options.get(key, "")), part.place))
    for value in template.front.values():
        steps.extend(inline_steps(value, Place(template.path.name, 1)) if isinstance(value, str) else [])
    return steps


def inline_steps(text: str, place: Place) -> list[Step]:
    """The inline expressions of a text."""
    steps: list[Step] = []
    for found in INLINE.finditer(text):
        here = Place(place.file, place.line + text[: found.start()].count("\n"))
        problems = list(expression_problems(found["code"], here))
        if problems:
            raise ReportError(problems[0])
        steps.append(Step(found["code"], here))
    return steps


def runs(cell: Cell, template: Template) -> bool:
    """Whether a cell is to be run (`eval`, in the cell or for the whole document)."""
    execute = template.front.get("execute")
    default = execute.get("eval", True) if isinstance(execute, dict) else True
    return bool(cell.options.get("eval", default))


def failure(step: Step, error: Mapping[str, Any]) -> str:
    """A failed step in a sentence: template, cell, line, message."""
    line = error["line"] or step.place.line
    if step.cell:
        name = f"cell {step.cell.label}" if step.cell.label else "a cell"
        return f"{step.place.file}, {name}, line {line}: {error['message']}"
    return f"{step.place.file}, line {line}, inline code `{step.source}`: {error['message']}"


def read_block(entry: Mapping[str, Any]) -> Block:
    """A block from the child's JSON."""
    if entry["kind"] == "markdown":
        return Markdown(entry["text"])
    if entry["kind"] == "table":
        return Table(entry["text"], entry["caption"], tuple(entry["widths"]))
    if entry["kind"] == "figure":
        return Figure(base64.b64decode(entry["svg"]), entry["alt"], entry["caption"])
    return Div(entry["name"], tuple(read_block(inner) for inner in entry["content"]))


def assemble(template: Template, outputs: Iterator[tuple[Block, ...]]) -> Executed:
    """Put the outputs in the places of the code, in the order of `collect_steps`."""

    def fill(text: str) -> str:
        return INLINE.sub(lambda _: "".join(block.text for block in next(outputs) if isinstance(block, Markdown)), text)

    parts: list[Prose | CellOutput] = []
    for part in template.parts:
        if isinstance(part, Prose):
            parts.append(part if part.is_code else replace(part, text=fill(part.text)))
        elif runs(part, template):
            blocks = next(outputs)
            captions = {key: fill(str(part.options[key])) for key in CAPTIONS if part.options.get(key)}
            parts.append(CellOutput(part, blocks, captions))
        else:
            parts.append(CellOutput(part, ()))
    front = {key: fill(value) if isinstance(value, str) else value for key, value in template.front.items()}
    return Executed(template, front, tuple(parts))
