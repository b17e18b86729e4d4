"""Make the reference pages that are read from the code: `python docs/make_reference.py`.

`tests/house/test_surface.py` fails while a page is out of date.
"""

import inspect
from pathlib import Path

import click
import typer

import evalkit
from evalkit.cli import app

REFERENCE = Path(__file__).parent / "reference"


def python_page() -> str:
    """Every public name of evalkit with its signature and docstring."""
    parts = [
        "# Python reference",
        "",
        "Made from the docstrings by `docs/make_reference.py`. `import evalkit as ek`; everything is imported when first used.",
    ]
    for name in evalkit.__all__:
        thing = getattr(evalkit, name)
        parts += ["", f"## `{name}`", ""]
        if not inspect.isclass(thing):
            parts += ["```python", f"ek.{name}{_signature(thing)}", "```", ""]
        parts += ["```text", inspect.cleandoc(inspect.getdoc(thing) or ""), "```"]
    return "\n".join(parts) + "\n"


def _signature(thing: object) -> str:
    assert callable(thing)
    shown = str(inspect.signature(thing))
    for long in ("pandas.DataFrame", "pandas.core.frame.DataFrame"):
        shown = shown.replace(long, "DataFrame")
    return shown


def command_page() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group) or hasattr(group, "commands")
    parts = ["# Command line", "", "Made from the commands by `docs/make_reference.py`.", ""]
    parts += ["Exit codes: 0 done; 1 the input has problems, all of them are listed; 2 the command was used wrongly."]
    for name, command in group.commands.items():  # pyright: ignore[reportAttributeAccessIssue]
        parts += ["", f"## evalkit {name}", "", (command.help or "").strip(), ""]
        parts += ["| argument or option | meaning | default |", "|---|---|---|"]
        parts += [_parameter_row(parameter) for parameter in command.params if parameter.name != "help"]
    return "\n".join(parts) + "\n"


def _parameter_row(parameter: "click.Parameter") -> str:
    names = ", ".join(f"`{one}`" for one in parameter.opts) if parameter.param_type_name == "option" else f"`{parameter.name}`"
    default = parameter.default
    shown = "" if default is None or default is False or callable(default) else f"`{getattr(default, 'value', default)}`"
    choices = getattr(parameter.type, "choices", None)
    meaning = getattr(parameter, "help", None) or ""
    if choices:
        meaning += " One of: " + ", ".join(str(getattr(one, "value", one)) for one in choices) + "."
    return f"| {names} | {meaning.strip()} | {shown} |"


PAGES = {"python.md": python_page, "command-line.md": command_page}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (REFERENCE / page).write_text(make(), encoding="utf-8")
