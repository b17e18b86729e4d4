"""Make the reference pages that are read from the code: `python docs/make_reference.py`.

`tests/house/test_surface.py` fails while a page is out of date.
"""

import inspect
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.models import OptionInfo

import evalkit
from evalkit.analysis import multilevel_permutation, multilevel_resampling
from evalkit.cli import app

ANSWERS = ("evalkit.analysis.", "evalkit.scoring.")  # flows whose answers are asked further questions
REFERENCE = Path(__file__).parent / "reference"


def python_page() -> str:
    """Every public name of evalkit with its signature and docstring."""
    parts = [
        "# Python reference",
        "",
        "Made from the docstrings by `docs/make_reference.py`, for `import evalkit as ek`. What models and matches "
        "can do stands at the end.",
    ]
    for name in evalkit.__all__:
        thing = getattr(evalkit, name)
        parts += ["", f"## `{name}`", ""]
        if not inspect.isclass(thing):
            parts += ["```python", f"ek.{name}{_signature(thing)}", "```", ""]
        parts += ["```text", inspect.cleandoc(inspect.getdoc(thing) or ""), "```"]
    for answer in _answers():
        parts += ["", f"## What `{answer.__name__}` can do", ""]
        for name, method in _own_methods(answer):
            bare = isinstance(method, property)
            called = name if bare else name + _signature(method).replace("(self, ", "(").replace("(self)", "()")
            parts += ["```python", f".{called}", "```", "", "```text"]
            parts += [inspect.cleandoc(inspect.getdoc(method) or ""), "```", ""]
        parts.pop()
    return "\n".join(parts) + "\n"


def _answers() -> list[type]:
    """The classes of models and matches that public functions and their methods give back, in that order."""
    given = [getattr(evalkit, name) for name in evalkit.__all__]
    found: list[type] = []
    waiting = [_answer_of(one) for one in given if inspect.isfunction(one)]
    while waiting:
        one = waiting.pop(0)
        if one is not None and one not in found:
            found.append(one)
            waiting += [_answer_of(method) for _, method in _own_methods(one) if inspect.isfunction(method)]
    return found


def _answer_of(function: Callable[..., object]) -> type | None:
    said = inspect.signature(function).return_annotation
    imported = (inspect.getmodule(function), multilevel_permutation, multilevel_resampling)
    kind = next((getattr(one, said) for one in imported if hasattr(one, said)), None) if isinstance(said, str) else said
    public = inspect.isclass(kind) and kind.__name__ in evalkit.__all__
    return kind if inspect.isclass(kind) and kind.__module__.startswith(ANSWERS) and not public else None


def _own_methods(kind: type) -> list[tuple[str, Any]]:
    return [
        (name, one)
        for name, one in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(one) or isinstance(one, property))
    ]


def _signature(thing: object) -> str:
    assert callable(thing)
    shown = str(inspect.signature(thing))
    for long in ("pandas.DataFrame", "pandas.core.frame.DataFrame"):
        shown = shown.replace(long, "DataFrame")
    return shown


def command_page() -> str:
    """Every command with its arguments and options."""
    parts = ["# Command line", "", "Made from the commands by `docs/make_reference.py`.", ""]
    parts += ["Exit codes: 0 done; 1 the input has problems, all of them are listed; 2 the command was used wrongly."]
    for name, function in commands():
        parts += ["", f"## evalkit {name}", "", inspect.getdoc(function) or "", ""]
        parts += ["| argument or option | meaning | default |", "|---|---|---|"]
        hints = get_type_hints(function, include_extras=True)
        for name, parameter in inspect.signature(function).parameters.items():
            if hints[name] is typer.Context:
                continue
            parts.append(_parameter_row(name, hints[name], parameter.default))
    return "\n".join(parts) + "\n"


def commands() -> list[tuple[str, Callable[..., object]]]:
    """Every command by its words, also those of a group; a group that does something by itself comes first."""
    found: list[tuple[str, Callable[..., object]]] = []
    groups = [
        ("", app),
        *((f"{group.typer_instance.info.name} ", group.typer_instance) for group in app.registered_groups),
    ]
    for prefix, group in groups:
        own = group.registered_callback.callback if prefix and group.registered_callback else None
        found += [(prefix.strip(), own)] if own else []
        for command in group.registered_commands:
            assert command.callback is not None
            found.append((prefix + (command.name or command.callback.__name__), command.callback))
    return found


def _parameter_row(name: str, hint: object, default: object) -> str:
    kind, info = get_args(hint)
    # in Annotated, typer keeps the first of an option's names where its default would stand
    names = ", ".join((str(info.default), *(info.param_decls or ()))) if isinstance(info, OptionInfo) else ""
    choices = [one.value for one in _members(kind)]
    meaning = (info.help or "") + (f" One of: {', '.join(choices)}." if choices else "")
    shown = "" if default in (None, False, inspect.Parameter.empty) else f"`{getattr(default, 'value', default)}`"
    return f"| `{names or name}` | {meaning.strip()} | {shown} |"


def _members(kind: object) -> list[Enum]:
    kinds = (kind, *(deep for inner in get_args(kind) for deep in (inner, *get_args(inner))))
    return [one for each in kinds if isinstance(each, type) and issubclass(each, Enum) for one in each]


PAGES = {"python.md": python_page, "command-line.md": command_page}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (REFERENCE / page).write_text(make(), encoding="utf-8")
