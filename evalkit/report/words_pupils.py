"""What happened to single pupils' scores, to those who left, and what chance alone would have done."""

from evalkit.records.results import Results
from evalkit.report.numbers import count, effect, interval, known, part, pupils, score, signed
from evalkit.report.rows import Row, one_row
from evalkit.report.words_names import outcome_name, score_facts

RELIABLE = (
    "On {outcome}, {improved} {better} by more than the measure's own error, {declined} {worse}, and for "
    "{rest} the difference is too small to tell."
)
RELIABLE_HIDDEN = (
    "On {outcome}, the numbers of pupils who got better or worse are too small to show without pointing at somebody."
)
RELIABLE_REST = (
    "On {outcome}, for {rest} the difference is too small to tell. The numbers who got better or worse are too small "
    "to show without pointing at somebody."
)
RELIABLE_ONE = (
    "On {outcome}, {some} {moved} by more than the measure's own error. The other numbers are too small to show "
    "without pointing at somebody."
)
RELIABLE_NONE = "On {outcome}, we could not work out which pupils' scores moved by more than the measure's own error."
LEAVERS = (
    "On {outcome}, the {n} pupils who left started {points} points {direction} than those who stayed (likely range "
    "{range}; {g} of a standard deviation)."
)
LEAVERS_UNSURE = (
    "On {outcome}, the {n} pupils who left started {points} points {direction} than those who stayed, but the likely "
    "range ({range}) holds 0, so we cannot tell whether they really differed ({g} of a standard deviation)."
)
LEAVERS_SAME = "On {outcome}, the {n} pupils who left started at the same level as those who stayed."
LEAVERS_HIDDEN = "On {outcome}, too few pupils left to show how they differed from those who stayed."
LEAVERS_NONE = "On {outcome}, nobody left, or we could not work out how those who left differed."
REGRESSION = (
    "On {outcome}, we would expect a move of {points} points with no programme at all, because pupils were chosen for "
    "their scores. The observed change was {observed} points."
)
REGRESSION_NONE = (
    "On {outcome}, pupils were chosen for their scores, so part of the change would have come anyway. How much, we "
    "cannot say. {reason}"
)


def reliable_sentence(results: Results, outcome: str) -> str:
    """How many pupils moved by more than the measure's own error."""
    names = ("improved", "declined", "rose", "fell", "no_reliable_change")
    rows = {key: one_row(results, "reliable_change", outcome, contrast=key) for key in names}
    up, down, rest = rows["improved"] or rows["rose"], rows["declined"] or rows["fell"], rows["no_reliable_change"]
    name = outcome_name(results, outcome)
    if "suppressed" in (up.get("status"), down.get("status"), rest.get("status")):
        if known(rest.get("estimate")):
            return RELIABLE_REST.format(outcome=name, rest=pupils(rest["estimate"], rest["n_treated"]))
        return _one_side(name, up, down, judged=bool(rows["improved"])) or RELIABLE_HIDDEN.format(outcome=name)
    if not known(rest.get("estimate")):
        return RELIABLE_NONE.format(outcome=name)
    judged = bool(rows["improved"])
    return RELIABLE.format(
        outcome=name,
        improved=pupils(up["estimate"], up["n_treated"]),
        better="got better" if judged else "rose",
        declined=part(down["estimate"], down["n_treated"]),
        worse="got worse" if judged else "fell",
        rest=part(rest["estimate"], rest["n_treated"]),
    )


def _one_side(name: str, up: Row, down: Row, *, judged: bool) -> str:
    """The sentence for the one count, of those who moved, that is shown; empty when neither is."""
    verbs = ("got better", "got worse") if judged else ("rose", "fell")
    for row, moved in zip((up, down), verbs, strict=True):
        if known(row.get("estimate")):
            return RELIABLE_ONE.format(outcome=name, some=pupils(row["estimate"], row["n_treated"]), moved=moved)
    return ""


def leavers_sentence(results: Results, outcome: str) -> str:
    """How the pupils who left differed at the start from those who stayed."""
    row = one_row(results, "leavers", outcome)
    name = outcome_name(results, outcome)
    if row.get("status") == "suppressed":
        return LEAVERS_HIDDEN.format(outcome=name)
    if not row or not known(row["estimate"]):
        return LEAVERS_NONE.format(outcome=name)
    if row["estimate"] == 0:
        return LEAVERS_SAME.format(outcome=name, n=count(row["n_treated"]))
    facts = score_facts(results, outcome)
    unsure = row["conf_low"] <= 0 <= row["conf_high"]
    return (LEAVERS_UNSURE if unsure else LEAVERS).format(
        outcome=name,
        n=count(row["n_treated"]),
        points=score(abs(row["estimate"]), low=facts["low"], high=facts["high"]),
        direction="higher" if row["estimate"] > 0 else "lower",
        range=interval(row["conf_low"], row["conf_high"], digits=1),
        g=effect(abs(row["effect_size"])),
    )


def regression_sentence(results: Results, outcome: str) -> str:
    """The move to expect with no programme, beside the observed change; empty when pupils were not chosen by score."""
    row = one_row(results, "regression_to_mean", outcome)
    if not row:
        return ""
    name = outcome_name(results, outcome)
    if not known(row["estimate"]):
        return REGRESSION_NONE.format(outcome=name, reason=row["reason"])
    observed = one_row(results, "change", outcome, estimator="paired_t")
    return REGRESSION.format(
        outcome=name, points=signed(row["estimate"], 2), observed=signed(observed.get("estimate"), 2)
    )
