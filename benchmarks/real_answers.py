"""Hold evalkit's numbers on real answers against R's, in one run, and print what differs.

    python benchmarks/real_answers.py        # Rscript with psych, psychTools, lavaan, semTools, lme4, jsonlite

Thousands of real people's answers come with these R packages: the big five, state anxiety on two occasions, abilities,
moods, Holzinger and Swineford's tests and others. They stay in a temporary folder, for they are not ours to hand on.
Ends with 1 where a number differs by more than its tolerance.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import evalkit as ek  # noqa: E402

# The rotation behind psych's three group factors stops early; everything else agrees to 1e-5.
LOOSE, TIGHT = 5e-4, 1e-5
# Where we say otherwise on purpose.
CHOICES = {"state: ordinal_omega complete": "Green and Yang's omega comes out above 1, so none is given, and why."}
BIG = {factor: [f"{factor}{place}" for place in range(1, 6)] for factor in "ACENO"}
THREE = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
FIVE = ["tense", "regretful", "upset", "worrying", "anxious"]
FIT = ("chi_square", "df", "cfi", "tli", "rmsea")


def scale(table: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Everything of `ek.reliability`, by the names that the R script gives; and omega of every answer given."""
    first, last = table.columns[0], table.columns[-1]
    for missing in ("complete", "pairwise"):
        found = ek.reliability(table, missing=missing, families=FAMILIES[missing]).set_index(["measure", "item"])
        for measure in found.index.get_level_values(0).unique():
            if (measure, "") in found.index:
                row = found.loc[(measure, "")]
                yield f"{measure} {missing}", row["estimate"]
                yield f"{measure} low {missing}", row["conf_low"]
                yield f"{measure} high {missing}", row["conf_high"]
            else:
                yield f"{measure} first {missing}", found.loc[(measure, first), "estimate"]
                yield f"{measure} last {missing}", found.loc[(measure, last), "estimate"]
    yield "omega fiml", ek.factor_model(table).reliability()["omega"].iloc[0]


FAMILIES = {
    "complete": ("alpha", "omega", "error", "consistency", "split_half", "omega_h", "ordinal", "mokken", "items"),
    "pairwise": ("alpha", "consistency", "items"),
}


def model(table: pd.DataFrame, factors: dict[str, list[str]]) -> Iterator[tuple[str, float]]:
    """Fit indices of a factor model, by each way of estimating it."""
    ways = {
        "ML": {"missing": "complete"},
        "ML fiml": {},
        "MLR fiml": {"robust": True},
        "WLSMV": {"answers": "ordinal"},
    }
    for name, options in ways.items():
        if name == "WLSMV" and "visual" in factors:
            continue
        fit = ek.factor_model(table, factors, **options)
        row = fit.glance().iloc[0]
        for index in FIT:
            yield f"{index} {name}", row[index]
            if f"{index}_scaled" in row:
                yield f"{index}_scaled {name}", row[f"{index}_scaled"]
        yield f"srmr {name}", row["srmr"]
        yield f"loading first {name}", fit.tidy()["standardised"].iloc[0]


def steps(name: str, table: pd.DataFrame, **options: object) -> Iterator[tuple[str, float]]:
    """Fit indices of every step of invariance."""
    rows = ek.invariance(table, **options).tidy()
    for row in rows.to_dict("records"):
        for index in ("chi_square", "df", "cfi", "rmsea"):
            yield f"{index} {row['step']} {name}", row[index]


def functioning(table: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Differential item functioning, every item in the matching score."""
    reference = sorted(table["group"].astype(str))[0]
    rows = ek.item_functioning(table, "group", reference=reference, purify=False).tidy().set_index("item")
    for item in rows.index[:3]:
        for measure in ("total_chi_square", "uniform_chi_square", "r2_change", "odds_ratio"):
            yield f"{measure} {item}", rows.loc[item, measure]


def eigenvalues(table: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Parallel analysis."""
    found = ek.parallel_analysis(table, draws=20, seed=1)
    rows, counts = found.tidy(), found.glance().iloc[0]
    yield "component first", rows["component"].iloc[0]
    yield "component fifth", rows["component"].iloc[4]
    yield "axis first", rows["axis"].iloc[0]
    yield "n_components", counts["n_components"]
    yield "n_factors", counts["n_factors"]


def retest(table: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """State anxiety on two occasions."""
    first, second = (table[table["time"] == time].set_index("pupil").drop(columns="time") for time in (1, 2))
    rows = ek.reliability(first, again=second, families=["retest"]).set_index("measure")
    for measure in rows.index:
        yield measure, rows.loc[measure, "estimate"]
        yield f"{measure} low", rows.loc[measure, "conf_low"]
        yield f"{measure} high", rows.loc[measure, "conf_high"]


def linked(table: pd.DataFrame) -> pd.DataFrame:
    """Five items, a row per pupil and occasion, from a row per pupil."""
    waves = [
        table[["pupil", *(f"{item}_{time}" for item in FIVE)]].set_axis(["pupil", *FIVE], axis=1).assign(time=time)
        for time in (1, 2)
    ]
    return pd.concat(waves, ignore_index=True)


def ours(name: str, table: pd.DataFrame) -> dict[str, float]:
    """All numbers of one table."""
    if name == "bfi":
        return dict([*model(table, BIG), *eigenvalues(table)])
    if name == "swineford":
        return dict(model(table, THREE))
    if name == "bfi groups":
        ordinal = steps("WLSMV", table, by="group", answers="ordinal", fewest=0)
        return dict([*steps("MLR fiml", table, by="group", robust=True), *ordinal])
    if name == "swineford groups":
        return dict(steps("ML", table, factors=THREE, by="group", order=["Pasteur", "Grant-White"]))
    if name == "state waves":
        found = steps("MLR fiml", table[["pupil", "time", *FIVE]], by="time", pupil="pupil", robust=True)
        return dict([*retest(table), *found])
    if name == "state ordinal":
        return dict(steps("WLSMV", linked(table), by="time", pupil="pupil", answers="ordinal", fewest=0))
    return dict(functioning(table) if name.endswith("dif") else scale(table))


def tolerance(name: str) -> float:
    """How far two numbers may differ, of 1 or of the number where it is larger."""
    return LOOSE if "omega_h" in name or "omega_t" in name else TIGHT


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(place)
        if len(sys.argv) == 1:
            subprocess.run(["Rscript", str(Path(__file__).with_name("real_answers.R")), str(folder)], check=True)
        expected = json.loads((folder / "expected.json").read_text())
        tables = {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}
        found = {f"{name}: {key}": value for name, table in tables.items() for key, value in ours(name, table).items()}
    rows = []
    for name, theirs in expected["values"].items():
        here = found.get(name, np.nan)
        gap = abs(here - theirs) / max(1.0, abs(theirs))
        rows.append((name, theirs, here, gap, name in CHOICES or bool(gap <= tolerance(name))))
    table = pd.DataFrame(rows, columns=["number", "R", "evalkit", "gap", "agrees"])
    print(table[~table["agrees"]].to_string(index=False))
    count = table.assign(table=table["number"].str.split(":").str[0]).groupby("table", sort=False)
    print(count.agg(numbers=("agrees", "size"), agree=("agrees", "sum"), largest_gap=("gap", "max")).to_string())
    for name, sentence in CHOICES.items():
        print(f"by choice: {name} (R: {expected['values'][name]:.3f}): {sentence}")
    print(f"{int(table['agrees'].sum())} of {len(table)} numbers agree; {expected['session']}")
    return int(not table["agrees"].all())


if __name__ == "__main__":
    sys.exit(main())
