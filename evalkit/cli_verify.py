"""`evalkit verify`: make results or a draw again and compare. `evalkit.cli` mounts it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit import terminal

if TYPE_CHECKING:
    from evalkit.planning.certificate import CertificateCheck
    from evalkit.records.verification import Verification

app = typer.Typer()
SHOWN = 20
SAME = {
    "same_bytes": "The same bytes: the results were reproduced exactly.",
    "same_numbers": "The same numbers: nothing differs by more than 1e-8 (relative) or 1e-10 (absolute).",
}


@app.command()
def verify(
    place: Annotated[
        Path, typer.Argument(help="A folder with evaluation.yaml; or a certificate, or the folder of draws.")
    ] = Path(),
    schools: Annotated[
        Path | None, typer.Option("--schools", help="With a certificate: the list that was drawn from.")
    ] = None,
    allocation: Annotated[
        Path | None, typer.Option("--allocation", help="With a certificate: another allocation file to check.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Run an analysis again and compare it with its results.json, or make a draw again from its certificate."""
    from evalkit.planning.certificate import holds_draws, verify_draws
    from evalkit.road import verify as verify_road

    if holds_draws(place):
        checks = verify_draws(place, schools, allocation=allocation)
        _say_checks(checks, json=json)
        if any(check.verdict == "changed" for check in checks.values()):
            raise typer.Exit(1)
        return
    if schools is not None or allocation is not None:
        raise typer.BadParameter(f"--schools and --allocation go with a certificate; {place} is none.")
    with terminal.progress_shown():
        outcome = verify_road(place)
    _say_results(outcome, json=json)
    if not outcome.reproduced:
        raise typer.Exit(1)


def _say_results(outcome: "Verification", *, json: bool) -> None:
    if json:
        terminal.say_json(
            {
                "verdict": outcome.verdict,
                "environment": list(outcome.environment),
                "changed_input": outcome.changed_input,
                "changed_rows": list(outcome.changed_rows),
                "differences": list(outcome.differences),
            }
        )
        return
    changed = f"Changed: {len(outcome.differences)} values are not what results.json says."
    terminal.say(SAME.get(outcome.verdict, changed))
    if outcome.changed_input:
        terminal.say(f"First input that changed: {outcome.changed_input}")
    for line in (*outcome.changed_rows[:SHOWN], *outcome.differences[:SHOWN]):
        terminal.say(f"  {line}")
    for line in outcome.environment:
        terminal.say(f"  Environment: {line}")


def _say_checks(checks: "dict[str, CertificateCheck]", *, json: bool) -> None:
    if json:
        rows = {name: {"verdict": one.verdict, "differences": list(one.differences)} for name, one in checks.items()}
        terminal.say_json(rows)
        return
    for name, check in checks.items():
        plan, drawn = check.certificate.plan, check.certificate.arms
        counts = ", ".join(f"{drawn[arm.id]} {arm.id}" for arm in plan.arms)
        same = check.verdict == "same"
        terminal.say(f"{name} (batch {plan.batch}: {counts}): {'the same allocation.' if same else 'not the same:'}")
        for line in check.differences:
            terminal.say(f"  {line}")
