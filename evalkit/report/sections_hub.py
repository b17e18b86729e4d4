"""The parts of the page of a hub or a trust, as blocks: what the template's cells call."""

from evalkit.records.place_results import Member, PlaceFigure, PlaceResults
from evalkit.records.results import Results
from evalkit.report import blocks, sections_school
from evalkit.report.blocks import Block, Table, escape, pipe_table
from evalkit.report.figure_place import place_figure
from evalkit.report.numbers import ABSENT, count
from evalkit.report.sections import bullets, paragraph
from evalkit.report.words_hub import (
    SUBTITLE,
    cautions,
    hub_steps,
    kept_back,
    own_sentences,
    schools_intro,
    taking_part,
)
from evalkit.report.words_names import inside, outcome_label
from evalkit.report.words_school import in_order, peers, shown_as, with_numbers

NO_PICTURE = "There is no picture, because no figure of your {level} can be shown."
CAPTION = {
    "change": "Your {level} beside all schools. The last two columns allow for chance.",
    "level": "The pupils of your {level} beside {peers}. The last column allows for chance.",
}
SCHOOLS_CAPTION = "Your schools on {name}, by name. The last column allows for chance."


def title(place: PlaceResults) -> str:
    """The name of the hub or trust."""
    return place.name


def subtitle(results: Results, place: PlaceResults) -> str:
    """In which programme."""
    return SUBTITLE.format(level=place.level, title=results.plan.title)


def heading(place: PlaceResults) -> str:
    """Your hub, your trust."""
    return f"Your {place.level}"


def fact_boxes(results: Results, place: PlaceResults) -> list[Block]:
    """Schools, pupils and the first outcome; nothing of pupils where nothing may be shown."""
    boxes = [(count(place.schools), f"{'school' if place.schools == 1 else 'schools'} of your {place.level}")]
    found = in_order(results, with_numbers(place))
    if found:
        first = found[0]
        shown, name = shown_as(results, first.outcome), inside(outcome_label(results, first.outcome))
        boxes.append((count(first.n), f"of your pupils stand behind the figures on {name}"))
        if first.kind == "change":
            own, everybody = first.after - first.before, first.schools_after - first.schools_before
            boxes.append((shown.difference(own), f"{shown.gap_unit} of change on {name}: your pupils"))
            boxes.append((shown.difference(everybody), f"{shown.gap_unit} of change on {name}: pupils of all schools"))
        else:
            boxes.append((shown.score(first.after), f"{shown.unit} on {name}: your pupils"))
            boxes.append((shown.score(first.schools_after), f"{shown.unit} on {name}: {peers(results, place)}"))
    return [blocks.facts([(number, escape(label)) for number, label in boxes])]


def own_figures(results: Results, place: PlaceResults) -> list[Block]:
    """Who takes part, and what happened, outcome by outcome."""
    told = [own_sentences(results, place, one) for one in in_order(results, place.figures)]
    return [paragraph(taking_part(results, place)), bullets(told)]


def picture(results: Results, place: PlaceResults) -> Block:
    """The place among the others."""
    return place_figure(results, place) or paragraph(NO_PICTURE.format(level=place.level))


def figures_table(results: Results, place: PlaceResults) -> list[Block]:
    """The figures of the place in numbers; nothing where nothing may be shown."""
    found = in_order(results, with_numbers(place))
    if not found:
        return []
    caption = CAPTION[found[0].kind].format(level=place.level, peers=peers(results, place))
    return [sections_school.own_table(results, place, caption=caption)]


def own_schools(results: Results, place: PlaceResults) -> list[Block]:
    """The schools of the place one by one, where they may be told apart; else why not."""
    told: list[Block] = [paragraph(schools_intro(place))]
    if place.named:
        told += [_schools_table(results, one) for one in in_order(results, place.figures) if one.members]
    back = kept_back(results, place)
    return [*told, bullets(back)] if back else told


def _schools_table(results: Results, figure: PlaceFigure) -> Block:
    change = figure.kind == "change"
    last = f"{'Distance from average' if change else sections_school.DISTANCE} ({sections_school.LIKELY})"
    header = ("School", "Pupils", *(("Before", "After") if change else ("After",)), last)
    lines = [_school_cells(results, figure, one) for one in figure.members]
    caption = SCHOOLS_CAPTION.format(name=inside(outcome_label(results, figure.outcome)))
    return Table(pipe_table(header, lines, align="l" + "r" * (len(header) - 1)), caption)


def _school_cells(results: Results, figure: PlaceFigure, one: Member) -> list[str]:
    shown = shown_as(results, figure.outcome)
    means = (one.before, one.after) if figure.kind == "change" else (one.after,)
    beside = f"{shown.difference(one.beside)} ({shown.range(one.beside_low, one.beside_high)})"
    return [one.name or ABSENT, count(one.n), *map(shown.score, means), beside]


def how_to_read(results: Results, place: PlaceResults) -> Block:
    """Why the figures of one place are unsure."""
    return bullets(cautions(results, place))


def steps(results: Results, place: PlaceResults) -> Block:
    """What to do next."""
    return blocks.next_steps([escape(one) for one in hub_steps(results, place)])
