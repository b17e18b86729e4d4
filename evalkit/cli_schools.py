"""`evalkit report --all-schools`: a report for every school, and what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evalkit import terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalkit.report.renderer import RendererName
    from evalkit.report.static import Format


def report_every_school(
    results: Path,
    *,
    evaluation: Path | None,
    to: Path | None,
    formats: "Sequence[Format]",
    workers: int,
    renderer: "RendererName",
) -> None:
    """Make them, say how many, list those that failed; exit code 1 when any did."""
    from evalkit.road_schools import report_schools

    folder = results if results.is_dir() else results.parent
    with terminal.progress_shown():
        found = report_schools(
            folder, evaluation=evaluation, to=to, formats=formats, workers=workers, renderer=renderer
        )
    terminal.say(f"Schools: {len(found.made)} made, {len(found.kept)} unchanged, {len(found.failed)} failed")
    terminal.say(f"Reports: {found.folder}")
    if found.failed:
        terminal.complain("These schools have no report:")
        for school, why in found.failed.items():
            terminal.complain(f"  - {school}: {why}")
        raise typer.Exit(1)
