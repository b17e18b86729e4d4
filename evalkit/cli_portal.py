"""The command that starts the portal, and those of its server."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evalkit import terminal
from evalkit.errors import EvalkitError

portal = typer.Typer(
    name="portal", invoke_without_command=True, help="Start the portal: schools upload, evaluators release, leads read."
)
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of the database, uploads, releases and reports; default: evalkit-portal, or as the "
        "environment says.",
    ),
]  # fmt: skip


def _needs_django() -> None:
    try:
        import django  # noqa: F401
    except ImportError:
        raise EvalkitError(
            "The portal needs packages that are not installed. Install them: "
            "python -m pip install 'evalkit-education[portal]'"
        ) from None


@portal.callback()
def start(
    context: typer.Context,
    data: Data = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Add the demonstration programme.")] = True,
) -> None:
    """Try the portal on this machine: makes the database, prints a one-time link for the evaluator, and serves."""
    _needs_django()
    if context.invoked_subcommand is not None:
        from evalkit.portal.start import choose

        choose(data)
        return
    from evalkit.portal.start import TRIAL_FOLDER, add_demo, first_link, make_ready, serve, set_up

    address = f"http://127.0.0.1:{port}"
    data = data or TRIAL_FOLDER
    set_up(data, trial=True)
    make_ready()
    if demo:
        add_demo()
    link = first_link(address)
    terminal.say(f"The portal runs at {address} (this machine only; stop it with Ctrl+C). Its data lie in {data}.")
    if link:
        terminal.say(f"Open this link to make the evaluator's account. It works once, within 14 days:\n  {link}")
    sys.exit(serve(host="127.0.0.1", port=port))


@portal.command()
def worker(
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is waiting.")] = False,
) -> None:
    """Do the work behind the pages (checks, releases, reports) of the portal that the environment names."""
    from evalkit.portal.start import set_up

    set_up()
    from evalkit.portal.jobs.worker import work

    work(until_idle=once)


class InvitedAs(StrEnum):
    """The roles that are given on the server itself; the others are given on the pages."""

    evaluator = "evaluator"
    officer = "officer"
    operator = "operator"


@portal.command()
def invite(
    email: Annotated[str, typer.Argument(help="Whom to invite.")],
    role: Annotated[InvitedAs, typer.Option("--role", help="What the person may do.")] = InvitedAs.evaluator,
) -> None:
    """Print a link by which a person takes on a role that holds for the whole portal. It works once, for 14 days."""
    from evalkit.portal.start import set_up

    set_up()
    from evalkit.portal.models import Invitation, Role
    from evalkit.portal.tenancy import everything

    with everything():
        _, token = Invitation.make(email=email, role=Role(role.value))
    terminal.say(f"Give this path, after the portal's own address, to {email} alone:")
    terminal.say(f"/invitations/{token}/")


@portal.command()
def backup(to: Annotated[Path, typer.Argument(help="The archive to make, for example 2027-01-31.tar.gz.")]) -> None:
    """Back the portal up into one file: its database and data folder, without secret and keys."""
    from evalkit.portal.start import set_up

    set_up()
    from evalkit.portal.backup import back_up

    made = back_up(to)
    terminal.say(
        f"{to}: {made['files']} files, {made['bytes'] / 1e6:.1f} MB. Keep it encrypted, and apart from the keys."
    )


@portal.command()
def restore(archive: Annotated[Path, typer.Argument(help="An archive that 'evalkit portal backup' made.")]) -> None:
    """Bring a backup back into an empty portal."""
    from evalkit.portal.start import set_up

    set_up()
    from evalkit.portal.backup import restore as bring_back

    terminal.say(f"{bring_back(archive)['files']} files are back.")


@portal.command()
def link(email: Annotated[str, typer.Argument(help="The address of an account.")]) -> None:
    """Print a one-time link with which a person chooses a new password; for a portal that sends no mail."""
    from evalkit.portal.start import set_up

    set_up()
    from evalkit.portal.signing import password_link

    terminal.say(f"Give this path, after the portal's own address, to {email} alone. It works once:")
    terminal.say(password_link(email))


@portal.command(context_settings={"ignore_unknown_options": True})
def manage(
    arguments: Annotated[list[str], typer.Argument(help="As for Django's manage.py, for example: check --deploy")],
) -> None:
    """Run one of Django's own commands on the portal that the environment names."""
    from evalkit.portal.start import set_up

    set_up()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["evalkit portal manage", *arguments])
