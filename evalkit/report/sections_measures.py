"""The parts of the report on measures: what each was meant to measure, how it did here, and what follows."""

from evalkit.records.outcome import Outcome
from evalkit.records.results import Results
from evalkit.records.standards import load_standards
from evalkit.report import figures, tables_measure
from evalkit.report.blocks import Block, Markdown, escape
from evalkit.report.figure_loadings import loadings_figure
from evalkit.report.numbers import count, known
from evalkit.report.rows import records
from evalkit.report.sections import bullets
from evalkit.report.tables_factor import fit_table, groups_table, invariance_table
from evalkit.report.words_measure import failed_step, fit_sentence, invariance_sentence, not_validated_sentence
from evalkit.report.words_names import inside, measured_facts, outcome_name, score_facts

RUNS = "A score runs from {low} to {high}; a higher score is {higher}."
RUNS_PLAIN = "A score runs from {low} to {high}."
MEANT = "The {k} questions are those of the {title}, here to measure {label}."
MEANT_ONE = "The question is one of the {title}, here to measure {label}."
TRUST = "Answers to {label} fit together well enough to compare groups, so its figures can be read as they stand."
DOUBT = "Answers to {label} fit together well enough to compare groups."
OTHER = "But its questions did not work in the same way before and after, so part of a change may come from that."
MISFIT = "But they do not fit the way they are scored, so a change may stand for several things at once."
ENDS = {
    "ceiling_reached": "Many pupils had the highest score, so a rise may be larger than it looks.",
    "floor_reached": "Many pupils had the lowest score, so a fall may be larger than it looks.",
}
CAREFUL = (
    "Answers to {label} fit together poorly, or we cannot tell. This may hide a real change, so read its figures "
    "with care."
)


def title(results: Results) -> str:
    """The report's title."""
    return f"How well the measures worked: {results.plan.title}"


def scales(results: Results) -> list[Block]:
    """For each questionnaire: what it measures, how it did, its questions."""
    found: list[Block] = []
    for outcome in results.plan.outcomes:
        if measured_facts(results, outcome.id) is not None:
            continue
        facts = results.instruments[outcome.instrument]
        score = score_facts(results, outcome.id)
        found.append(Markdown(f"## {escape(outcome.label)}"))
        runs = RUNS if score["higher_is"] in ("better", "worse") else RUNS_PLAIN
        words = [
            (MEANT if score["k"] > 1 else MEANT_ONE).format(
                k=count(score["k"]), title=facts["title"], label=inside(outcome.label)
            ),
            not_validated_sentence(results, outcome.instrument),
            runs.format(low=f"{score['low']:g}", high=f"{score['high']:g}", higher=score["higher_is"]),
            fit_sentence(results, outcome.scale),
            invariance_sentence(results, outcome.scale),
        ]
        found.append(Markdown(escape(" ".join(word for word in words if word))))
        picture = loadings_figure(results, outcome.scale)
        found += [picture] if picture is not None else []
        found.append(tables_measure.items_table(results, outcome.scale))
    return found


def bars(results: Results) -> list[Block]:
    """How each question was answered."""
    return [*figures.answers(results)]


def models(results: Results) -> list[Block]:
    """Fit of the factor models, invariance, and questions that worked differently between groups."""
    made = [build(results) for build in (fit_table, invariance_table, groups_table)]
    return [one for one in made if one is not None]


def meaning(results: Results) -> Block:
    """What that means for the findings, a sentence for each questionnaire."""
    lines: list[str] = []
    enough = load_standards().warnings.low_reliability.value
    for outcome in results.plan.outcomes:
        if measured_facts(results, outcome.id) is not None:
            continue
        rows = [row for row in records(results.displays["quality"]) if row["scale"] == outcome.scale]
        values = [row["omega"] if known(row["omega"]) else row["alpha"] for row in rows]
        good = bool(values) and all(known(value) and value >= enough for value in values)
        doubts = [*_doubts(results, outcome), not_validated_sentence(results, outcome.instrument)]
        words = (DOUBT if any(doubts) else TRUST) if good else CAREFUL
        told = [words.format(label=outcome_name(results, outcome.id)), *doubts]
        lines.append(" ".join(one for one in told if one))
    return bullets(lines)


def _doubts(results: Results, outcome: Outcome) -> list[str]:
    """What else may stand between an outcome's figures and the truth: invariance, and scores at an end."""
    failed = failed_step(results, outcome.scale)
    kinds = dict.fromkeys(one.kind for one in results.caveats if one.outcome == outcome.id)
    shifted = {"": [], "configural": [MISFIT]}.get(failed, [OTHER])
    return [*shifted, *(ENDS[kind] for kind in kinds if kind in ENDS)]
