"""The trial report's figures by name: the data of each, for tests and for those who draw their own."""

from typing import Literal

import pandas as pd

from evalkit.errors import ReportError
from evalkit.records.results import Results
from evalkit.report.figure_arms import arms_data
from evalkit.report.figure_balance import balance_data
from evalkit.report.figure_consort import consort_data
from evalkit.report.figure_delivery import delivery_data
from evalkit.report.figure_effects import effects_data
from evalkit.report.figure_missing import missing_data
from evalkit.report.figure_robust import robust_data
from evalkit.report.figure_schools import schools_data

FigureName = Literal["effects", "consort", "balance", "arms", "schools", "robust", "missing", "delivery"]
FIGURES: tuple[FigureName, ...] = (
    "effects", "consort", "balance", "arms", "schools", "robust", "missing", "delivery",
)  # fmt: skip


def figure_data(name: FigureName, results: Results) -> pd.DataFrame:
    """The numbers that a figure of the trial report draws.

    Parameters
    ----------
    name : one of FIGURES
    results : Results of a trial

    Raises
    ------
    ReportError
        There is no figure with this name.
    """
    whole = {"effects": effects_data, "consort": consort_data, "balance": balance_data, "robust": robust_data}
    by_outcome = {"arms": arms_data, "schools": schools_data, "missing": missing_data}
    if name in whole:
        return whole[name](results)
    if name in by_outcome:
        frames = [by_outcome[name](results, outcome.id) for outcome in results.plan.outcomes]
        return pd.concat(frames, ignore_index=True)
    if name == "delivery":
        trial = results.plan.groups
        frames = [delivery_data(results, one.id) for one in (trial.compliance if trial else ())]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    raise ReportError(f"There is no figure '{name}'. Use one of: {', '.join(FIGURES)}.")
