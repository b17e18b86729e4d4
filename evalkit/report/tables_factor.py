"""The tables on factor models: how well they fit, whether questions worked alike, and for whom they did not."""

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, count, fixed, interval, known
from evalkit.report.rows import Row, records
from evalkit.report.table_cells import table
from evalkit.report.words_names import wave_word

STEPS = {
    "configural": "the same questions on the same factors",
    "thresholds": "thresholds alike",
    "metric": "loadings alike",
    "scalar": "intercepts or thresholds alike",
    "strict": "residuals alike",
    "": "",
}
BETWEEN_GROUPS = ", between groups"
CAPTION = (
    "Whether the questions worked in the same way before and after: one model of both times, more and more of it held "
    "alike."
)


def _frame(results: Results, name: str) -> pd.DataFrame:
    return results.displays.get(name, pd.DataFrame())


def fit_table(results: Results) -> Table | None:
    """Fit of the factor model of every scale and wave; None where no model was asked for."""
    rows = []
    for row in records(_frame(results, "factors")):
        spread = f"{_number(row, 'rmsea')} ({interval(row['rmsea_low'], row['rmsea_high'], digits=2)})"
        cells = [_number(row, name) for name in ("cfi", "tli")]
        cells += [
            spread if known(row["rmsea"]) else ABSENT,
            _number(row, "srmr"),
            _with_reason(str(row["estimator"]), row),
        ]
        rows.append([str(row["label"]), wave_word(results, str(row["wave"])), count(row["n"]), *cells])
    if not rows:
        return None
    header = ("Measure", "When", "Pupils", "CFI", "TLI", "RMSEA (90% interval)", "SRMR", "Method, or why there is none")
    caption = "How well a factor model fits the answers."
    return table(results, header, rows, align="llrrrrrl", caption=caption, widths=(15, 8, 8, 8, 8, 18, 8, 27))


def invariance_table(results: Results) -> Table | None:
    """Whether the questions worked alike, step by step; None where it was not asked."""
    rows = []
    for row in records(_frame(results, "invariance")):
        step = str(row["step"])
        verdict = {"yes": "holds", "no": "does not hold", "True": "holds", "False": "does not hold"}
        rows.append(
            [
                f"{row['label']}{BETWEEN_GROUPS if row['between'] == 'arms' else ''}",
                STEPS.get(step, step) or ABSENT,
                count(row["n"]),
                _number(row, "cfi"),
                _number(row, "delta_cfi"),
                _number(row, "delta_rmsea"),
                _with_reason(verdict.get(str(row["holds"]), str(row["holds"])), row) or ABSENT,
            ]
        )
    if not rows:
        return None
    header = ("Measure", "What is held alike", "Pupils", "CFI", "Change of CFI", "Change of RMSEA", "Verdict")
    caption = CAPTION
    if any(row["between"] == "arms" for row in records(_frame(results, "invariance"))):
        caption = f"{CAPTION} Between groups: the same for the arms."
    return table(results, header, rows, align="llrrrrl", caption=caption, widths=(15, 22, 8, 8, 11, 12, 24))


def groups_table(results: Results) -> Table | None:
    """Questions that worked differently between groups of pupils; None where none was flagged or nothing was asked."""
    frame = _frame(results, "dif")
    if frame.empty:
        return None
    flagged = frame[frame["flagged"].astype("str").isin(["1", "1.0", "yes", "True"])]
    rows = [
        [
            str(row["label"]),
            f"{row['subgroup']}: {row['focal']} against {row['reference']}",
            fixed(row["odds_ratio"], 2) if known(row["odds_ratio"]) else ABSENT,
            str(row["size"] or ABSENT),
        ]
        for row in records(flagged)
    ]
    if not rows:
        return None
    header = ("Question", "Groups", "Odds ratio", "Size")
    caption = "Questions that pupils of two groups answered differently at the same level of the scale."
    return table(results, header, rows, align="llrl", caption=caption, widths=(40, 30, 15, 15))


def _with_reason(word: str, row: Row) -> str:
    """What was found, and the reason or what to mind."""
    return ". ".join(one for one in (word, str(row["reason"])) if one)


def _number(row: Row, name: str) -> str:
    return fixed(row[name], 3) if known(row[name]) else ABSENT
