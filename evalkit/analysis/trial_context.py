"""What the evaluator adds to a trial's results as context: figures that were published elsewhere."""

import pandas as pd

from evalkit.records.evaluation import Evaluation

CONTEXT_COLUMNS = ("what", "value", "source")


def context(plan: Evaluation) -> pd.DataFrame:
    """Published figures of the plan, shown only as context.

    Returns
    -------
    frame, CONTEXT_COLUMNS
    """
    figures = plan.groups.context if plan.groups else ()
    rows = [(one.what, one.value, one.source) for one in figures]
    return pd.DataFrame(rows, columns=list(CONTEXT_COLUMNS)).astype("str")
