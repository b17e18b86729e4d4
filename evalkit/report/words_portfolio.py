"""The sentences of a portfolio: what several evaluations say together, and why some stand alone."""

from collections.abc import Mapping

from evalkit.records.portfolio import Portfolio
from evalkit.report.numbers import count, effect, interval, known, listed
from evalkit.report.rows import Row, records

CLASS_NAMES: Mapping[str, str] = {
    "randomised": "randomised trial",
    "matched": "matched comparison",
    "comparison": "comparison of two groups",
    "before_and_after": "before and after, no comparison group",
    "no_measure": "opinions or published figures",
}
HORIZON_NAMES: Mapping[str, str] = {"end": "at the end", "later": "later on"}
NOTHING = (
    "No two of these programmes measured the same outcome in the same way, so their numbers cannot be read against one "
    "another. Each answer below stands by itself."
)
SOME = (
    "{groups} of these outcomes {were} measured in the same way by two programmes or more. Only those may be read "
    "against one another."
)
POOLED = (
    "{label}: over {k} programmes ({design}) the average difference is {size} standard deviations (likely range "
    "{range}). In a further programme of this kind it would most likely lie between {low} and {high}."
)
UNSURE = " The range holds 0, so we cannot tell from these programmes whether there is a difference on average."
APART = " The programmes differ more than chance would make them: ask what the better ones did."
RULES = (
    "Programmes stand side by side only where they used the same score of the same questionnaire in the same version, "
    "the same kind of design, and measured it at the same time (at the end, or later). An average is drawn only over "
    "designs with a comparison group and over at least {fewest} programmes."
)
MANY_LOOKS = (
    "Whoever looks at {k} programmes can find a striking one by chance. The p-values below are adjusted for that "
    "(Holm, over the primary outcomes of all programmes)."
)
APART_I2 = 0.5


def portfolio_answer(portfolio: Portfolio) -> str:
    """What may be compared, in one or two sentences."""
    shared = [row for row in records(portfolio.pooled) if row["n_programmes"] > 1]
    if not shared:
        return NOTHING
    pooled = [pooled_sentence(row) for row in shared if row["status"] == "ok"]
    if pooled:
        return pooled[0]
    return SOME.format(groups=count(len(shared)), were="was" if len(shared) == 1 else "were")


def pooled_sentence(row: Row) -> str:
    """What a group says together."""
    told = POOLED.format(
        label=row["label"], k=count(row["n_programmes"]), design=CLASS_NAMES[str(row["design_class"])],
        size=effect(row["estimate"]), range=interval(row["conf_low"], row["conf_high"], digits=2),
        low=effect(row["predict_low"]), high=effect(row["predict_high"]),
    )  # fmt: skip
    if row["conf_low"] <= 0 <= row["conf_high"]:
        told += UNSURE
    return told + (APART if row["i2"] > APART_I2 else "")


def alone_sentences(portfolio: Portfolio) -> list[str]:
    """Why groups of two programmes or more are not pooled, each reason with its outcomes."""
    told: dict[str, list[str]] = {}
    for row in records(portfolio.pooled):
        if row["status"] != "ok" and row["n_programmes"] > 1:
            told.setdefault(str(row["reason"]), []).append(str(row["label"]))
    return [f"{listed(list(dict.fromkeys(labels)))}: {reason}" for reason, labels in told.items()]


def security(row: Row) -> str:
    """Design and padlocks of a row."""
    name = CLASS_NAMES[str(row["design_class"])]
    if not known(row["padlocks"]):
        return name
    number = int(row["padlocks"])
    return f"{name}, {number} padlock{'' if number == 1 else 's'} of 5"
