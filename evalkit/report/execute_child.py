"""The process in which a template's cells run: no network, no other programs, no pupil data.

Reads JSON jobs from standard input, a line each; runs the steps of each in order in a namespace of its own; writes an
answer in JSON, a line each, to standard output; ends with its input. Started by `evalkit.report.execute_parent`; run by
nobody else.
"""

import ast
import base64
import builtins
import importlib
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any

from evalkit.errors import EvalkitError
from evalkit.report.blocks import Div, Figure, Markdown, ShowsBlock, Table, escape, from_matplotlib
from evalkit.report.numbers import counts_rounded

REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "os.startfile")
ALLOWED_PROGRAM = "fc-list"  # matplotlib lists the fonts with it when it builds its font cache


class StepError(Exception):
    """A step failed; carries its number, the line within the template's file and the message."""

    def __init__(self, step: int, line: int, message: str) -> None:
        self.answer = {"step": step, "line": line, "message": message}
        super().__init__(message)


def refuse(event: str, details: tuple[Any, ...]) -> None:
    """Audit hook: refuse the network and other programs."""
    if event == "subprocess.Popen" and details and os.path.basename(str(details[0])) == ALLOWED_PROGRAM:
        return
    if event.startswith(REFUSED):
        raise PermissionError("a report's cells reach no network and start no other program")


def load_context(entries: Mapping[str, Mapping[str, Any]], kept: dict[str, tuple[object, object]]) -> dict[str, Any]:
    """Build the names that cells see: plain values as they are, records through their `from_json`.

    `kept` holds the records of the job before: one that is the same again is not read again.
    """
    names: dict[str, Any] = {}
    for name, entry in entries.items():
        if "record" in entry:
            if name not in kept or kept[name][0] != entry:
                record = getattr(importlib.import_module(entry["module"]), entry["record"])
                kept[name] = (entry, record.from_json(entry["json"]))
            names[name] = kept[name][1]
        else:
            names[name] = entry["value"]
    return names


def run_cell(step: int, job: Mapping[str, Any], namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell; its last expression and, as raw markdown or as plain text, what it printed become blocks."""
    name = f"<step {step}>"
    tree = ast.parse(job["source"], filename=name)
    ast.increment_lineno(tree, job["line"])
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value: object = None
    try:
        with redirect_stdout(printed):
            exec(compile(tree, name, "exec"), namespace)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
            blocks = to_blocks(value)
    except Exception as error:  # a template's cell may fail in any way: the parent turns this into a ReportError
        raise StepError(step, failing_line(error, name), describe(error)) from None
    if printed.getvalue().strip():
        text = printed.getvalue().rstrip("\n")
        blocks.insert(0, {"kind": "markdown", "text": text if job["asis"] else f"```\n{text}\n```"})
    return blocks


def run_inline(step: int, job: Mapping[str, Any], namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """Evaluate an inline expression to escaped text; only a `Markdown` keeps its markup."""
    name = f"<step {step}>"
    try:
        value = eval(compile(ast.parse(job["source"], mode="eval"), name, "eval"), namespace)
        if value is None:
            raise EvalkitError(f"`{job['source']}` gives nothing to show")
        text = value.text if isinstance(value, Markdown) else escape(str(value))
    except Exception as error:  # as in run_cell
        raise StepError(step, job["line"], describe(error)) from None
    return [{"kind": "markdown", "text": text}]


def to_blocks(value: object) -> list[dict[str, Any]]:
    """Turn what a cell returned into blocks that travel as JSON."""
    if value is None:
        return []
    if isinstance(value, str):
        return [{"kind": "markdown", "text": value}]
    if isinstance(value, Markdown):
        return [{"kind": "markdown", "text": value.text}]
    if isinstance(value, Table):
        return [{"kind": "table", "text": value.markdown, "caption": value.caption, "widths": list(value.widths)}]
    if isinstance(value, Figure):
        svg = base64.b64encode(value.svg).decode("ascii")
        return [{"kind": "figure", "svg": svg, "alt": value.alt, "caption": value.caption}]
    if isinstance(value, Div):
        return [{"kind": "div", "name": value.name, "content": to_blocks(list(value.content))}]
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [block for item in value for block in to_blocks(item)]
    if isinstance(value, ShowsBlock):
        return to_blocks(value._evalkit_block_())
    if "matplotlib" in sys.modules and hasattr(value, "savefig"):
        return to_blocks(from_matplotlib(value, alt=""))  # type: ignore[arg-type]
    kind = type(value).__name__
    raise EvalkitError(f"the last line gives a {kind}; give text, a block of evalkit.report or nothing (end with None)")


def failing_line(error: BaseException, name: str) -> int:
    """The template line at which an error left the cell, 0 when unknown."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def describe(error: BaseException) -> str:
    """An error in a sentence, without its trace."""
    if isinstance(error, EvalkitError):
        return str(error)
    if isinstance(error, KeyError):
        return f"there is no entry {error}"
    return f"{type(error).__name__}: {error}"


def run_job(job: Mapping[str, Any], kept: dict[str, tuple[object, object]]) -> dict[str, Any]:
    """Run every step and return the blocks of each."""
    namespace: dict[str, Any] = {"__name__": "__template__", "__builtins__": builtins}
    namespace.update(load_context(job["context"], kept))
    outputs: list[list[dict[str, Any]]] = []
    for number, step in enumerate(job["steps"]):
        run = run_cell if step["kind"] == "cell" else run_inline
        outputs.append(run(number, step, namespace))
        if step.get("parameters"):
            namespace.update(job["params"])
    return {"outputs": outputs}


def main() -> None:
    """Keep standard output for the answers; run the jobs as they come."""
    answer_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.addaudithook(refuse)
    kept: dict[str, tuple[object, object]] = {}
    with answer_to:
        for line in sys.stdin.buffer:
            try:
                job = json.loads(line)
                with counts_rounded(job.get("rounding", 1)):
                    answer = run_job(job, kept)
            except StepError as error:
                answer = {"error": error.answer}
            answer_to.write(json.dumps(answer).encode() + b"\n")
            answer_to.flush()


if __name__ == "__main__":
    main()
