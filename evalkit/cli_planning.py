"""The commands used before the data: randomise, seal. `evalkit.cli` mounts them."""

from pathlib import Path
from typing import Annotated

import typer

from evalkit import terminal

app = typer.Typer(no_args_is_help=True)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def randomise(
    schools: Annotated[Path, typer.Argument(help="The list of schools, CSV or XLSX.")],
    plan: Annotated[Path, typer.Option("--plan", "-p", help="The randomisation plan.")] = Path("randomisation.yaml"),
    to: Annotated[Path, typer.Option("--to", help="Folder for allocation, certificate, ledger.")] = Path(
        "randomisation"
    ),
    earlier: Annotated[Path | None, typer.Option("--earlier", help="Certificate of the batch before.")] = None,
    again: Annotated[str | None, typer.Option("--again", help="Why this batch is drawn once more.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="The date of the draw, as you state it.")] = None,
    json: AsJson = False,
) -> None:
    """Allocate schools at random: allocation, certificate, and a line in the ledger."""
    from evalkit.planning.randomise import randomise as draw

    made = draw(schools, plan, to=to, earlier=earlier, again_because=again, stated_date=date)
    if json:
        terminal.say_json(
            {
                "arms": made.certificate.arms,
                "draws": made.certificate.draws,
                "draw": made.entry.draw,
                "allocation": str(made.allocation_file),
                "certificate": str(made.certificate_file),
                "allocation_sha256": made.certificate.allocation_sha256,
                "notes": list(made.notes),
            }
        )
        return
    counts = ", ".join(f"{count} {arm}" for arm, count in made.certificate.arms.items())
    terminal.say(f"Drawn: {counts}.")
    for note in made.notes:
        terminal.say(f"Note: {note}")
    terminal.say(f"Allocation: {made.allocation_file}")
    terminal.say(f"Certificate: {made.certificate_file}")
    terminal.say(f"To deposit: {made.entry.sha256} (the ledger's last line)")
    terminal.say_frame(made.balance, json=False)


@app.command()
def seal(
    folder: Annotated[Path, typer.Argument(help="The folder that holds evaluation.yaml.")] = Path(),
    check: Annotated[bool, typer.Option("--check", help="List what was changed since the plan was sealed.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write the seal here.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="Today's date, as you state it.")] = None,
    deposit: Annotated[
        str | None, typer.Option("--deposit", help="Where the hash is deposited, such as a DOI.")
    ] = None,
    after_data: Annotated[bool, typer.Option("--after-data", help="Seal although outcome data are there.")] = False,
    json: AsJson = False,
) -> None:
    """Seal the plan before the outcome data, or list what was changed since."""
    from evalkit.planning.seal import compare_with_seal
    from evalkit.planning.seal import seal as seal_plan
    from evalkit.records.evaluation import load_evaluation

    study = load_evaluation(folder)
    if check:
        found = compare_with_seal(study, sealed=to)
        if not json:
            terminal.say(f"Sealed: {found.seal.date_words}")
            terminal.say("The plan is as sealed." if found.unchanged else "Changed since it was sealed:")
        terminal.say_frame(found.tidy(), json=json)
        return
    made = seal_plan(study, to=to, stated_date=date, deposit=deposit, after_data=after_data)
    if json:
        terminal.say_json({"sha256": made.sha256, "date": made.date_words, "outcome_files": list(made.outcome_files)})
        return
    terminal.say(f"Sealed '{made.evaluation}': {made.sha256}")
    terminal.say(f"Date: {made.date_words}")
