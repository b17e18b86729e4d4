"""`evalkit report --all-schools`, `--all-hubs`, `--all-trusts`: a report for each, and what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evalkit import terminal
from evalkit.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalkit.records.place_results import Level
    from evalkit.report.renderer import RendererName
    from evalkit.report.static import Format


def report_every_place(
    results: Path,
    levels: "Sequence[Level]",
    *,
    evaluation: Path | None,
    listed: Path | None,
    to: Path | None,
    formats: "Sequence[Format]",
    workers: int,
    renderer: "RendererName",
) -> None:
    """Make them, say how many, list those that failed; exit code 1 when any did."""
    from evalkit.road_places import report_places

    if to is not None and len(levels) > 1:
        raise SpecError("--to names one folder. Leave it out, or make schools, hubs and trusts one after the other.")
    folder = results if results.is_dir() else results.parent
    failed = False
    for level in levels:
        with terminal.progress_shown():
            found = report_places(
                folder, level=level, evaluation=evaluation, listed=listed, to=to, formats=formats, workers=workers,
                renderer=renderer,
            )  # fmt: skip
        name = f"{level.capitalize()}s"
        terminal.say(f"{name}: {len(found.made)} made, {len(found.kept)} unchanged, {len(found.failed)} failed")
        terminal.say(f"Reports: {found.folder}")
        if found.held:
            terminal.say(
                "As they were, because only few of their pupils joined or left since the reports before: "
                f"{', '.join(found.held)}"
            )
        for sentence in found.told:
            terminal.say(sentence)
        if found.failed:
            failed = True
            terminal.complain(f"These {level}s have no report:")
            for place, why in found.failed.items():
                terminal.complain(f"  - {place}: {why}")
    if failed:
        raise typer.Exit(1)
