"""The tables for every reader: what changed, who took part, how scores were spread, who moved."""

from collections.abc import Mapping
from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.figure_answers import Piece, answers_data
from evalkit.report.figure_distribution import distribution_data
from evalkit.report.numbers import (
    ABSENT,
    SUPPRESSED,
    change,
    count,
    effect,
    fixed,
    interval,
    known,
    part,
    score,
    signed,
    signed_percent,
)
from evalkit.report.rows import Row, one_row, records, rows_of
from evalkit.report.table_cells import cell, cell_range, interval_name, shown, table, without_hidden
from evalkit.report.words_change import Change, changes
from evalkit.report.words_names import outcome_label, score_facts
from evalkit.report.words_percent import PERCENT_KINDS

THREE_KINDS = "Three kinds of percentage change. They answer different questions, so never set one beside another."


def change_table(results: Results) -> Table:
    """The data of the main chart."""
    rows = []
    models = {row["outcome"]: row for row in records(results.models)}
    for one in changes(results):
        model = models[one.outcome]
        hidden = one.verdict == "suppressed"
        in_points = partial(score, low=model["low"], high=model["high"])
        cells = (
            shown(model["mean_pre"], in_points),
            shown(model["mean_post"], in_points),
            change(one.estimate * one.per_percent) + _unit(one),
            interval(one.low * one.per_percent, one.high * one.per_percent, digits=1),
        )
        label = one.label if one.primary else f"{one.label} (secondary)"
        declared = results.plan.outcome(one.outcome).smallest_worthwhile
        smallest = shown(one.worthwhile * one.per_percent, partial(fixed, digits=1)) if declared else "none declared"
        rows.append([label, count(one.n), *([SUPPRESSED] * len(cells) if hidden else cells), smallest])
    header = (
        "Outcome", "Pupils", "Mean before", "Mean after", "Change", "Likely range of the change",
        "Smallest change that matters",
    )  # fmt: skip
    caption = (
        "The numbers in the picture. Means are on each scale's own points; changes are in percentage points of the "
        "scale's range."
    )
    if any(one.per_percent != 1 or one.unit != "percentage points" for one in changes(results)):
        caption = f"{caption} Numbers that were measured change in their own unit, which is named."
    return table(results, header, rows, align="lrrrrrr", caption=caption, widths=(17, 11, 10, 10, 11, 21, 20))


def _unit(one: Change) -> str:
    """The unit behind a change, where it is not percentage points."""
    return "" if one.unit == "percentage points" else f" {one.unit}"


def distribution_table(results: Results) -> Table:
    """How scores were spread before and after, a row per outcome and band, as the figures show it."""
    rows = []
    for outcome in results.plan.outcomes:
        means = results.displays["means"]
        pupils = means[means["outcome"] == outcome.id]["n"].max()
        for row in records(distribution_data(results, outcome.id)):
            cells = [part(row[wave], pupils) if known(row[wave]) else SUPPRESSED for wave in ("before", "after")]
            rows.append([outcome.label, str(row["band"]).replace("\n", " "), *cells])
    caption = "How the scores were spread: pupils in each band of scores, of those who have a score both times."
    return table(results, ("Outcome", "Scores", "Before", "After"), rows, align="llrr", caption=caption)


def answers_table(results: Results, scale: str) -> Table:
    """The answers to every item of a scale, a row per answer or per group of neighbouring answers."""
    pieces = answers_data(results, scale)
    by_place = {(piece.item, piece.low, piece.wave): piece for piece in pieces}
    rows = []
    for item, label, low, high in dict.fromkeys((one.item, one.label, one.low, one.high) for one in pieces):
        cells = [_piece_share(by_place.get((item, low, wave))) for wave in ("before", "after")]
        rows.append([label, str(low) if low == high else f"{low} to {high}", *cells])
    outcome = next(one for one in results.plan.outcomes if one.scale == scale)
    anchors = results.instruments[outcome.instrument].get("anchors") or {}
    caption = f"{outcome.label}: answers of the pupils who answered both times. {_anchor_note(anchors)}".strip()
    return table(
        results,
        ("Question", "Answers", "Before", "After"),
        rows,
        align="llrr",
        caption=caption,
        widths=(38, 14, 24, 24),
    )


def _piece_share(piece: Piece | None) -> str:
    if piece is None or not known(piece.share):
        return SUPPRESSED
    return part(piece.share * piece.n / 100, piece.n)


def _anchor_note(anchors: Mapping[str, str]) -> str:
    return "; ".join(f"{code}: {text}" for code, text in anchors.items()) + "." if anchors else ""


def reliable_table(results: Results) -> Table:
    """Counts of pupils who moved by more than the measure's own error."""
    rows = []
    for outcome in results.plan.outcomes:
        found = {
            name: one_row(results, "reliable_change", outcome.id, contrast=name)
            for name in ("improved", "rose", "no_reliable_change", "declined", "fell", "threshold")
        }
        if not any(found.values()):
            continue
        facts = score_facts(results, outcome.id)
        counts = (found["improved"] or found["rose"], found["no_reliable_change"], found["declined"] or found["fell"])
        cells = [cell(row, "estimate", partial(part, of=row.get("n_treated"))) for row in counts]
        limit = cell(found["threshold"], "estimate", partial(score, low=facts["low"], high=facts["high"]))
        label = outcome.label if not found["rose"] else f"{outcome.label} (better: rose; worse: fell)"
        rows.append([label, *cells, limit, str(found["threshold"].get("reason") or ABSENT)])
    header = ("Outcome", "Better", "Too small to tell", "Worse", "Points needed", "Reliability used")
    caption = "Pupils whose score moved by more than the measure's own error (reliable change)."
    return table(results, header, rows, align="lrrrrl", caption=caption, widths=(17, 17, 20, 17, 12, 22))


def percent_table(results: Results) -> Table:
    """The three kinds of percentage change, a row per outcome."""
    rows = []
    for outcome in results.plan.outcomes:
        found = {name: one_row(results, "change", outcome.id, estimator=name) for name in PERCENT_KINDS}
        ratio = found["percent_pupil_ratio"]
        used = ratio.get("n_treated") if ratio else None
        rows.append(
            [
                outcome.label,
                cell(found["percent_of_range"], "estimate", lambda value: f"{change(value)} points"),
                cell(found["percent_of_baseline"], "estimate", partial(signed_percent, n=used)),
                cell(ratio, "estimate", partial(signed_percent, n=used)),
                _used(ratio),
            ]
        )
    header = ("Outcome", *(kind[0] for kind in PERCENT_KINDS.values()), "Pupils in the last figure")
    kept, left_out = without_hidden(header, rows, places=(4,))
    widths = (20, 22, 18, 20, 20)
    return table(
        results,
        [header[place] for place in kept],
        [[row[place] for place in kept] for row in rows],
        align="l" + "r" * (len(kept) - 1),
        caption=f"{THREE_KINDS}{left_out}",
        widths=tuple(widths[place] for place in kept),
    )


def _used(ratio: Row) -> str:
    """How many pupils the mean of ratios rests on; an empty number there is a hidden one."""
    hidden = ratio.get("status") == "ok" and not known(ratio["n_treated"])
    return SUPPRESSED if hidden else cell(ratio, "n_treated", count)


def percent_meanings(results: Results) -> Table:
    """What each kind of percentage change is, and what its zero is."""
    rows = [list(kind) for kind in PERCENT_KINDS.values()]
    caption = "What the three kinds mean."
    return table(
        results, ("Kind", "What it is", "What its zero is"), rows, align="lll", caption=caption, widths=(22, 42, 36)
    )


def leavers_table(results: Results) -> Table:
    """Those who left against those who stayed, at the start."""
    rows = []
    for row in rows_of(results, "leavers"):
        cells = [
            cell(row, "n_treated", count),
            cell(row, "estimate", lambda value: signed(value, 2)),
            cell_range(row, digits=2),
            cell(row, "effect_size", effect),
            str(row["reason"] or ABSENT),
        ]
        rows.append([outcome_label(results, str(row["outcome"])), *cells])
    header = ("Outcome", "Pupils who left", "Difference in points", interval_name(results), "Hedges' g", "Remark")
    caption = "Scores before: pupils who left minus pupils who stayed."
    return table(results, header, rows, align="lrrrrl", caption=caption, widths=(18, 13, 17, 20, 12, 20))


def regression_table(results: Results) -> Table:
    """The move to expect without a programme beside the observed change."""
    rows = []
    for row in rows_of(results, "regression_to_mean"):
        observed = one_row(results, "change", str(row["outcome"]), estimator="paired_t")
        rows.append(
            [
                outcome_label(results, str(row["outcome"])),
                cell(row, "estimate", lambda value: signed(value, 2)),
                cell(observed, "estimate", lambda value: signed(value, 2)),
                str(row["reason"] or ABSENT),
            ]
        )
    header = ("Outcome", "Expected move", "Observed change", "Rests on")
    caption = "Regression to the mean, in points of the scale: the move to expect with no programme."
    return table(results, header, rows, align="lrrl", caption=caption, widths=(20, 15, 15, 50))
