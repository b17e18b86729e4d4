"""The command that makes questionnaires and answer templates."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evalkit import terminal

app = typer.Typer()


class PrintChoice(StrEnum):
    """How the printed questionnaire is set."""

    ordinary = "ordinary"
    large = "large"
    easy_read = "easy_read"


@app.command()
def form(
    instruments: Annotated[
        list[str] | None, typer.Argument(help="Ids of instruments; without any, those of the plan named by -e.")
    ] = None,
    evaluation: Annotated[
        Path | None, typer.Option("--evaluation", "-e", help="The folder that holds evaluation.yaml.")
    ] = None,
    to: Annotated[Path, typer.Option("--to", help="The folder for the files.")] = Path("form"),
    codes: Annotated[
        Path | None,
        typer.Option("--codes", help="A file with the pupils' codes in its first column."),
    ] = None,
    style: Annotated[PrintChoice, typer.Option("--print", help="ordinary, large (print) or easy_read.")] = (
        PrintChoice.ordinary
    ),
) -> None:
    """Make a questionnaire: a workbook to type answers into, print in PDF and Word, text to paste into a form."""
    from evalkit.forms.make_form import make_form

    if not instruments and evaluation is None:
        raise typer.BadParameter("Name instruments, or a plan with --evaluation.")
    if instruments and evaluation is not None:
        raise typer.BadParameter("Name instruments or a plan, not both: the plan says which items it needs.")
    made = make_form(instruments or (), evaluation, to=to, codes=codes, style=style.value)
    for path in made.files:
        terminal.say(f"Wrote {path}")
    if made.not_printed:
        terminal.say("")
        for line in made.not_printed:
            terminal.say(line)
