"""Make the simulated survey files of three programmes in one school.

Nobody gave these answers and nobody has these reading ages: they are drawn at random with a fixed seed. Run from
anywhere:

    python make_data.py            writes the data folders beside this file
    python make_data.py FOLDER     writes them into FOLDER

Numbers of pupils, scores and changes are invented; the school, the programmes and the kinds of measures are real.
"""

import csv
import sys
from pathlib import Path

import numpy as np

import evalkit as ek

SEED = 20180704
LOADING, STABILITY = 0.65, 0.7


def answers(
    random: np.random.Generator, name: str, score: str, levels: np.ndarray, *, centre: float, spread: float
) -> dict[str, np.ndarray]:
    """Printed answers to the items of a score for pupils of these levels (in SDs), by item."""
    instrument = ek.load_instrument(name)
    turned = instrument.score(score).reversed_items
    found: dict[str, np.ndarray] = {}
    for item in instrument.items_of(score):
        scale = instrument.response_of(item)
        noise = np.sqrt(1 - LOADING**2) * random.standard_normal(levels.size)
        place = centre + spread * (LOADING * levels + noise)
        answer = np.clip(np.rint(scale.min + place * (scale.max - scale.min)), scale.min, scale.max).astype(int)
        found[item] = scale.min + scale.max - answer if item in turned else answer
    return found


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    """One CSV file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def questionnaire(
    random: np.random.Generator, folder: Path, *, prefix: str, name: str, score: str, treated: int, control: int,
    start: float, gain: float,
) -> None:  # fmt: skip
    """Two files of a programme with a comparison group: who starts `start` SDs lower and gains `gain` SDs more."""
    n = treated + control
    group = np.array(["P"] * treated + ["C"] * control)
    before = random.standard_normal(n) + start * (group == "P")
    after = STABILITY * before + np.sqrt(1 - STABILITY**2) * random.standard_normal(n) + gain * (group == "P")
    away = {"pre": random.random(n) < 0.03, "post": random.random(n) < 0.08}
    for wave, level in (("pre", before), ("post", after)):
        columns = answers(random, name, score, level, centre=0.55, spread=0.22)
        rows: list[dict[str, object]] = []
        for place in random.permutation(n):
            if away[wave][place]:
                continue
            row: dict[str, object] = {"Pupil code": f"{prefix}-{place + 1:03d}", "Group": group[place]}
            row |= {item: int(values[place]) for item, values in columns.items()}
            rows.append(row)
        write(folder, f"{wave}.csv", rows)


def reading_ages(random: np.random.Generator, folder: Path) -> None:
    """Reading ages in months of pupils chosen because they read slowly; they rise a little by themselves."""
    everybody = 117 + 15 * random.standard_normal(300)
    measured = everybody + 6 * random.standard_normal(300)
    chosen = np.flatnonzero(measured < 106)[:48]
    after = everybody[chosen] + 7 + 4 + 6 * random.standard_normal(chosen.size)
    for wave, values in (("pre", measured[chosen]), ("post", after)):
        away = random.random(chosen.size) < 0.06
        rows: list[dict[str, object]] = [
            {"Pupil code": f"RR-{place + 1:03d}", "Reading age (months)": round(float(values[place]))}
            for place in random.permutation(chosen.size)
            if not away[place]
        ]
        write(folder, f"{wave}.csv", rows)


def main() -> None:
    """Write all six files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    random = np.random.default_rng(SEED)
    questionnaire(
        random, folder / "talkabout" / "data", prefix="TA", name="scwbs", score="total", treated=26, control=30,
        start=-0.7, gain=0.35,
    )  # fmt: skip
    questionnaire(
        random, folder / "top-dog" / "data", prefix="TD", name="mslq44", score="self_regulation", treated=58,
        control=56, start=0.0, gain=0.3,
    )  # fmt: skip
    reading_ages(random, folder / "rapid-read" / "data")


if __name__ == "__main__":
    main()
