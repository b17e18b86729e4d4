"""Commands that lay several results side by side."""

from pathlib import Path
from typing import Annotated

import typer

from evalkit import terminal

app = typer.Typer()


@app.command()
def similar(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder that holds it.")],
    others: Annotated[
        list[Path],
        typer.Argument(help="Earlier results.json files or their folders, and folders of earlier data releases."),
    ],
    evaluation: Annotated[
        Path | None,
        typer.Option("--evaluation", "-e", help="For releases: the plan's folder; default: that of the results."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Place the means of one evaluation among those of others that used the same scales (at least ten)."""
    import pandas as pd

    from evalkit.road_similar import place_among

    table = place_among(results, others, evaluation=evaluation)
    rows = [
        {name: None if pd.isna(cell) else cell for name, cell in zip(table.columns, row, strict=True)}
        for row in table.astype(object).itertuples(index=False, name=None)
    ]
    if json:
        terminal.say_json(rows)
        return
    terminal.say_table([{name: row[name] for name in row if name != "scale_version"} for row in rows])
    terminal.say("These are other schools at other times: a place among them says nothing about the programme.")
