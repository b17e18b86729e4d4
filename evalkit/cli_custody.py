"""The commands that keep pupils' data safe, and `schools`. `evalkit.cli` mounts them."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit import terminal

if TYPE_CHECKING:
    from evalkit.road_custody import Step

app = typer.Typer(no_args_is_help=True)


class ProfileChoice(StrEnum):
    """The disclosure profiles."""

    internal = "internal"
    standard = "standard"
    public = "public"


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
    from evalkit.records.cells import harmless_cell
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
        write_whole(to, found.schools.map(harmless_cell).to_csv(index=False, lineterminator="\n"))
        terminal.say(f"Each school once: {to}")


@app.command()
def tables(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder that holds it.")],
    to: Annotated[Path, typer.Option("--to", help="The folder of tables to make or renew.")],
    profile: Annotated[
        ProfileChoice | None,
        typer.Option("--profile", help="Who reads them; default: the plan's profile, or standard."),
    ] = None,
) -> None:
    """Write results as tables to download: CSV with metadata in the DfE's form."""
    from evalkit.records.results import load_results
    from evalkit.records.standards import load_standards
    from evalkit.road import tables_all

    path = results / "results.json" if results.is_dir() else results
    kept = load_results(path)
    name = profile.value if profile else kept.plan.disclosure_profile or "standard"
    made = tables_all(kept, to=to, profile=name, kept=path.parent)
    terminal.say(f"{len(made)} tables for {load_standards().disclosure.profile(name).for_whom}: {to}")
    terminal.say("c is suppressed, x not available, z not applicable.")


@app.command()
def lock(
    by: Annotated[str, typer.Option("--by", help="Who locks the data, and can be asked.")],
    evaluation: Evaluation = Path(),
    date: Annotated[str | None, typer.Option("--date", help="The date of the lock, as you state it.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, in a few words.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Unlock the data again; the audit log keeps both.")] = False,
) -> None:
    """Lock the data of an evaluation: no release is made any more until it is unlocked."""
    from evalkit.custody.audit import audit
    from evalkit.custody.data_lock import LOCK_FILE, lock_data, unlock_data
    from evalkit.records.evaluation import load_evaluation

    study = load_evaluation(evaluation)
    if undo:
        unlock_data(study)
        audit(study.folder, "data_unlocked", target=LOCK_FILE)
        terminal.say(f"Unlocked: {study.plan.id}. Lock it again when the last file is in.")
        return
    path = lock_data(study, by=by, stated_date=date, reason=reason)
    audit(study.folder, "data_locked", target=LOCK_FILE)
    terminal.say(f"Locked: {study.plan.id}. No release is made any more; the lock is {path}.")


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


@app.command()
def erase(
    pupil: Annotated[str | None, typer.Option("--pupil", help="Erase this pupil, by code.")] = None,
    school: Annotated[str | None, typer.Option("--school", help="Erase all pupils of this school, by URN.")] = None,
    programme: Annotated[bool, typer.Option("--programme", help="Erase all pupils' data, codes and keys.")] = False,
    evaluation: Evaluation = Path(),
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit log. No names, no codes.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without: only list what would be done.")] = False,
    json: AsJson = False,
) -> None:
    """Erase one pupil, one school or the whole programme; without --yes, list what would be done."""
    from evalkit.records.evaluation import load_evaluation
    from evalkit.road_custody import carry_out, steps_for_programme, steps_for_pupil, steps_for_school

    if sum((pupil is not None, school is not None, programme)) != 1:
        raise typer.BadParameter("Name one of --pupil CODE, --school URN or --programme.")
    if yes and not reason.strip():
        raise typer.BadParameter("--yes needs --reason: why, for the audit log. No names, no codes.")
    study = load_evaluation(evaluation)
    if pupil is not None:
        steps, action, target = steps_for_pupil(study, pupil), "pupil_erased", ""
    elif school is not None:
        steps, action, target = steps_for_school(study, school), "school_erased", school
    else:
        steps, action, target = steps_for_programme(study), "programme_erased", study.plan.id
    if yes:
        carry_out(study, steps, action=action, target=target, reason=reason)
    _say_steps(steps, done=yes, json=json)
    if not yes:
        terminal.complain("Nothing was changed. Say --yes and --reason to do it.")
    terminal.complain("Copies elsewhere (e-mails, backups, the class list in school) are not known to evalkit.")


@app.command(name="export-pupil")
def export_pupil(
    pupil: Annotated[str, typer.Argument(help="The pupil's code.")],
    to: Annotated[Path, typer.Option("--to", help="The new file to write: .html to read, .json for machines.")],
    evaluation: Evaluation = Path(),
) -> None:
    """Write everything that is held about one pupil: a subject access request."""
    from evalkit.custody.audit import audit
    from evalkit.custody.code_files import check_new_file
    from evalkit.custody.export_page import export_html, export_json
    from evalkit.records.evaluation import load_evaluation
    from evalkit.records.whole_file import write_whole
    from evalkit.road_export import pupil_data

    check_new_file(to, (".html", ".json"))
    study = load_evaluation(evaluation)
    held = pupil_data(study, pupil)
    write_whole(to, export_html(held) if to.suffix.lower() == ".html" else export_json(held), secret=True)
    counts = {name: len(table) for name, table in held.tables.items()}
    audit(study.folder, "pupil_exported", counts=counts)
    found = ", ".join(
        f"{count} {(name if count != 1 else name.removesuffix('s')).replace('_', ' ')}"
        for name, count in counts.items()
    )
    terminal.say(f"Written: {to} ({found})")
    for note in held.notes:
        terminal.say(f"Note: {note}")
    terminal.say("Check who asks before you hand it on, and delete it afterwards.")


@app.command()
def retention(
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders that hold evaluation.yaml.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="Instead of today, as 2027-09-01.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is due. Without: only list it.")] = False,
    json: AsJson = False,
) -> None:
    """Say which data are due to be deleted, by the plan's dates; with --delete, delete them."""
    import datetime

    from evalkit.records.evaluation import load_evaluation
    from evalkit.road_retention import retention as due_of
    from evalkit.road_retention import sweep

    try:
        today = datetime.date.fromisoformat(date) if date else datetime.date.today()
    except ValueError:
        raise typer.BadParameter(f"'{date}' is no date. Write year-month-day, as 2027-09-01.") from None
    rows: list[dict[str, terminal.Cell]] = []
    for folder in folders or [Path()]:
        study = load_evaluation(folder)
        due = due_of(study, today=today)
        if delete:
            sweep(study, due, today=today)
        rows += [
            {
                "evaluation": study.plan.id,
                "kind": one.kind.replace("_", " "),
                "until": one.until or "no date",
                "held": len(one.steps),
                "state": ("deleted" if delete else "due") if one.is_due else "keep" if one.steps else "nothing there",
            }
            for one in due
        ]
    terminal.say_json(rows) if json else terminal.say_table(rows)
    count = sum(row["state"] == "due" for row in rows)
    if count:
        terminal.complain(f"{'1 kind' if count == 1 else f'{count} kinds'} of data due. Say --delete to delete them.")
        raise typer.Exit(1)


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


def _say_steps(steps: "Sequence[Step]", *, done: bool, json: bool) -> None:
    rows: list[dict[str, terminal.Cell]] = []
    for step in steps:
        one = step.holding
        what = {"erase": "erased", "delete": "deleted", "destroy": "destroyed", "keep": "kept", "by_hand": "by hand"}
        rows.append(
            {
                "what": what[one.action]
                if done or one.action in ("keep", "by_hand")
                else f"would be {what[one.action]}",
                "kind": one.kind,
                "where": str(one.place),
                "count": one.count,
                "rows": ", ".join(map(str, one.rows[:12])) + (" ..." if len(one.rows) > 12 else ""),
                "note": one.note,
            }
        )
    terminal.say_json(rows) if json else terminal.say_table(rows)


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
