"""The command that lists, shows and starts questionnaires."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit import terminal

if TYPE_CHECKING:
    from evalkit.records.instrument import Instrument

app = typer.Typer()

Chosen = Annotated[str | None, typer.Argument(help="The id of an instrument to show, the path of one's file, or: new.")]
Name = Annotated[str | None, typer.Argument(help="With new: the id of the instrument to write.")]
Where = Annotated[Path, typer.Option("--to", help="With new: the folder that holds evaluation.yaml.")]
Items = Annotated[int, typer.Option("--items", help="With new: how many questions.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def instruments(
    instrument: Chosen = None, name: Name = None, to: Where = Path(), items: Items = 5, json: AsJson = False
) -> None:
    """List the questionnaires that evalkit can score, show one, or write the file of a new one."""
    from evalkit.records.instrument import load_instrument

    if instrument is None:
        _list(json=json)
    elif instrument == "new":
        _write(name, folder=to, items=items)
    elif json:
        terminal.say_json(load_instrument(instrument).model_dump(mode="json", by_alias=True))
    else:
        _show(load_instrument(instrument))


def _list(*, json: bool) -> None:
    from evalkit.records.instrument import instrument_ids, load_instrument

    loaded = [load_instrument(one) for one in instrument_ids()]
    rows = [
        {
            "id": one.id,
            "version": one.version,
            "title": one.title,
            "items": len(one.items),
            "scores": ", ".join(score.id for score in one.scores),
        }
        for one in loaded
    ]
    terminal.say_json(rows) if json else terminal.say_table(rows)


def _write(name: str | None, *, folder: Path, items: int) -> None:
    from evalkit.records.new_instrument import write_instrument

    if name is None:
        raise typer.BadParameter("Name the new instrument, as in: evalkit instruments new oakfield_behaviour")
    path = write_instrument(name, folder=folder, items=items)
    terminal.say(f"Wrote {path}. Edit it, then look at it with: evalkit instruments {path}")


def _show(one: "Instrument") -> None:
    from evalkit.scoring.cases import case_problems

    terminal.say(f"{one.title} ({one.id}, version {one.version})")
    terminal.say(one.citation)
    terminal.say(f"Licence: {one.licence.holder}. Wording: {one.wording}.")
    if one.caution:
        terminal.say(f"Take care: {one.caution}")
    _show_items(one)
    _show_scores(one)
    for problem in case_problems(one):
        terminal.say(f"A case worked by hand does not come out: {problem}")


def _show_items(one: "Instrument") -> None:
    rows = [(item, one.response_of(item.id)) for item in one.items]
    terminal.say_table(
        [{"item": item.id, "label": item.label, "answers": f"{scale.min} to {scale.max}"} for item, scale in rows]
    )


def _show_scores(one: "Instrument") -> None:
    rows = [(score, one.range_of(score.id)) for score in one.scores]
    terminal.say_table(
        [
            {
                "score": score.id,
                "label": score.label,
                "method": score.method,
                "items": " ".join(score.keys),
                "range": f"{low:g} to {high:g}",
            }
            for score, (low, high) in rows
        ]
    )
