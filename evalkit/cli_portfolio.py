"""Commands that lay several results side by side."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from evalkit import terminal
from evalkit.errors import SpecError

if TYPE_CHECKING:
    import pandas as pd

    from evalkit.records.portfolio import Portfolio
    from evalkit.report.static import Format

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


class PageFormat(StrEnum):
    """The formats of the portfolio page."""

    html = "html"
    pdf = "pdf"
    docx = "docx"


class PageProfile(StrEnum):
    """The disclosure profiles of the portfolio page."""

    internal = "internal"
    standard = "standard"
    public = "public"


@app.command()
def compare(
    results: Annotated[list[Path], typer.Argument(help="results.json files of several programmes, or their folders.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder for the page; without it no page is made.")] = None,
    formats: Annotated[
        list[PageFormat] | None, typer.Option("--format", "-f", help="Page format; may be given more than once.")
    ] = None,
    profile: Annotated[
        PageProfile | None, typer.Option("--profile", help="Who reads the page; default: each plan's own profile.")
    ] = None,
    hub: Annotated[str | None, typer.Option("--hub", help="The hub whose own figures stand beside each.")] = None,
    trust: Annotated[str | None, typer.Option("--trust", help="The trust whose own figures stand beside each.")] = None,
    listed: Annotated[
        Path | None,
        typer.Option("--list", help="With --hub, --trust: the list of schools; default: the one that each plan names."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole portfolio as JSON.")] = False,
) -> None:
    """Lay several programmes side by side: what was measured in the same way, pooled only where that makes sense."""
    portfolio = _side_by_side(results, hub=hub, trust=trust, listed=listed)
    if json:
        terminal.say(portfolio.to_json())
    else:
        shown = [
            "title",
            "label",
            "design_class",
            "horizon",
            "effect_size",
            "es_low",
            "es_high",
            "p_adjusted",
            "padlocks",
        ]
        terminal.say_table(_plain(portfolio.rows[shown]))
        for row in portfolio.pooled.to_dict("records"):
            if row["status"] == "ok":
                ends = f"{row['conf_low']:.2f} to {row['conf_high']:.2f}"
                terminal.say(
                    f"{row['label']}: {row['estimate']:.2f} ({ends}) over {row['n_programmes']:.0f} programmes."
                )
            elif row["n_programmes"] > 1:
                terminal.say(f"{row['label']}: not pooled. {row['reason']}")
        if portfolio.place:
            terminal.say(f"{portfolio.place}, in standard deviations beside the average {portfolio.level}:")
            terminal.say_table(_plain(portfolio.own[["title", "label", "n", "beside", "beside_low", "beside_high"]]))
    if to is not None:
        from evalkit.report.render import render_portfolio

        to.mkdir(parents=True, exist_ok=True)
        wanted: list[Format] = [cast("Format", one.value) for one in formats or [PageFormat.html]]
        for page in render_portfolio(portfolio, folder=to, formats=wanted, profile=profile.value if profile else None):
            terminal.say(f"Page: {page}")


def _side_by_side(results: list[Path], *, hub: str | None, trust: str | None, listed: Path | None) -> "Portfolio":
    """The programmes, with one hub's or trust's own figures where one is named."""
    if hub is not None and trust is not None:
        raise SpecError("--hub and --trust name one place each. Give one of them.")
    if hub is not None or trust is not None:
        from evalkit.road_own_figures import compare_for

        return compare_for(results, level="trust" if hub is None else "hub", place=hub or trust or "", listed=listed)
    from evalkit.portfolio.compare import compare as side_by_side
    from evalkit.records.results import load_results

    if listed is not None:
        raise SpecError("--list goes with --hub or --trust.")
    return side_by_side([load_results(path / "results.json" if path.is_dir() else path) for path in results])


def _plain(table: "pd.DataFrame") -> "list[dict[str, terminal.Cell]]":
    rounded = table.round(3).astype(object)
    kept = rounded.where(table.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in kept.to_dict("records")]
