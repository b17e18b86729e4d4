"""What was published before, and what a later edition must hide, so that nobody subtracts the one from the other."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from evalkit.errors import FitError, ReportError, SpecError
from evalkit.records.published import COUNTS, FROM_THE_PLAN, published
from evalkit.records.results import Results
from evalkit.records.standards import load_standards
from evalkit.records.standards_disclosure import ProfileName
from evalkit.records.whole_file import write_whole
from evalkit.stats.disclosure_tables import suppress_later
from evalkit.stats.vectors import BoolArray

EDITIONS_FILE = "published.json"
REMEMBERED = ("standard", "public")  # profiles of what leaves the programme
SCHEMA = "evalkit-published/1"
KEYS = (
    "inquiry", "outcome", "wave", "subgroup", "contrast", "estimator", "unit", "model", "scale", "item", "level",
    "step", "arm", "sample", "variable", "measure", "compliance", "between", "factor", "reference", "focal", "category",
    "pattern", "band", "answer", "answer_low", "answer_high",
)  # fmt: skip
# table: what tells its cells apart, and their counts
CELLS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "distribution": (("low", "high"), "count"),
    "overlap": (("low", "high"), "count"),
    "answers": (("answer_low", "answer_high"), "group_count"),
    "balance": (("category",), "count"),
    "missing_pattern": (("pattern",), "n"),
    "fidelity": (("band",), "pupils"),
    "estimates": (("contrast",), "estimate"),
}
NUMBERS = frozenset({*COUNTS, "estimate", "low", "high", "answer", "answer_low", "answer_high"})
OF_CELLS = ("count", "percent", "group_count", "group_percent", "std_difference")
OF_ESTIMATES = (
    "estimate", "std_error", "df", "statistic", "p_value", "p_adjusted", "conf_low", "conf_high", "effect_size",
    "es_low", "es_high",
)  # fmt: skip
OF_ROWS = ("means", "items", "quality", "arms", "trend", "balance", "change", "dif", "invariance", "factors")
STAYS = frozenset({*COUNTS, *KEYS, "k", "low", "high", "conf_level", "place", "rounded_to", "worthwhile"})
LATER = "Not shown, because only few pupils joined or left since this was published before."
Edition = Mapping[str, pd.DataFrame]


def edition_of(results: Results, profile: ProfileName) -> Edition:
    """The numbers of pupils that readers of a profile see: table -> its keys and counts, nothing else."""
    shown = published(results, profile)
    tables = {"estimates": shown.estimates, "models": shown.models, **shown.displays}
    return {name: _counts(table) for name, table in tables.items() if name not in FROM_THE_PLAN and len(table)}


def read_editions(folder: Path, profile: ProfileName) -> tuple[Edition, ...]:
    """What readers of a profile were shown from the results in a folder, the first edition first.

    Raises
    ------
    SpecError
        The file is not the one that evalkit keeps.
    """
    kept = [one for one in _kept(folder) if one["profile"] == profile]
    return tuple({name: _frame(table) for name, table in one["tables"].items()} for one in kept)


def keep_edition(folder: Path, profile: ProfileName, edition: Edition) -> None:
    """Add an edition to those of the folder, once. Numbers of pupils as they were printed; no clock, no names."""
    tables = {
        name: {
            "columns": list(table.columns),
            "rows": table.astype(object).where(table.notna(), None).to_numpy().tolist(),
        }
        for name, table in edition.items()
    }
    before, new = _kept(folder), {"profile": profile, "tables": tables}
    if new not in before:
        texts = [json.dumps(one, ensure_ascii=False, allow_nan=False, sort_keys=True) for one in (*before, new)]
        content = ",\n".join(texts)
        try:
            write_whole(folder / EDITIONS_FILE, f'{{"schema": "{SCHEMA}", "editions": [\n{content}\n]}}\n')
        except OSError:
            raise ReportError(
                f"{folder}: what was published cannot be remembered here. Give nothing out yet: copy the results into "
                "a folder of your own and publish from there."
            ) from None


def _kept(folder: Path) -> list[dict[str, Any]]:
    path = folder / EDITIONS_FILE
    if not path.is_file():
        return []
    try:
        content = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        if content["schema"] != SCHEMA or not all({"profile", "tables"} == set(one) for one in content["editions"]):
            raise KeyError("schema")
        return content["editions"]
    except (KeyError, TypeError, ValueError):
        raise SpecError(
            f"{path}: this is not the list of published numbers that evalkit keeps. Take it away only if nothing was "
            "published yet."
        ) from None


def later_edition(results: Results, profile: ProfileName, before: Sequence[Edition]) -> Results:
    """Results without what an earlier edition beside them would give away.

    Parameters
    ----------
    results : exact
    profile : of the readers
    before : every edition that was published; what was printed then cannot be hidden any more

    Returns
    -------
    Results - a row that rests on a sample which gained or lost a few pupils (1 to the threshold less 1) is suppressed,
        its numbers of pupils apart; of tables of categories cells are hidden by `suppress_later`, so that no few who
        joined or left show in one, and none where all who did are in one category

    Raises
    ------
    ReportError
        The sample of an outcome's main analysis gained or lost a few: every number would tell about them.
    """
    step = load_standards().disclosure.profile(profile).rounding
    threshold = results.plan.suppression_threshold + step - 1  # as many as rounding may add to a difference
    for earlier in before:
        now = edition_of(results, profile)
        _check_main(earlier, now, threshold)
        estimates = _later_estimates(results.estimates, earlier, now, threshold)
        left = set(estimates.loc[(estimates["inquiry"] == "leavers") & (estimates["reason"] == LATER), "outcome"])
        results = replace(
            results,
            estimates=estimates,
            caveats=tuple(one for one in results.caveats if one.kind != "leavers_differ" or one.outcome not in left),
            displays={
                name: _later_table(name, table, earlier, now, threshold) for name, table in results.displays.items()
            },
        )
    return results


def changed_by_few(before: float, now: float, threshold: int) -> bool:
    """Whether two numbers of pupils differ, and by fewer than the threshold."""
    return 0 < abs(now - before) < threshold


def _check_main(earlier: Edition, now: Edition, threshold: int) -> None:
    if "models" not in now:
        return
    rows = _few_rows(earlier.get("models"), now["models"], threshold)
    if not rows.any():
        return
    outcomes = sorted({str(one) for one in now["models"]["outcome"][rows]})
    raise ReportError(
        f"Fewer than {threshold} pupils joined or left ({', '.join(outcomes)}) since this was published before. "
        "Whoever has both would subtract and see their answers. Let the earlier edition stand until more have joined "
        "or left."
    )


def _later_estimates(table: pd.DataFrame, earlier: Edition, now: Edition, threshold: int) -> pd.DataFrame:
    if "estimates" not in now:
        return table
    few = _few_rows(earlier.get("estimates"), now["estimates"], threshold)
    cells = _hidden_cells("estimates", earlier, now, threshold)
    hidden = (few | cells) & (table["status"] == "ok").to_numpy()
    made = table.copy()
    made.loc[hidden, list(OF_ESTIMATES)] = math.nan
    made.loc[hidden, "status"] = "suppressed"
    made.loc[hidden, "reason"] = LATER
    return made


def _later_table(name: str, table: pd.DataFrame, earlier: Edition, now: Edition, threshold: int) -> pd.DataFrame:
    if name not in now:
        return table
    emptied = table
    if name in OF_ROWS:
        numbers = [str(one) for one in table.columns if one not in STAYS and table[one].dtype.kind in "fi"]
        emptied = _emptied(emptied, numbers, _few_rows(earlier.get(name), now[name], threshold))
    if name in CELLS:
        cells = [str(one) for one in table.columns if one in {CELLS[name][1], *OF_CELLS}]
        emptied = _emptied(emptied, cells, _hidden_cells(name, earlier, now, threshold))
    return emptied


def _emptied(table: pd.DataFrame, columns: Sequence[str], rows: BoolArray) -> pd.DataFrame:
    """The same table without the numbers of some rows."""
    if not rows.any():
        return table
    made = table.astype(dict.fromkeys(columns, "float64"))
    made.loc[rows, list(columns)] = math.nan
    return made


def _few_rows(earlier: pd.DataFrame | None, now: pd.DataFrame, threshold: int) -> BoolArray:
    """Rows of a table that rest on a sample which gained or lost a few since then."""
    few = np.zeros(len(now), dtype=bool)
    if earlier is None:
        return few
    shared = [one for one in KEYS if one in now and one in earlier]
    samples = [one for one in now.columns if one in COUNTS and one in earlier and one not in ("count", "group_count")]
    then = dict(zip(_keys(earlier, shared), earlier[samples].to_numpy(dtype="float64"), strict=True))
    for place, (key, numbers) in enumerate(
        zip(_keys(now, shared), now[samples].to_numpy(dtype="float64"), strict=True)
    ):
        gaps = np.abs(numbers - then.get(key, numbers))
        few[place] = bool(((gaps > 0) & (gaps < threshold)).any())
    return few


def _hidden_cells(name: str, earlier: Edition, now: Edition, threshold: int) -> BoolArray:
    """Cells of a table of categories, block by block, that the earlier edition beside them would give away.

    A block holds every group of one outcome and measure, because their sum may be printed too.
    """
    table = now[name]
    if name not in earlier or table.equals(earlier[name]):
        return np.zeros(len(table), dtype=bool)
    cells, count = CELLS[name]
    shared = [one for one in KEYS if one in table and one in earlier[name]]
    block = [one for one in shared if one not in (*cells, "arm", "answer")]
    lines = [one for one in shared if one == "arm"]
    blocks = _keys(table, block)
    then, today = ({key: rows for key, rows in one.groupby(_keys(one, block))} for one in (earlier[name], table))
    told = {
        key
        for key in then.keys() & today.keys()
        if _gives_away(
            _grid(then[key], lines, list(cells), count), _grid(today[key], lines, list(cells), count), threshold
        )
    }
    return blocks.isin(told).to_numpy()


def _keys(table: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    return pd.Series(
        ["|".join(map(str, row)) for row in table[list(columns)].to_numpy()], index=table.index, dtype="str"
    )


def _grid(rows: pd.DataFrame, lines: Sequence[str], cells: list[str], count: str) -> pd.DataFrame:
    """A line for each group, a column for each category; sums over groups left out."""
    if "arm" in rows:
        rows = rows[rows["arm"] != "all"]
    grid = rows.drop_duplicates([*lines, *cells]).set_index([*lines, *cells])[count].astype("float64")
    return grid.unstack(cells) if lines else grid.to_frame().T


def _gives_away(then: pd.DataFrame, now: pd.DataFrame, threshold: int) -> bool:
    """Whether a reader of both grids can tell a few who joined or left, or that all who did are in one category."""
    if then.equals(now):
        return False
    if not (then.index.equals(now.index) and then.columns.equals(now.columns)) or (then.isna() | now.isna()).any(
        axis=None
    ):
        return True
    gaps = (now - then).to_numpy()
    if gaps.shape[1] > 1 and ((gaps != 0).sum(axis=1) == 1).any():
        return True
    printed = np.zeros((gaps.shape[0] + 1, gaps.shape[1] + 1), dtype=bool)
    try:
        return bool(suppress_later(then, now, before_hidden=printed, threshold=threshold).any())
    except FitError:  # a small count was printed then
        return True


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    """A table's keys and numbers of pupils; edges of bins where it has counts of bins."""
    edges = [one for one in ("low", "high") if one in table and "count" in table]
    pupils = ["estimate"] if "unit" in table and "estimate" in table else []
    kept = [str(one) for one in table.columns if one in KEYS or one in COUNTS or one in edges or one in pupils]
    made = table[kept].reset_index(drop=True)
    if pupils:
        made["estimate"] = made["estimate"].where(made["unit"] == "pupils")
    return _typed(made)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers and keys as text, however they were kept."""
    for column in table.columns:
        if column in NUMBERS:
            table[column] = pd.to_numeric(table[column]).astype("float64")
        else:
            table[column] = table[column].fillna("").astype("str")
    return table


def _frame(content: Mapping[str, Any]) -> pd.DataFrame:
    return _typed(pd.DataFrame(content["rows"], columns=content["columns"]))
