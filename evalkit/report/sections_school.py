"""The parts of a school's page and of its letter, as blocks: what the templates' cells call."""

from evalkit.records.place_results import PlaceResults
from evalkit.records.results import Results
from evalkit.report import blocks, sections_brief
from evalkit.report.any_design import any_answer
from evalkit.report.blocks import Block, Markdown, Table, escape, pipe_table
from evalkit.report.figure_place import place_figure
from evalkit.report.numbers import ABSENT, count, short_hash
from evalkit.report.sections import bullets, paragraph
from evalkit.report.words_names import inside, outcome_label
from evalkit.report.words_school import (
    ANSWER_INTRO,
    CONTROL_THANKS,
    ENCLOSED,
    ENCLOSED_WITHOUT,
    GREETING,
    LETTER_CAUTION,
    NO_OWN,
    OWN_INTRO,
    SUBTITLE,
    THANKS,
    cautions,
    in_order,
    is_control,
    own_sentences,
    peers,
    school_steps,
    short_sentences,
    shown_as,
    with_numbers,
)

MOST_IN_LETTER, MOST_STEPS = 2, 3
LIKELY, DISTANCE = "likely range", "Distance from expected"
NO_PICTURE = "There is no picture, because no figure of your school can be shown."
CAPTION = {
    "change": "Your school beside all schools. The last two columns allow for chance.",
    "level": "Your pupils beside {peers}. The last column allows for chance.",
}
MADE = "Made with evalkit {version} from plan {plan} and data release {release}."


def title(school: PlaceResults) -> str:
    """The school's name."""
    return school.name


def subtitle(results: Results) -> str:
    """In which programme."""
    return SUBTITLE.format(title=results.plan.title)


def banner(results: Results) -> list[Block]:
    """Says that the data are made up or simulated, when they are."""
    return sections_brief.banner(results)


def answer_box(results: Results) -> Block:
    """The programme's answer."""
    return blocks.answer(escape(any_answer(results)))


def fact_boxes(results: Results, school: PlaceResults) -> list[Block]:
    """The school's pupils, and its first outcome; nothing where nothing may be shown."""
    found = in_order(results, with_numbers(school))
    if not found:
        return []
    first = found[0]
    shown, name = shown_as(results, first.outcome), inside(outcome_label(results, first.outcome))
    boxes = [(count(first.n), f"of your pupils stand behind the figures on {name}")]
    if first.kind == "change":
        own, everybody = first.after - first.before, first.schools_after - first.schools_before
        boxes.append((shown.difference(own), f"{shown.gap_unit} of change on {name}: your pupils"))
        boxes.append((shown.difference(everybody), f"{shown.gap_unit} of change on {name}: pupils of all schools"))
    else:
        boxes.append((shown.score(first.after), f"{shown.unit} on {name}: your pupils"))
        boxes.append((shown.score(first.schools_after), f"{shown.unit} on {name}: {peers(results, school)}"))
    return [blocks.facts([(number, escape(label)) for number, label in boxes])]


def own_school(results: Results, school: PlaceResults) -> Block:
    """What happened at the school, outcome by outcome."""
    return bullets(own_sentences(results, school, one) for one in in_order(results, school.figures))


def picture(results: Results, school: PlaceResults) -> Block:
    """The school among the others."""
    return place_figure(results, school) or paragraph(NO_PICTURE)


def figures_table(results: Results, school: PlaceResults) -> list[Block]:
    """The school's figures in numbers; nothing where nothing may be shown."""
    found = in_order(results, with_numbers(school))
    if not found:
        return []
    caption = CAPTION[found[0].kind].format(peers=peers(results, school))
    return [own_table(results, school, caption=caption)]


def own_table(results: Results, place: PlaceResults, *, caption: str) -> Table:
    """The figures of a place beside those of all schools, or of all of its group."""
    found = in_order(results, with_numbers(place))
    change = found[0].kind == "change"
    last = (
        (f"Change, allowing for chance ({LIKELY})", f"Average {place.level}") if change else (f"{DISTANCE} ({LIKELY})",)
    )
    everybody = "All of the group, after" if place.arm and not change else "All schools after"
    header = ("Outcome", "Your pupils", "Before", "After", "All schools before", everybody, *last)
    lines: list[list[str]] = []
    for one in found:
        shown = shown_as(results, one.outcome)
        # A trial's starting point may be another measure, told in its own points.
        before = [shown.score(value) if change else ABSENT for value in (one.before, one.schools_before)]
        row = [outcome_label(results, one.outcome), count(one.n), before[0], shown.score(one.after), before[1]]
        row.append(shown.score(one.schools_after))
        if change:
            row.append(f"{shown.difference(one.value)} ({shown.range(one.low, one.high)})")
            row.append(shown.difference(one.average))
        else:
            row.append(f"{shown.difference(one.beside)} ({shown.range(one.beside_low, one.beside_high)})")
        lines.append(row)
    if not change:
        header = (*header[:2], *header[3:4], *header[5:])
        lines = [[*row[:2], row[3], *row[5:]] for row in lines]
    return Table(pipe_table(header, lines, align="l" + "r" * (len(header) - 1)), caption)


def how_to_read(results: Results, school: PlaceResults) -> Block:
    """Why a school's own figures are unsure."""
    return bullets(cautions(results, school))


def steps(results: Results, school: PlaceResults) -> Block:
    """What to do next."""
    return blocks.next_steps([escape(one) for one in school_steps(results, school)])


def made_from(results: Results) -> Block:
    """From what it was made."""
    source = results.provenance
    told = MADE.format(
        version=source.evalkit, plan=short_hash(source.plan_sha256), release=short_hash(source.release_sha256)
    )
    return blocks.small_print(escape(told))


def letter_title(results: Results) -> str:
    """The programme's name."""
    return results.plan.title


def greeting(school: PlaceResults) -> str:
    """To whom the letter goes."""
    return GREETING.format(name=school.name)


def letter(results: Results, school: PlaceResults) -> list[Block]:
    """The letter's text."""
    thanks = (CONTROL_THANKS if is_control(results, school) else THANKS).format(programme=results.plan.programme.name)
    found = in_order(results, with_numbers(school))[:MOST_IN_LETTER]
    own = [short_sentences(results, school, one) for one in found]
    reason = next((one.reason for one in school.figures if one.reason), "")
    return [
        paragraph(thanks),
        Markdown(f"**{ANSWER_INTRO}** {escape(any_answer(results))}"),
        Markdown(f"**{OWN_INTRO}** {escape(' '.join(own) or f'{NO_OWN} {reason}'.strip())}"),
        *([paragraph(LETTER_CAUTION)] if found else []),
    ]


def letter_steps(results: Results, school: PlaceResults) -> Block:
    """The first next steps."""
    return blocks.next_steps([escape(one) for one in school_steps(results, school)[:MOST_STEPS]])


def signed_off(results: Results, school: PlaceResults) -> list[Block]:
    """Who writes."""
    provider = results.plan.programme.provider
    names = f"{results.plan.programme.name}, {provider}" if provider else results.plan.programme.name
    return [
        paragraph(ENCLOSED if with_numbers(school) else ENCLOSED_WITHOUT),
        paragraph(f"The evaluation team of {names}"),
    ]
