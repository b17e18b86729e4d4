"""Make the simulated pupil file of this example, and its list of schools by hub and trust.

No pupil or school in it exists: everything is drawn at random with a fixed seed, to the published counts of 2017/18 (75
schools in 13 clusters, 15 pupils in each) and with 90 comparison schools that were never published. Run from anywhere:

    python make_data.py            writes data/pupils.csv and data/hubs.csv beside this file
    python make_data.py FOLDER     writes them into FOLDER

Schools with many disadvantaged pupils and low results join more often; so do schools that were already rising a little,
which nobody recorded. Programme schools choose more pupils with free school meals. The difference put in is what the
published evaluation printed as exploratory, about 0.10 SD: 1.1 points more for pupils with free school meals in primary
schools, 1.1 points less for those in secondary schools, and nothing for the others. The list of schools has the cluster
of each programme school as its hub, and a made-up trust for about half of all schools; URNs from 900001 on belong to
nobody.
"""

import csv
import sys
from pathlib import Path

import numpy as np

SEED, SEED_OF_TRUSTS = 20180713, 20180714
TRUSTS, FIRST_URN = 12, 900001
SCHOOLS, CLUSTERS, COMPARISON_SCHOOLS = 75, 13, 90
PUPILS = {"Challenge the Gap": 15, "Comparison": 20}  # in each school
FREE_MEALS = {"Challenge the Gap": 0.60, "Comparison": 0.45}  # of the pupils in the file, not of the schools
SHARE_PRIMARY = 65 / 104  # as in the published evaluation of 104 schools
GAIN = {"Primary": 1.1, "Secondary": -1.1}  # of pupils with free school meals; the others gain nothing
HEADINGS = (
    "Pupil code", "School", "Cluster", "Group", "Phase", "Disadvantaged in school", "FSM", "SEN", "EAL",
    "Attendance 2016/17", "Reading autumn 2016", "Reading autumn 2017", "Reading summer 2018",
)  # fmt: skip
LISTED = ("URN", "School", "Hub", "Trust")


def draw_schools(random: np.random.Generator) -> list[dict[str, object]]:
    """Schools with their group, drawn until both groups are full."""
    wanted = {"Challenge the Gap": SCHOOLS, "Comparison": COMPARISON_SCHOOLS}
    found: list[dict[str, object]] = []
    while any(wanted.values()):
        share, level = random.beta(4, 8), random.normal(0, 2.5)
        rising = random.normal(0, 0.4)
        chance = 1 / (1 + np.exp(-(5 * (share - 0.33) - 0.25 * level + 0.3 * rising)))
        group = "Challenge the Gap" if random.random() < chance else "Comparison"
        if wanted[group]:
            wanted[group] -= 1
            phase = "Primary" if random.random() < SHARE_PRIMARY else "Secondary"
            found.append({"group": group, "share": share, "level": level, "rising": rising, "phase": phase})
    return found


def rows_of(random: np.random.Generator) -> list[list[object]]:
    """A row per pupil."""
    rows: list[list[object]] = []
    joined = 0
    for place, school in enumerate(draw_schools(random)):
        name, share, level = f"School {place + 1:03d}", float(str(school["share"])), float(str(school["level"]))
        cluster = ""
        if school["group"] == "Challenge the Gap":
            cluster = f"Cluster {joined % CLUSTERS + 1:02d}"
            joined += 1
        group = str(school["group"])
        for number in range(PUPILS[group]):
            meals = random.random() < FREE_MEALS[group]
            sen, eal = random.random() < 0.22, random.random() < 0.24
            true = 96 + level - 2 * meals - 5 * sen - 1.5 * eal + random.normal(0, 9)
            attendance = min(100.0, 94.5 - 1.2 * meals - 1.5 * sen - 0.05 * (share - 0.33) * 100 + random.normal(0, 3))
            scores: list[object] = []
            for step in range(3):
                gain = GAIN[str(school["phase"])] if step == 2 and meals and group == "Challenge the Gap" else 0.0
                drift = (step - 1) * float(str(school["rising"]))
                score = true + drift + gain + random.normal(0, 4.5)
                scores.append(int(np.clip(np.round(score), 69, 141)))
            lost = (random.random() < 0.02, False, random.random() < 0.06)
            scores = ["" if gone else score for gone, score in zip(lost, scores, strict=True)]
            facts = [*("Yes" if fact else "No" for fact in (meals, sen, eal)), f"{attendance:.1f}"]
            code = f"{place + 1:03d}-{number + 1:02d}"
            rows.append([code, name, cluster, group, school["phase"], f"{100 * share:.0f}", *facts, *scores])
    return rows


def list_of(rows: list[list[object]], random: np.random.Generator) -> list[list[object]]:
    """A row per school: URN, name, hub and trust."""
    schools = {str(row[1]): str(row[2]) for row in rows}
    in_trust = random.random(len(schools)) < 0.5
    trust = random.integers(1, TRUSTS + 1, len(schools))
    return [
        [FIRST_URN + place, school, hub, f"Trust {trust[place]:02d}" if in_trust[place] else ""]
        for place, (school, hub) in enumerate(schools.items())
    ]


def write(path: Path, headings: tuple[str, ...], rows: list[list[object]]) -> None:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows(rows)


def main(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(np.random.default_rng(SEED))
    write(folder / "pupils.csv", HEADINGS, rows)
    write(folder / "hubs.csv", LISTED, list_of(rows, np.random.default_rng(SEED_OF_TRUSTS)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
