"""The commands that keep pupils' data safe: codes. `evalkit.cli` mounts them."""

from pathlib import Path
from typing import Annotated

import typer

from evalkit import terminal

app = typer.Typer(no_args_is_help=True)

Evaluation = Annotated[Path, typer.Option("--evaluation", "-e", help="The folder that holds evaluation.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def codes(
    classes: Annotated[
        list[str], typer.Argument(help="CLASS=NUMBER issues new codes; CLASS alone writes those it has once more.")
    ],
    to: Annotated[Path, typer.Option("--to", help="The class list to write, .csv or .xlsx.")],
    slips: Annotated[Path | None, typer.Option("--slips", help="Also write slips to print and cut, .html.")] = None,
    evaluation: Evaluation = Path(),
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the plan's seed.")] = None,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", help="What was issued so far; default: codes.jsonl beside the plan.")
    ] = None,
) -> None:
    """Issue pupil codes for classes: a list for the school, never a code twice."""
    from evalkit.custody.code_files import check_new_file, write_code_list, write_slips
    from evalkit.custody.codes import LEDGER_FILE, issue_codes
    from evalkit.records.evaluation import load_evaluation

    study = load_evaluation(evaluation)
    check_new_file(to, (".csv", ".xlsx"))
    if slips is not None:
        check_new_file(slips, (".html",))
    made = issue_codes(
        _classes(classes),
        programme=study.plan.id,
        seed=study.plan.seed if seed is None else seed,
        ledger=ledger or study.folder / LEDGER_FILE,
    )
    write_code_list(made.frame, to)
    again = len(made.frame) - made.issued
    terminal.say(f"{made.issued} codes issued" + (f", {again} written once more" if again else "") + f": {to}")
    if slips is not None:
        write_slips(made.frame, slips, title=study.plan.programme.name)
        terminal.say(f"Slips to print and cut: {slips}")
    terminal.say("Write the names beside the codes and keep that list in school. evalkit never needs it.")


def _classes(words: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        name, _, number = word.rpartition("=")
        if not name:
            name, number = word, "0"
        if not number.strip().isdecimal():
            raise typer.BadParameter(f"'{word}': write a class and how many codes it needs, such as 7B=28.")
        if name.strip() in found:
            raise typer.BadParameter(f"'{word}': the class stands twice. Name it once.")
        found[name.strip()] = int(number)
    return found
