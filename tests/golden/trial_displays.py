"""The displays of the invented trial: small frames of aggregates, as the analysis hands them on."""

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
from scipy import stats

from evalkit.records.standards import load_standards
from tests.golden.trial_plan import MEASURES, OUTCOMES, THREATS

if TYPE_CHECKING:
    from tests.golden.trial_sample import Case

GAP = math.nan
SCHOOLS = {"intervention": (38, 2, 36), "training": (24, 1, 23), "coaching": (24, 0, 24), "control": (33, 3, 30)}
STEPS = ("left_with_school", "left", "no_outcome", "no_baseline", "not_in_population")
PUPILS = {
    "intervention": (2860, (150, 90, 60, 0, 1838)),
    "training": (1810, (70, 60, 40, 0, 1160)),
    "coaching": (1790, (0, 80, 44, 0, 1150)),
    "control": (2480, (210, 70, 55, 0, 1546)),
}


def displays(case: "Case") -> dict[str, pd.DataFrame]:
    """Every display of the contract that the case has."""
    found = {
        "flow": _flow(case), "reasons": _reasons(case), "attrition": _attrition(case), "wwc_attrition": _boundary(case),
        "balance": _balance(case), "distribution": _distribution(case), "arms": _arms(case),
        "schools": _schools(case), "missing_pattern": _patterns(case), "dropout": _dropout(case), "mdes": _mdes(case),
        "months": months_of(case), "padlocks": _padlocks(case), "threats": _threats(), "wwc": _wwc(case),
        "cost": _cost(), "cost_summary": _cost_summary(), "fidelity": _fidelity(case),
        "fidelity_summary": _fidelity_summary(case), "checklist": _checklist(case), "seal": _seal(),
        "deviations": _deviations(), "context": _context(),
    }  # fmt: skip
    planned = [outcome.id for outcome in case.plan.outcomes]
    for name, frame in found.items():
        if "outcome" in frame.columns:
            found[name] = frame[frame["outcome"].isin(planned)]
    if not case.clustered:
        del found["schools"]
    if case.bare:
        for name in ("reasons", "dropout", "padlocks", "months", "threats", "cost", "cost_summary", "fidelity",
                     "fidelity_summary", "seal", "deviations", "context", "mdes"):  # fmt: skip
            found[name] = found[name].iloc[:0]
    return found


def _frame(rows: list[tuple[Any, ...]], columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def _every_arm(case: "Case") -> list[str]:
    return [*case.treated, "control"]


def _flow(case: "Case") -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for arm in _every_arm(case):
        drawn, left, kept = SCHOOLS[arm]
        if case.plan.design == "cluster_trial":
            rows += [
                ("school", "randomised", arm, drawn),
                ("school", "left", arm, left),
                ("school", "analysed", arm, kept),
            ]
        pupils, lost = PUPILS[arm]
        rows.append(("pupil", "randomised", arm, pupils))
        rows += [("pupil", step, arm, number) for step, number in zip(STEPS, lost, strict=True)]
        rows.append(("pupil", "analysed", arm, pupils - sum(lost)))
    return _frame(rows, "level step arm n")


def _reasons(case: "Case") -> pd.DataFrame:
    rows = [("school", arm, "the school left the trial", SCHOOLS[arm][1]) for arm in _every_arm(case)]
    for arm in _every_arm(case):
        lost = PUPILS[arm][1]
        rows += [("pupil", arm, "moved to another school", lost[1]), ("pupil", arm, "absent at the exam", lost[2] - 4),
                 ("pupil", arm, "withdrawn by parents", GAP)]  # fmt: skip
    return _frame(rows, "level arm reason n")


def _attrition(case: "Case") -> pd.DataFrame:
    rows = []
    for outcome in case.plan.outcomes:
        for level in ("school", "pupil"):
            counts = {arm: _counts(arm, level) for arm in _every_arm(case)}
            counts["all"] = (sum(one[0] for one in counts.values()), sum(one[1] for one in counts.values()))
            rows += [(outcome.id, level, arm, drawn, drawn - lost, lost, 100 * lost / drawn)
                     for arm, (drawn, lost) in counts.items()]  # fmt: skip
    return _frame(rows, "outcome level arm randomised analysed lost lost_percent")


def _counts(arm: str, level: str) -> tuple[int, int]:
    if level == "school":
        return SCHOOLS[arm][0], SCHOOLS[arm][1]
    return PUPILS[arm][0], sum(PUPILS[arm][1][:4])


def _boundary(case: "Case") -> pd.DataFrame:
    rows = [(outcome.id, level, overall, gap, "low", "low", "V") for outcome in case.plan.outcomes
            for level, overall, gap in (("school", 7.0, 3.8), ("pupil", 5.3, 0.9))]  # fmt: skip
    return _frame(rows, "outcome level overall differential cautious optimistic status")


def _balance(case: "Case") -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for sample, by, share in (("randomised", 0.03, 1.0), ("analysed", 0.06, 0.3)):
        for arm in _every_arm(case):
            n = round(PUPILS[arm][0] * share)
            treated = arm != "control"
            extra = by if treated else GAP
            rows.append(("science", sample, "pupil", "baseline", "Key Stage 2 score", "", arm, n, round(n * 0.08),
                         102.1 + (by * 7 if treated else 0), 7.0, GAP, GAP, GAP, extra))  # fmt: skip
            for category, percent, gap in (("yes", 28.1, -0.02), ("no", 71.9, 0.02)):
                rows.append(("science", sample, "pupil", "fsm", "free school meals", category, arm, n, 0, GAP, GAP,
                             round(n * percent / 100), percent, 1, gap + by / 2 if treated else GAP))  # fmt: skip
            rows += [("science", sample, "school", "centre", "Centre", name, arm, SCHOOLS[arm][0], 0, GAP, GAP,
                      SCHOOLS[arm][0] // 3, 33.3, 1, gap if treated else GAP)
                     for name, gap in (("North", 0.01), ("South", -0.04), ("West", 0.03))]  # fmt: skip
    columns = (
        "outcome sample level variable label category arm n n_missing mean sd count percent rounded_to std_difference"
    )
    return _frame(rows, columns)


def _distribution(case: "Case") -> pd.DataFrame:
    rows = []
    for outcome in case.plan.outcomes:
        for measure, name in (("baseline", "ks2"), ("outcome", OUTCOMES[outcome.id][1])):
            label, low, high, *_ = MEASURES[name]
            steps = [low + (high - low) * place / 6 for place in range(7)]
            if OUTCOMES[outcome.id][2] != "number" and measure == "outcome":
                continue
            for arm in _every_arm(case):
                n = PUPILS[arm][0] // 3
                middle = low + (high - low) * (0.55 if arm != "control" else 0.53)
                edges = [float(stats.norm.cdf(edge, middle, 0.2 * (high - low))) for edge in steps]
                edges[0], edges[-1] = 0.0, 1.0
                for place in range(6):
                    number = round(n * (edges[place + 1] - edges[place]))
                    hide = number < 10
                    rows.append((outcome.id, measure, label, arm, steps[place], steps[place + 1],
                                 GAP if hide else number, GAP if hide else 100 * number / n))  # fmt: skip
    return _frame(rows, "outcome measure label arm low high count percent")


def _arms(case: "Case") -> pd.DataFrame:
    rows = []
    for outcome in case.plan.outcomes:
        for measure, name in (("baseline", "ks2"), ("outcome", OUTCOMES[outcome.id][1])):
            _, low, high, *_ = MEASURES[name]
            width = high - low
            for arm in _every_arm(case):
                mean, sd = low + width * (0.55 if arm != "control" else 0.53), 0.21 * width
                gone = outcome.id in case.hidden
                numbers = [mean, mean - 0.02 * width, mean + 0.02 * width, sd, sd**2]
                rows.append((outcome.id, measure, arm, PUPILS[arm][0] - 300, 300, *([GAP] * 5 if gone else numbers)))
    return _frame(rows, "outcome measure arm n n_missing mean mean_low mean_high sd variance")


def _schools(case: "Case") -> pd.DataFrame:
    rows = []
    for outcome in case.plan.outcomes:
        if outcome.role != "primary":
            continue
        arms = _every_arm(case)
        total = 66
        for place in range(1, total + 1):
            value = float(stats.norm.ppf((place - 0.4) / total)) * 0.3
            rows.append((outcome.id, arms[place * 7 % len(arms)], place, value, value - 0.35, value + 0.35))
    return _frame(rows, "outcome arm place estimate low high")


def _patterns(case: "Case") -> pd.DataFrame:
    rows = []
    for arm in _every_arm(case):
        n = PUPILS[arm][0]
        for pattern, share in (("", 0.86), ("outcome", 0.05), ("baseline", 0.08), ("outcome, baseline", GAP)):
            rows.append(("science", arm, pattern, round(n * share) if share == share else GAP, 100 * share))
    return _frame(rows, "outcome arm pattern n percent")


def _dropout(case: "Case") -> pd.DataFrame:
    rows = [("science", "intervention", "Programme group", 0.93, 0.71, 1.22, 0.60),
            ("science", "ks2", "Key Stage 2 score", 0.97, 0.95, 0.99, 0.004),
            ("science", "fsm: yes", "free school meals: yes", 1.41, 1.10, 1.81, 0.007)]  # fmt: skip
    return _frame(rows, "outcome term label odds_ratio conf_low conf_high p_value")


def _mdes(case: "Case") -> pd.DataFrame:
    rows = [("mdes", "Minimum detectable effect size (MDES)", 0.18, 0.24, 0.23, 0.25),
            ("correlation_pupil", "Pre-test/post-test correlation, pupils", 0.7, 0.7, 0.69, 0.66),
            ("icc_school", "Intracluster correlation, schools", 0.15, 0.15, 0.14, 0.13),
            ("alpha", "Alpha", 0.05, 0.05, 0.05, 0.05), ("power", "Power", 0.8, 0.8, 0.8, 0.8),
            ("sides", "One-sided or two-sided", 2, 2, 2, 2), ("cluster_size", "Average cluster size", 75, 75, 20, 6),
            ("schools", "Number of schools, total", 100, 71, 66, 64),
            ("pupils", "Number of pupils, total", 7500, 5340, 1321, 390)]  # fmt: skip
    return _frame(rows, "row label protocol_all randomisation_all analysis_all analysis_fsm")


def months_of(case: "Case") -> pd.DataFrame:
    months = load_standards().months
    rows = []
    for outcome in case.plan.outcomes:
        if not outcome.attainment or outcome.id in (*case.hidden, *case.failed):
            continue
        for place, arm in enumerate(case.treated):
            ends = [value * (1 if place == 0 else 0.6) for value in case.found[outcome.id][2:]]
            for bands in ("project", "toolkit"):
                bounds = getattr(months, bands)
                read = [math.copysign(sum(abs(round(v, 2)) > b for b in bounds.values), v) for v in ends]
                rows.append((outcome.id, "all", f"{arm} - control", bands, ends[0], *read, False, bounds.status))
    return _frame(rows, "outcome subgroup contrast bands effect_size months low high beyond status")


def _padlocks(case: "Case") -> pd.DataFrame:
    rows = [
        ("science", "design", GAP, 5, "a randomised trial", "M", "EEF security rating, design column (from memory)"),
        ("science", "mdes", 0.24, 4, "", "M", "EEF security rating, MDES column (from memory)"),
        ("science", "attrition", 12.0, 4, "", "M", "EEF security rating, attrition column (from memory)"),
        ("science", "interim", GAP, 4, "the lowest of the three", "M", "EEF security rating (from memory)"),
        ("science", "final", GAP, 3, "one threat is high, the rest low", "V", "Oxford Education Deanery course"),
    ]
    return _frame(rows, "outcome column value padlocks note status source")


def _threats() -> pd.DataFrame:
    titles = {one.id: one.title for one in load_standards().security_threats}
    rows = [(name, titles[name], "moderate" if name == "missing_data" else "low", "unknown", "Nothing points to it.")
            for name in THREATS]  # fmt: skip
    return _frame(rows, "threat title level direction reason")


def _wwc(case: "Case") -> pd.DataFrame:
    rows = [("science", "randomised", GAP, "randomised", "V", "WWC Standards Handbook 4.1"),
            ("science", "attrition", 5.3, "low", "V", "WWC Standards Handbook 4.1, Table II.1"),
            ("science", "baseline", 0.06, "satisfied with adjustment", "V", "WWC Standards Handbook 4.1"),
            ("science", "rating", GAP, "meets without reservations", "V", "WWC Standards Handbook 4.1")]  # fmt: skip
    return _frame(rows, "outcome step value verdict status source")


def _cost() -> pd.DataFrame:
    return _frame(
        [("Training days", "start_up", 0.8, 60000), ("Materials", "recurring", 0.2, 15000)], "name timing share total"
    )


def _cost_summary() -> pd.DataFrame:
    rows = [("per_pupil_year", 8.93, "pounds", "M"), ("rating", 1, "of 5", "V"),
            ("start_up_per_pupil_year", 7.14, "pounds", "M"), ("recurring_per_pupil_year", 1.79, "pounds", "M"),
            ("staff_days_per_year", 113.3, "days", "M")]  # fmt: skip
    return _frame(rows, "quantity value unit status")


def _fidelity(case: "Case") -> pd.DataFrame:
    rows = []
    for arm in _every_arm(case):
        schools = SCHOOLS[arm][0]
        shares = (0.08, 0.1, 0.24, 0.58) if arm != "control" else (1.0, 0.0, 0.0, 0.0)
        rows += [("days", arm, f"{place} days", round(schools * share), round(PUPILS[arm][0] * share) if share else GAP)
                 for place, share in enumerate(shares)]  # fmt: skip
    return _frame(rows, "compliance arm band schools pupils")


def _fidelity_summary(case: "Case") -> pd.DataFrame:
    rows = [("days", arm, SCHOOLS[arm][0], 2.3 if arm != "control" else 0.0, 82.0 if arm != "control" else 0.0)
            for arm in _every_arm(case)]  # fmt: skip
    return _frame(rows, "compliance arm n_schools mean complied_percent")


def _checklist(case: "Case") -> pd.DataFrame:
    rows = [("1a", "Cluster randomised trial in the title", "Title", "reported", "V"),
            ("7a", "How many clusters, and why", "Sample size", "not supplied" if case.bare else "reported", "V"),
            ("13a", "Clusters and pupils randomised, treated, analysed", "Participants", "reported", "V"),
            ("21", "To whom the findings apply", "", "not supplied", "M")]  # fmt: skip
    return _frame(rows, "item topic place status source_status")


def _seal() -> pd.DataFrame:
    return _frame([("1 June 2017, as stated", "f" * 64, "")], "sealed sha256 outcome_files")


def _deviations() -> pd.DataFrame:
    row = ("outcomes.worry.role", "The role of the outcome worry", "changed", "primary", "secondary")
    return _frame([row], "key what kind sealed now")


def _context() -> pd.DataFrame:
    return _frame([("Published result", "+1 month, 3 padlocks", "the trial's own report")], "what value source")
