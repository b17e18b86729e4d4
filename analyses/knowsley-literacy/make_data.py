"""Make the simulated files of this example: pupils of schools with and without the programme.

No pupil in them exists: every number is drawn at random with a fixed seed. Run from anywhere:

    python make_data.py            writes data/pupils.csv and data/schools.csv beside this file
    python make_data.py FOLDER     writes them into FOLDER
"""

import csv
import sys
from pathlib import Path

import numpy as np

SEED = 20190719
TREATED, CONTROL = 29, 29  # schools
LOW, HIGH = 69, 141  # the test's ends
GAIN = 1.0  # standardised points, invented


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """One CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Draw schools, then their pupils."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data"
    random = np.random.default_rng(SEED)
    schools: list[dict[str, object]] = []
    pupils: list[dict[str, object]] = []
    for place in range(TREATED + CONTROL):
        treated = place < TREATED
        name = f"{'P' if treated else 'C'}{place + 1:02d}"
        schools.append({"School": name, "Group": "P" if treated else "C"})
        home = 97.5 - 1.5 * treated + 3.5 * random.standard_normal()
        drift = 1.6 * random.standard_normal() + GAIN * treated
        for number in range(int(random.integers(14, 24))):
            poor = random.random() < (0.5 if treated else 0.4)
            level = home - 4 * poor + 11 * random.standard_normal()
            before = level + 4.5 * random.standard_normal()
            after = level + drift + 5 * random.standard_normal() + 4.5 * random.standard_normal()
            gone = random.random() < 0.07
            pupils.append(
                {
                    "Pupil code": f"{name}-{number + 1:03d}",
                    "School": name,
                    "Disadvantaged": int(poor),
                    "Reading before": int(np.clip(round(before), LOW, HIGH)),
                    "Reading after": "" if gone else int(np.clip(round(after), LOW, HIGH)),
                }
            )
    write(folder / "pupils.csv", pupils)
    write(folder / "schools.csv", schools)


if __name__ == "__main__":
    main()
