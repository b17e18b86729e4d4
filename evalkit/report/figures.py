"""The report's figures by name: drawn from the results' displays, and the data of each for tests and tables."""

from typing import Literal

import pandas as pd

from evalkit.errors import ReportError
from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_answers import answers_data, answers_figure
from evalkit.report.figure_change import change_data, change_figure
from evalkit.report.figure_distribution import distribution_data, distribution_figure
from evalkit.report.figure_flow import flow_data, flow_figure

FigureName = Literal["flow", "change", "distribution", "answers"]
FIGURES: tuple[FigureName, ...] = ("flow", "change", "distribution", "answers")


def flow(results: Results) -> Figure:
    """Who took part."""
    return flow_figure(results)


def change(results: Results) -> Figure | None:
    """The change of each outcome with its likely range; None when none may be shown."""
    return change_figure(results)


def distributions(results: Results) -> list[Figure]:
    """How scores were spread, a figure for each outcome that may be shown."""
    drawn = [distribution_figure(results, outcome.id) for outcome in results.plan.outcomes]
    return [figure for figure in drawn if figure is not None]


def answers(results: Results) -> list[Figure]:
    """How each question was answered, a figure for each scale that may be shown."""
    drawn = [answers_figure(results, outcome.scale) for outcome in results.plan.outcomes]
    return [figure for figure in drawn if figure is not None]


def figure_data(name: FigureName, results: Results) -> pd.DataFrame:
    """The numbers that a figure draws.

    Parameters
    ----------
    name : "flow", "change", "distribution" or "answers"
    results : Results

    Raises
    ------
    ReportError
        There is no figure with this name.
    """
    if name == "flow":
        return pd.DataFrame(flow_data(results).items(), columns=["step", "n"])
    if name == "change":
        return change_data(results)
    if name == "distribution":
        frames = [distribution_data(results, one.id).assign(outcome=one.id) for one in results.plan.outcomes]
        return pd.concat(frames, ignore_index=True)
    if name == "answers":
        rows = [
            (outcome.id, piece.item, piece.wave, piece.low, piece.high, piece.share)
            for outcome in results.plan.outcomes
            for piece in answers_data(results, outcome.scale)
        ]
        return pd.DataFrame(rows, columns=["outcome", "item", "wave", "low", "high", "share"])
    raise ReportError(f"There is no figure '{name}'. Use one of: {', '.join(FIGURES)}.")
