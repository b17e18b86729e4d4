"""The tables on method: other analyses, the models and their variances, ICC, detectable effects."""

from collections.abc import Sequence
from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, SUPPRESSED, bare_p, count, fixed, interval, known, signed
from evalkit.report.rows import Row, records, rows_of
from evalkit.report.table_cells import cell, cell_range, interval_name, table
from evalkit.report.tables_trial import size_cell
from evalkit.report.trial_effects import arm_of, display, primary_effects
from evalkit.report.words_arms import group_name, short_arm, treated_arms
from evalkit.report.words_methods import method_name
from evalkit.report.words_names import opening, outcome_label

MODELS = {"primary": "main model", "unadjusted": "group alone"}
STAGES = {"protocol": "Protocol", "randomisation": "Randomisation", "analysis": "Analysis"}
NUMBERS = (
    "variance_school", "variance_class", "variance_pupil", "icc", "icc_low", "icc_high", "r2_school", "r2_pupil",
    "sd_total", "hedges_j", "loglik", "converged", "is_singular",
)  # fmt: skip
WHOLE = ("sides", "schools", "schools_treated", "schools_control", "pupils", "pupils_treated",
         "pupils_control")  # fmt: skip
MDES_WIDTHS = {"randomisation": 15}  # the longest word of the headings; others take 10


def robust_tables(results: Results) -> list[Table]:
    """Every other analysis beside the main one, a table per primary outcome and arm; none where there is none."""
    found: list[Table] = []
    header = ("Analysis", "Difference", interval_name(results), f"g ({interval_name(results)})", "p", "Remark")
    for one in primary_effects(results):
        others = [row for row in rows_of(results, "robustness") if _same(row, one.row)]
        if not others:
            continue
        rows = [_robust_row(one.row, "The main analysis"), *(_robust_row(row, method_name(row)) for row in others)]
        several = len(treated_arms(results.plan)) > 1
        name = f"{one.label}, {short_arm(results.plan, one.arm)}" if several else one.label
        caption = f"{name}: other analyses of the same question. g is on the scale of the main analysis throughout."
        widths = (26, 10, 16, 19, 7, 22)
        found.append(trimmed_table(results, header, rows, align="lrrrrl", caption=caption, widths=widths))
    return found


def trimmed_table(
    results: Results, header: Sequence[str], rows: Sequence[Sequence[str]], *, align: str, caption: str,
    widths: Sequence[float],
) -> Table:  # fmt: skip
    """The table without columns that hold nothing but dashes."""
    kept = [place for place in range(len(header)) if place == 0 or any(row[place] != ABSENT for row in rows)]
    return table(
        results, [header[place] for place in kept], [[row[place] for place in kept] for row in rows],
        align="".join(align[place] for place in kept), caption=caption, widths=tuple(widths[place] for place in kept),
    )  # fmt: skip


def _same(row: Row, other: Row) -> bool:
    return (row["outcome"], row["contrast"]) == (other["outcome"], other["contrast"])


def _robust_row(row: Row, name: str) -> list[str]:
    return [
        name,
        cell(row, "estimate", partial(signed, digits=2)),
        cell_range(row, digits=2),
        size_cell(row),
        cell(row, "p_value", bare_p),
        str(row["reason"] or ABSENT),
    ]


def models(results: Results) -> list[Row]:
    """The models; numbers that a design's models do not have are NaN."""
    return [dict.fromkeys(NUMBERS, float("nan")) | row for row in records(results.models)]


def variance_table(results: Results) -> Table:
    """Variances, ICC, R squared and what g is divided by, a row per outcome, model and arm."""
    rows = []
    for row in models(results):
        icc = fixed(row["icc"], 3) if known(row["icc"]) else ABSENT
        spread = interval(row["icc_low"], row["icc_high"], digits=3)
        rows.append(
            [
                _model(results, row),
                *(_variance(row[f"variance_{level}"]) for level in ("school", "class", "pupil")),
                f"{icc} ({spread})" if spread != ABSENT else icc,
                _share(row["r2_school"]),
                _share(row["r2_pupil"]),
                _variance(row["sd_total"]),
                fixed(row["hedges_j"], 4) if known(row["hedges_j"]) else ABSENT,
            ]
        )
    header = ["Model", "Variance, schools", "Variance, classes", "Variance, pupils",
              f"ICC ({interval_name(results)})", "R², schools", "R², pupils", "SD behind g", "J"]  # fmt: skip
    caption = "The models' variances. R²: share of a level's variance that the covariates explain."
    widths = (22, 10, 10, 10, 17, 9, 8, 9, 9)
    return trimmed_table(results, header, rows, align="lrrrrrrrr", caption=caption, widths=widths)


def fit_table(results: Results) -> Table:
    """Samples and fit of every model."""
    rows = []
    for row in models(results):
        rows.append(
            [
                _model(results, row),
                f"{_n(row['n_treated'])}; {_n(row['n_control'])}",
                _both(row["clusters_treated"], row["clusters_control"]),
                fixed(row["loglik"], 1) if known(row["loglik"]) else ABSENT,
                str(row["df_method"] or ABSENT),
                _yes(row["converged"]),
                _yes(row["is_singular"]),
            ]
        )
    header = ("Model", "Pupils", "Schools", "Log-likelihood", "Degrees of freedom", "Converged", "Singular")
    caption = "Samples (programme; comparison) and fit of the models."
    widths = (26, 13, 10, 13, 16, 12, 10)
    return trimmed_table(results, header, rows, align="lrrrlll", caption=caption, widths=widths)


def _model(results: Results, row: Row) -> str:
    name = MODELS.get(str(row["model"]), str(row["model"]))
    return f"{outcome_label(results, str(row['outcome']))}{_arm(results, row)}: {name}"


def _arm(results: Results, row: Row) -> str:
    several = len(treated_arms(results.plan)) > 1
    return f", {short_arm(results.plan, arm_of(str(row['contrast'])))}" if several else ""


def _both(treated: float, control: float) -> str:
    return f"{_n(treated)}; {_n(control)}" if known(treated) or known(control) else ABSENT


def _n(value: float) -> str:
    return count(value) if known(value) else ABSENT


def _variance(value: float) -> str:
    return fixed(value, 3 if abs(value) < 100 else 1) if known(value) else ABSENT


def _share(value: float) -> str:
    return fixed(value, 2) if known(value) else ABSENT


def _yes(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ABSENT if not known(float(value)) else "yes" if float(value) else "no"  # type: ignore[arg-type]


def icc_table(results: Results) -> Table | None:
    """Share of variance between schools, at the baseline and at the outcome; None where schools are no level."""
    found = rows_of(results, "icc")
    rows = []
    for outcome in dict.fromkeys(str(row["outcome"]) for row in found):
        own = {str(row["estimator"]): row for row in found if row["outcome"] == outcome}
        rows.append([outcome_label(results, outcome), *(_icc_cell(own.get(name)) for name in ("baseline", "outcome"))])
    if not rows:
        return None
    name = interval_name(results)
    header = ("Outcome", f"ICC at the baseline ({name})", f"ICC at the outcome ({name})")
    caption = "How alike pupils of one school are: share of variance between schools, from models with nothing else."
    return table(results, header, rows, align="lrr", caption=caption)


def _icc_cell(row: Row | None) -> str:
    if not row:
        return ABSENT
    if row["status"] != "ok":
        return SUPPRESSED if row["status"] == "suppressed" else str(row["reason"] or ABSENT)
    spread = interval(row["conf_low"], row["conf_high"], digits=3)
    return f"{fixed(row['estimate'], 3)} ({spread})" if spread != ABSENT else fixed(row["estimate"], 3)


def mdes_table(results: Results) -> Table | None:
    """The EEF's table of smallest detectable effects, by stage and group; None when it was not supplied."""
    found = display(results, "mdes")
    if not found:
        return None
    names = [name for name in found[0] if name not in ("row", "label")]
    rows = [[str(row["label"]), *(_mdes_cell(str(row["row"]), row[name]) for name in names)] for row in found]
    rows = [row for row in rows if any(cell != ABSENT for cell in row[1:])]
    header = ["Quantity", *(_stage(name) for name in names)]
    groups = {name.partition("_")[2] for name in names} - {"", "all"}
    meant = "".join(f" {_short(group)}: {group_name(results, group)}." for group in sorted(groups))
    caption = f"The smallest effect that the trial could have been expected to detect, by stage.{meant}"
    share = [MDES_WIDTHS.get(name.partition("_")[0], 10) for name in names]
    first = max(30, 58 - 10 * len(names))
    widths = (first, *((100 - first) * own / sum(share) for own in share))
    return table(results, header, rows, align="l" + "r" * len(names), caption=caption, widths=widths)


def _short(group: str) -> str:
    """A group of pupils by its id, as evaluators write FSM."""
    return group.upper() if len(group) <= 4 else group


def _mdes_cell(row: str, value: float) -> str:
    if not known(value):
        return ABSENT
    if row in WHOLE:
        return count(value)
    return fixed(value, 1 if row == "cluster_size" else 2)


def _stage(name: str) -> str:
    stage, _, group = name.partition("_")
    whom = "all pupils" if group in ("", "all") else _short(group)
    return f"{STAGES.get(stage, opening(stage))}, {whom}"
