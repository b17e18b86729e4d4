"""`ek.item_functioning`: do groups of pupils answer single items differently although they are alike on the scale?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument
from evalkit.records.standards import load_standards
from evalkit.scoring.dif_rows import size_of
from evalkit.scoring.item_table import ItemTable, read_items
from evalkit.scoring.rules import FloatArray
from evalkit.stats.item_functioning import Functioning, ItemFunctioning
from evalkit.stats.item_functioning import item_functioning as test_items
from evalkit.stats.multiplicity import benjamini_hochberg, hochberg, holm

Adjust = Literal["holm", "hochberg", "benjamini_hochberg", "none"]
ADJUST: dict[str, Callable[[FloatArray], FloatArray]] = {
    "holm": holm, "hochberg": hochberg, "benjamini_hochberg": benjamini_hochberg, "none": lambda p: p,
}  # fmt: skip
TESTS = ("uniform", "non_uniform", "total")
ITEM_COLUMNS = (
    "item", *(f"{test}_{name}" for test in TESTS for name in ("chi_square", "df", "p_value")), "p_adjusted",
    "r2_uniform", "r2_non_uniform", "r2_change", "mcfadden_change", "size", "flagged", "odds_ratio", "odds_low",
    "odds_high", "mantel_chi_square", "mantel_p_value", "mantel_odds_ratio", "mean_difference", "in_match", "reason",
)  # fmt: skip


def item_functioning(
    items: pd.DataFrame,
    group: str,
    *,
    reference: str | None = None,
    columns: Sequence[str] | None = None,
    instrument: Instrument | str | None = None,
    score: str | None = None,
    purify: bool = True,
    adjust: Adjust = "holm",
    alpha: float = 0.05,
) -> "ItemFunctioningModel":
    """Test every item of one scale for differential item functioning.

    Parameters
    ----------
    items : pandas.DataFrame
        A row per pupil; pupils with a missing answer are left out.
    group : str
        Column of the groups, such as sex, FSM or EAL; two groups or more.
    reference : str, optional
        The group that others are held against; the largest without it.
    columns : sequence of str, optional
        The items, already reversed; all columns but `group` without it and without an instrument.
    instrument, score : optional
        The questionnaire behind the columns (answers as printed) and which score; its first without it.
    purify : bool
        Leave flagged items out of the score that pupils are matched by, and test again until nothing changes.
    adjust : {"holm", "hochberg", "benjamini_hochberg", "none"}
        How p is adjusted for the number of items.
    alpha : float
        An item is flagged when its adjusted p is below alpha and its size is not negligible.

    Returns
    -------
    ItemFunctioningModel

    Raises
    ------
    SpecError
        Columns or options that are not there.
    FitError
        Fewer than 3 items, or a group with fewer than 10 pupils.

    Notes
    -----
    Ordered logit and Mantel's test; sizes by Nagelkerke's R-square as Jodoin and Gierl (2001) class them
    (`standards.yaml`). Formulas are in docs/explanation/factor-models.md. Schools are not allowed for.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> level = rng.normal(size=(400, 1))
    >>> answers = np.round(3 + level + rng.normal(size=(400, 4))).clip(1, 5)
    >>> table = pd.DataFrame(answers, columns=["q1", "q2", "q3", "q4"])
    >>> table["sex"] = np.tile(["girl", "boy"], 200)
    >>> item_functioning(table, "sex").tidy()["flagged"].tolist()
    ['no', 'no', 'no', 'no']
    """
    if adjust not in get_args(Adjust):
        raise SpecError(f"adjust is {adjust!r}; use one of: {', '.join(get_args(Adjust))}.")
    if not 0 < alpha < 1:
        raise SpecError(f"alpha is {alpha:g}; use a number between 0 and 1, such as 0.05.")
    factors = None if columns is None else {"scale": columns}
    scores = None if score is None else [score]
    table = read_items(items, factors, instrument=instrument, scores=scores, beside=[group])
    codes, names = table.codes(group)
    whole = ~np.isnan(table.matrix).any(axis=1)
    kept = whole & (codes >= 0)
    order = _order(names, np.bincount(codes[kept], minlength=len(names)), reference, group)
    ranks = np.argsort(order)
    found = test_items(table.matrix[kept], ranks[codes[kept]].astype(np.int64), purify=purify, alpha=alpha)
    p_adjusted = ADJUST[adjust](np.array([one.total.p_value for one in found.items]))
    sizes = np.bincount(ranks[codes[kept]], minlength=len(names))
    groups = tuple((names[place], int(sizes[rank])) for rank, place in enumerate(order))
    left_out = int(np.count_nonzero(~kept))
    return ItemFunctioningModel(found, table, groups, tuple(map(float, p_adjusted)), alpha, left_out)


@dataclass(frozen=True, slots=True, eq=False)
class ItemFunctioningModel:
    """The items of one scale, tested between groups.

    Attributes
    ----------
    found : Functioning
    table : ItemTable
    groups : tuple of (str, int)
        Each group and its pupils, the reference first.
    p_adjusted : tuple of float
    alpha : float
    n_left_out : int
        Pupils with a missing answer or no group.
    """

    found: Functioning
    table: ItemTable
    groups: tuple[tuple[str, int], ...]
    p_adjusted: tuple[float, ...]
    alpha: float
    n_left_out: int

    def __repr__(self) -> str:
        return f"<ItemFunctioningModel of {len(self.table.names)} items between {len(self.groups)} groups>"

    def tidy(self) -> pd.DataFrame:
        """A row per item, columns ITEM_COLUMNS.

        `uniform` is the shift of an item between groups, `non_uniform` a difference that depends on the score, `total`
        both. R-square is Nagelkerke's, `mcfadden_change` McFadden's, of both effects. Odds ratios and Mantel's numbers
        are for two groups: second against reference.
        """
        standards = load_standards().measurement
        rows: list[dict[str, object]] = []
        for name, one, p in zip(self.table.names, self.found.items, self.p_adjusted, strict=True):
            size = size_of(one.total.nagelkerke, standards)
            flagged = "" if one.reason else "yes" if p < self.alpha and size != "negligible" else "no"
            rows.append({"item": name, "p_adjusted": p, "size": size, "flagged": flagged} | _numbers(one))
        return pd.DataFrame(rows, columns=list(ITEM_COLUMNS))

    def glance(self) -> pd.DataFrame:
        """One row: `reference groups n n_flagged turns settled`."""
        row = {
            "reference": self.groups[0][0],
            "groups": ", ".join(f"{name} ({n})" for name, n in self.groups),
            "n": sum(n for _, n in self.groups),
            "n_flagged": int((self.tidy()["flagged"] == "yes").sum()),
            "turns": self.found.turns,
            "settled": self.found.settled,
        }
        return pd.DataFrame([row])

    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each."""
        least = load_standards().measurement.fewest_per_group.value
        found: list[tuple[str, str, str]] = []
        small = [name for name, n in self.groups if n < least]
        if small:
            message = f"Groups with fewer than {least:g} pupils: {', '.join(small)}. Real differences may be missed."
            found.append(("few_pupils", "warning", message))
        if not self.found.settled:
            message = "Purification did not settle: too many items differ to say which do."
            found.append(("not_settled", "warning", message))
        if self.n_left_out:
            message = f"{self.n_left_out} pupils with a missing answer or no group were left out."
            found.append(("left_out", "note", message))
        message = "Schools are not allowed for: p is too small where a group gathers in some schools."
        found.append(("schools", "note", message))
        return pd.DataFrame(found, columns=["kind", "level", "message"])


def _order(names: Sequence[str], counts: "np.ndarray", reference: str | None, group: str) -> list[int]:
    """The groups with pupils, the reference first, then in the order of their names."""
    there = [place for place in range(len(names)) if counts[place]]
    if len(there) < 2:
        raise SpecError(f"Column {group} has pupils with full answers in fewer than two groups.")
    if len(there) < len(names):
        empty = ", ".join(names[place] for place in range(len(names)) if not counts[place])
        raise SpecError(f"Nobody in {empty} answered every item. Leave such groups out of column {group}.")
    if reference is not None and reference not in names:
        raise SpecError(f"Column {group} has no group {reference}. Use one of: {', '.join(names)}.")
    first = names.index(reference) if reference is not None else max(there, key=lambda place: (counts[place], -place))
    return [first, *(place for place in there if place != first)]


def _numbers(one: ItemFunctioning) -> dict[str, object]:
    row: dict[str, object] = {
        "r2_uniform": one.uniform.nagelkerke,
        "r2_non_uniform": one.non_uniform.nagelkerke,
        "r2_change": one.total.nagelkerke,
        "mcfadden_change": one.total.mcfadden,
        "odds_ratio": one.odds_ratio,
        "odds_low": one.odds_low,
        "odds_high": one.odds_high,
        "in_match": one.in_match,
        "reason": one.reason,
    }
    for test in TESTS:
        ratio = getattr(one, test)
        row |= {f"{test}_chi_square": ratio.statistic, f"{test}_df": ratio.df, f"{test}_p_value": ratio.p_value}
    if one.mantel is not None:
        row |= {
            "mantel_chi_square": one.mantel.statistic,
            "mantel_p_value": one.mantel.p_value,
            "mantel_odds_ratio": one.mantel.odds_ratio,
            "mean_difference": one.mantel.mean_difference,
        }
    return row
