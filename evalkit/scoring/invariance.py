"""`ek.invariance`: do the items measure the same in every group, or before and after?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument
from evalkit.records.standards import load_standards
from evalkit.scoring.factor_model import Answers
from evalkit.scoring.invariance_rows import step_rows
from evalkit.scoring.item_table import ItemTable, read_items
from evalkit.scoring.rules import BoolArray, FloatArray, IntArray
from evalkit.stats.factor.invariance import Invariance, fit_ordinal_steps, fit_steps
from evalkit.stats.factor.occasions import Kind

STEP_COLUMNS = (
    "step", "n", "chi_square", "df", "cfi", "delta_cfi", "rmsea", "delta_rmsea", "srmr", "chi_square_diff", "df_diff",
    "p_value", "holds", "estimator", "reason",
)  # fmt: skip


def invariance(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]] | None = None,
    *,
    by: str,
    pupil: str | None = None,
    order: Sequence[str] | None = None,
    instrument: Instrument | str | None = None,
    scores: Sequence[str] | None = None,
    answers: Answers = "continuous",
    robust: bool = False,
    clusters: str | None = None,
    fewest: int | None = None,
) -> "InvarianceModel":
    """Test measurement invariance step by step.

    Parameters
    ----------
    items : pandas.DataFrame
        A row per pupil, or per pupil and wave; missing answers empty.
    factors, instrument, scores
        As in `factor_model`.
    by : str
        Column that tells the occasions apart: an arm or another group, or the wave.
    pupil : str, optional
        Column of the pupil's code: then `by` holds waves, and one model is fitted to the linked pupils, errors of the
        same item correlated over time. Without it the rows of `by` are groups of different pupils.
    order : sequence of str, optional
        The occasions, the first to be held against; without it as a categorical column has them, else sorted.
    answers : {"continuous", "ordinal"}
        "continuous": configural, metric (loadings), scalar (and intercepts), strict (and error variances), with every
        answer given. "ordinal": configural, thresholds, metric (and loadings), scalar (and intercepts) by WLSMV in the
        identification of Wu and Estabrook, on complete answers.
    robust : bool
        MLR, for continuous answers.
    clusters : str, optional
        Column of the school: tests that allow for pupils who share a school.
    fewest : int, optional
        Ordinal: answers given by fewer pupils on some occasion are merged with their neighbour; standards.yaml's number
        without it.

    Returns
    -------
    InvarianceModel

    Raises
    ------
    SpecError
        Columns or options that are not there, one occasion only, or a pupil with two rows in one wave.
    FitError
        Too few pupils, or answers that allow no factor model.

    Notes
    -----
    A step holds when CFI falls by less than .010 and RMSEA rises by less than .015 (Chen 2007; `standards.yaml`).
    Formulas are in docs/explanation/factor-models.md.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> level = rng.normal(size=(400, 1))
    >>> table = pd.DataFrame(level + rng.normal(size=(400, 4)), columns=["q1", "q2", "q3", "q4"])
    >>> table["sex"] = np.tile(["girl", "boy"], 200)
    >>> invariance(table, by="sex").tidy()["step"].tolist()
    ['configural', 'metric', 'scalar', 'strict']
    """
    if answers not in get_args(Answers):
        raise SpecError(f"answers is {answers!r}; use one of: {', '.join(get_args(Answers))}.")
    table = read_items(items, factors, instrument=instrument, scores=scores, beside=[by, pupil, clusters])
    occasions = _take(table, by=by, pupil=pupil, order=order, clusters=clusters)
    least = int(load_standards().measurement.fewest_per_answer.value) if fewest is None else fewest
    kind: Kind = "groups" if pupil is None else "waves"
    if answers == "ordinal":
        found = fit_ordinal_steps(
            occasions.answers, kind=kind, pattern=table.pattern, fewest=least, clusters=occasions.schools
        )
    else:
        found = fit_steps(
            occasions.answers, kind=kind, pattern=table.pattern, clusters=occasions.schools, robust=robust
        )
    used = max((sum(one.fit.n) for one in found.steps if one.fit is not None), default=0)
    left_out = len(table.matrix) - used * (len(occasions.names) if kind == "waves" else 1)
    return InvarianceModel(found, kind, tuple(occasions.names), table, left_out)


@dataclass(frozen=True, slots=True, eq=False)
class InvarianceModel:
    """The steps of measurement invariance.

    Attributes
    ----------
    found : Invariance
        Every step with its fit as arrays.
    kind : "groups" or "waves"
    occasions : tuple of str
        Their names, the reference first.
    table : ItemTable
    n_left_out : int
        Rows without an occasion, a school or (waves) a link, and for ordinal answers those with a missing answer.
    """

    found: Invariance
    kind: Kind
    occasions: tuple[str, ...]
    table: ItemTable
    n_left_out: int

    def __repr__(self) -> str:
        return f"<InvarianceModel of {len(self.table.names)} items between {', '.join(self.occasions)}>"

    def tidy(self) -> pd.DataFrame:
        """A row per step, columns STEP_COLUMNS; fit indices are the scaled ones for MLR and WLSMV."""
        rows = step_rows(self.found, load_standards().measurement)
        srmr = [np.nan if one.fit is None else one.fit.srmr for one in self.found.steps]
        return pd.DataFrame(
            [row | {"srmr": value} for row, value in zip(rows, srmr, strict=True)], columns=list(STEP_COLUMNS)
        )

    def glance(self) -> pd.DataFrame:
        """One row: `between occasions n estimator holds_up_to`; the last step that holds, empty when none does."""
        rows = self.tidy()
        holding = rows.loc[rows["holds"] == "yes", "step"]
        row = {
            "between": self.kind,
            "occasions": ", ".join(self.occasions),
            "n": int(rows["n"].max()),
            "estimator": next((one for one in rows["estimator"] if one), ""),
            "holds_up_to": "" if holding.empty else holding.iloc[-1],
        }
        return pd.DataFrame([row])

    def merged(self) -> pd.DataFrame:
        """Ordinal answers that were merged because hardly anyone gave them: `item answers`, such as 1+2, 3, 4."""
        rows = [
            {
                "item": self.table.names[one.item],
                "answers": ", ".join("+".join(f"{answer:g}" for answer in group) for group in one.answers),
            }
            for one in self.found.merged
        ]
        return pd.DataFrame(rows, columns=["item", "answers"])

    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each; none when there is nothing."""
        standards = load_standards().measurement
        found: list[tuple[str, str, str]] = []
        fits = [one.fit for one in self.found.steps if one.fit is not None]
        n = min((min(fit.n) for fit in fits), default=0)
        if n < standards.fewest_linked.value:
            message = f"{n} pupils are few to compare occasions by; {standards.fewest_linked.value:g} are asked for."
            found.append(("few_pupils", "warning", message))
        if any(fit.is_heywood for fit in fits):
            found.append(("heywood", "warning", "A step gave an impossible error variance: do not trust it."))
        if self.n_left_out:
            message = f"{self.n_left_out} rows without occasion, link, school or (ordinal) answer are left out."
            found.append(("left_out", "note", message))
        if len(self.found.merged):
            message = f"Rare answers were merged in {len(self.found.merged)} items; merged() says which."
            found.append(("merged", "note", message))
        return pd.DataFrame(found, columns=["kind", "level", "message"])


@dataclass(frozen=True, slots=True, eq=False)
class Occasions:
    """The answers of each occasion, and the schools of each block."""

    names: list[str]
    answers: list[FloatArray]
    schools: list[IntArray] | None


def _take(
    table: ItemTable, *, by: str, pupil: str | None, order: Sequence[str] | None, clusters: str | None
) -> Occasions:
    codes, names = table.codes(by, order=order)
    schools = None if clusters is None else table.codes(clusters)[0]
    kept: BoolArray = codes >= 0
    if schools is not None:
        kept = kept & (schools >= 0)
    if len(names) < 2:
        raise SpecError(f"Column {by} holds {', '.join(names) or 'nothing'} only; there must be two occasions or more.")
    if pupil is None:
        rows = [np.flatnonzero(kept & (codes == code)) for code in range(len(names))]
        own = None if schools is None else [schools[one] for one in rows]
        return Occasions(names, [table.matrix[one] for one in rows], own)
    pupils, _ = table.codes(pupil)
    kept = kept & (pupils >= 0)
    places = [_places(pupils, kept & (codes == code), by, names[code]) for code in range(len(names))]
    linked = sorted(set.intersection(*(set(one) for one in places)))
    rows = [np.array([one[code] for code in linked], dtype=np.int64) for one in places]
    own = None if schools is None else [schools[rows[0]]]
    return Occasions(names, [table.matrix[one] for one in rows], own)


def _places(pupils: IntArray, rows: BoolArray, by: str, name: str) -> dict[int, int]:
    """The row of each pupil on one occasion."""
    where = np.flatnonzero(rows)
    codes, counts = np.unique(pupils[where], return_counts=True)
    twice = int(np.count_nonzero(counts > 1))
    if twice:
        raise SpecError(f"{twice} pupils have several rows where {by} is {name}. Keep one row per pupil and occasion.")
    return dict(zip(pupils[where].tolist(), where.tolist(), strict=True)) if codes.size else {}
