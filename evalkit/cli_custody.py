"""The commands that keep pupils' data safe: codes, schools, keys, audit. `evalkit.cli` mounts them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evalkit import terminal

app = typer.Typer(no_args_is_help=True)


class KeyStep(StrEnum):
    """What is done with the keys of pseudonyms."""

    show = "show"
    make = "make"
    rotate = "rotate"
    destroy = "destroy"


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
    from evalkit.custody.audit import audit
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
    if made.issued:
        audit(study.folder, "codes_issued", counts={"codes": made.issued})
    again = len(made.frame) - made.issued
    issued = "1 code" if made.issued == 1 else f"{made.issued} codes"
    terminal.say(f"{issued} issued" + (f", {again} written once more" if again else "") + f": {to}")
    if slips is not None:
        write_slips(made.frame, slips, title=study.plan.programme.name)
        terminal.say(f"Slips to print and cut: {slips}")
    terminal.say("Write the names beside the codes and keep that list in school. evalkit never needs it.")


@app.command()
def schools(
    file: Annotated[Path, typer.Argument(help="The list: a row per school with its URN, name and hub.")],
    claims: Annotated[
        Path | None, typer.Option("--claims", help="A file with a row per hub: how many schools it says it has.")
    ] = None,
    before: Annotated[Path | None, typer.Option("--before", help="An earlier list, to see what changed.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="The sheet to read, if a workbook has several.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write each school once to this new CSV file.")] = None,
    json: AsJson = False,
) -> None:
    """Check a programme's list of schools by hub: a school is its URN."""
    from evalkit.custody.code_files import check_new_file
    from evalkit.intake.hub_list import check_hub_list
    from evalkit.records.whole_file import write_whole

    if to is not None:
        check_new_file(to, (".csv",))
    found = check_hub_list(file, claims=claims, before=before, sheet=sheet)
    if json:
        terminal.say_json(
            {
                "ok": found.ok,
                "rows": found.source.rows,
                "schools": len(found.schools),
                "hubs": found.hubs.astype(object).where(found.hubs.notna(), None).to_dict("records"),
                "problems": [terminal.problem_row(one) for one in found.issues],
            }
        )
    else:
        claimed = found.hubs["claimed"]
        hubs = "1 hub says it has" if claimed.count() == 1 else f"{claimed.count()} hubs say they have"
        says = f"{hubs} {claimed.sum()} schools. " if claimed.notna().any() else ""
        terminal.say(f"{found.source.file}: {says}Listed: {found.source.rows} rows, {len(found.schools)} schools.")
        terminal.say_problems(found.issues)
        terminal.say("Everything is in order." if found.ok else "Mend these and check again.")
    if not found.ok:
        raise typer.Exit(1)
    if to is not None:
        write_whole(to, found.schools.to_csv(index=False, lineterminator="\n"))
        terminal.say(f"Each school once: {to}")


@app.command()
def keys(
    step: Annotated[KeyStep, typer.Argument(help="What to do.")] = KeyStep.show,
    evaluation: Evaluation = Path(),
    version: Annotated[int | None, typer.Option("--version", min=1, help="With destroy: which one.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With destroy: do it. It cannot be undone.")] = False,
) -> None:
    """Show, make, rotate or destroy the keys of a programme's pseudonyms."""
    from evalkit.custody.audit import audit
    from evalkit.custody.keys import destroy_key, make_key, read_keys
    from evalkit.errors import SpecError
    from evalkit.records.evaluation import load_evaluation

    study = load_evaluation(evaluation)
    ring = read_keys(study.plan.id, data=study.folder)
    if step is KeyStep.destroy:
        if version is None:
            raise typer.BadParameter("destroy needs --version: which key. 'evalkit keys show' lists them.")
        if not yes:
            raise SpecError(
                f"Version {version} would be destroyed: nobody could tell any more which pupil a pseudonym "
                f"p{version}-... is, nor find that pupil's rows to erase them. Say --yes to do it."
            )
        destroy_key(ring, version)
        audit(study.folder, "key_destroyed", target=f"version {version}")
        terminal.say(f"Destroyed: version {version}. Delete it from your copies too.")
    elif step is not KeyStep.show:
        if step is KeyStep.make and ring.keys:
            raise SpecError(
                f"{study.plan.id}: there is a key already. A new version is made with 'evalkit keys rotate'."
            )
        made = make_key(ring)
        audit(study.folder, "key_made", target=f"version {made.version}")
        terminal.say(
            f"Made: version {made.version}, in {ring.folder}. Keep a copy in a safe place, away from the data."
        )
    ring = read_keys(study.plan.id, data=study.folder)
    state = {key.version: "makes new pseudonyms" if key == ring.keys[-1] else "finds older ones" for key in ring.keys}
    state |= dict.fromkeys(ring.destroyed, "destroyed")
    terminal.say_table([{"version": one, "state": state[one]} for one in sorted(state)])
    if not state:
        terminal.say(f"No key yet. Keys would be kept in {ring.folder}. Make one: evalkit keys make")


@app.command(name="audit")
def audit_log(
    folder: Annotated[Path, typer.Argument(help="The folder that holds evaluation.yaml.")] = Path(),
    json: AsJson = False,
) -> None:
    """Check the audit log and print it."""
    from evalkit.custody.audit import AUDIT_FILE, read_audit

    entries = read_audit(folder)
    if json:
        terminal.say_json([one.model_dump(mode="json") for one in entries])
        return
    terminal.say_table(
        [
            {
                "at": one.at,
                "who": one.who,
                "what": one.action.replace("_", " "),
                "target": one.target,
                "counts": ", ".join(f"{count} {name}" for name, count in one.counts.items()),
                "reason": one.reason,
            }
            for one in entries
        ]
    )
    if entries:
        terminal.say(f"{len(entries)} entries, the chain is whole. Last hash, to keep elsewhere: {entries[-1].sha256}")
    else:
        terminal.say(f"{folder / AUDIT_FILE}: nothing has been done yet.")


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
