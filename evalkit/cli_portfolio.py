"""Commands that lay several results side by side."""

from pathlib import Path
from typing import Annotated

import typer

from evalkit import terminal

app = typer.Typer()


@app.command()
def similar(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder that holds it.")],
    others: Annotated[list[Path], typer.Argument(help="Earlier results.json files, or folders that hold them.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Place the means of one evaluation among those of others that used the same scales (at least ten)."""
    import pandas as pd

    from evalkit.portfolio.similar import similar as place
    from evalkit.records.results import load_results

    def read(path: Path) -> Path:
        return path / "results.json" if path.is_dir() else path

    table = place(load_results(read(results)), [load_results(read(one)) for one in others])
    rows = [
        {name: None if pd.isna(cell) else cell for name, cell in zip(table.columns, row, strict=True)}
        for row in table.astype(object).itertuples(index=False, name=None)
    ]
    if json:
        terminal.say_json(rows)
        return
    terminal.say_table([{name: row[name] for name in row if name != "scale_version"} for row in rows])
    terminal.say("These are other schools at other times: a place among them says nothing about the programme.")
