"""Make the synthetic files of this example: a simulated trial with the published counts of the real one.

No pupil, teacher or school in these files exists: everything is drawn at random with a fixed seed. The published counts
that the simulation keeps are 71 schools (38 and 33), 223 teachers, 5,340 pupils, 1,505 of them with English as an
additional language (EAL).

    python make_data.py            writes data/ and randomisation/ beside this file
    python make_data.py FOLDER     writes them into FOLDER

What the simulation assumes (chosen here, not published): a share between schools of about 0.15, a correlation of about
0.65 between Key Stage 2 and GCSE, late arrivals without a Key Stage 2 result, three schools that leave, some pupils who
move away, and an effect of 0.02 standard deviations for each training day that the science teachers attended, 0.03 for
pupils with EAL.
"""

import csv
import sys
from pathlib import Path

import numpy as np

import evalkit as ek

SEED = 20170904
SCHOOLS, TREATED = 71, 38
PUPILS, EAL, TEACHERS = 5340, 1505, 223
CENTRES = (13, 11, 11, 11, 9, 9, 7)  # schools of each delivery centre
LEFT = {"S09": "change of leadership", "S31": "no cover for training days", "S58": "change of leadership"}
CROSSED = "S40"  # a control school whose teachers went to one training day elsewhere
HERE = Path(__file__).parent


def school_codes() -> list[str]:
    """S01 to S71."""
    return [f"S{number:02d}" for number in range(1, SCHOOLS + 1)]


def sizes_of(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pupils and pupils with EAL of every school, adding up to the published counts."""
    weights = random.gamma(9.0, 1.0, SCHOOLS)
    pupils = spread(weights, PUPILS, least=30)
    shares = np.clip(random.beta(1.3, 3.0, SCHOOLS), 0.03, 0.85)
    eal = spread(shares * pupils, EAL, least=2)
    return pupils, np.minimum(eal, pupils - 5)


def spread(weights: np.ndarray, total: int, *, least: int) -> np.ndarray:
    """Whole numbers in proportion to the weights, none below `least`, that add up to the total."""
    shares = least + (total - least * len(weights)) * weights / weights.sum()
    counts = np.floor(shares).astype(int)
    counts[np.argsort(shares - counts)[::-1][: total - counts.sum()]] += 1
    return counts


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """A CSV file with the rows' keys as headings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def draw_arms(schools: list[dict[str, object]], folder: Path) -> dict[str, str]:
    """Draw the schools with evalkit, as a real trial would, and keep list, certificate and ledger."""
    listed = folder / "randomisation" / "schools.csv"
    write(listed, [{key: row[key] for key in ("school", "centre", "pupils", "eal_percent")} for row in schools])
    for made in ("certificate-batch-1.json", "allocation-batch-1.csv", "ledger.jsonl"):
        (listed.parent / made).unlink(missing_ok=True)
    drawn = ek.randomise(listed, HERE / "randomisation.yaml", to=listed.parent, stated_date="2017-09-29")
    arms = dict(zip(drawn.allocation["school"], drawn.allocation["arm"], strict=True))
    assert sum(arm == "intervention" for arm in arms.values()) == TREATED
    return arms


def list_schools(random: np.random.Generator) -> list[dict[str, object]]:
    """The schools before the draw: code, delivery centre, pupils, share with EAL, science teachers."""
    pupils, eal = sizes_of(random)
    centres = random.permutation(np.repeat(np.arange(len(CENTRES)), CENTRES))
    teachers = spread(pupils.astype(float), TEACHERS, least=2)
    return [
        {
            "school": code,
            "centre": f"Centre {centres[place] + 1}",
            "pupils": int(pupils[place]),
            "eal": int(eal[place]),
            "eal_percent": round(100 * eal[place] / pupils[place], 1),
            "teachers": int(teachers[place]),
        }
        for place, code in enumerate(school_codes())
    ]


def attendance(random: np.random.Generator, school: dict[str, object], arm: str) -> float:
    """Training days attended, averaged over the school's science teachers, to one decimal."""
    if school["school"] in LEFT and arm == "intervention":
        return 0.7
    if arm == "control":
        return 1.0 if school["school"] == CROSSED else 0.0
    days = random.binomial(3, random.beta(6.0, 1.3), int(school["teachers"]))
    return round(float(days.mean()), 1)


def make_pupils(
    random: np.random.Generator, schools: list[dict[str, object]], days: dict[str, float]
) -> list[dict[str, object]]:
    """A row per pupil on roll in Year 10, with the GCSE results of those who stayed."""
    rows: list[dict[str, object]] = []
    number = 0
    for school in schools:
        code, count = str(school["school"]), int(school["pupils"])
        own_start, own_end = random.normal(0, 0.32), random.normal(0, 0.30)
        has_eal = np.arange(count) < int(school["eal"])
        ability = own_start + np.sqrt(1 - 0.32**2) * random.standard_normal(count)
        fsm = random.random(count) < 1 / (1 + np.exp(1.25 + 0.55 * ability + 1.2 * own_start))
        gain = days[code] * np.where(has_eal, 0.03, 0.02)
        later = 0.64 * ability + own_end + gain - 0.22 * fsm - 0.05 * has_eal
        later = later + np.sqrt(1 - 0.64**2 - 0.30**2) * random.standard_normal(count)
        late = random.random(count) < np.where(has_eal, 0.13, 0.015)
        moved = random.random(count) < 0.035 + 0.05 * late + 0.02 * fsm
        absent = random.random(count) < 0.012
        for place in random.permutation(count):
            number += 1
            left = "school left the trial" if code in LEFT else "moved school" if moved[place] else ""
            left = left or ("absent from the examination" if absent[place] else "")
            science = np.clip(np.rint(2 * (4.3 + 1.75 * later[place])) / 2, 0, 9)
            rows.append(
                {
                    "Pupil code": f"P{number:04d}",
                    "School": code,
                    "Year": "Y10",
                    "EAL": "Yes" if has_eal[place] else "No",
                    "FSM6": "1" if fsm[place] else "0",
                    "KS2 points": "" if late[place] else f"{np.clip(27.5 + 4.6 * ability[place], 9, 39):.1f}",
                    "GCSE Science": "" if left else f"{science:g}",
                    "Grade 4 or above": "" if left else str(int(science >= 4)),
                    "Reason": left,
                }
            )
    return rows


def main(folder: Path) -> None:
    """Draw everything and write the files."""
    random = np.random.default_rng(SEED)
    schools = list_schools(random)
    arms = draw_arms(schools, folder)
    days = {str(one["school"]): attendance(random, one, arms[str(one["school"])]) for one in schools}
    pupils = make_pupils(random, schools, days)
    assert len(pupils) == PUPILS
    assert sum(row["EAL"] == "Yes" for row in pupils) == EAL
    write(folder / "data" / "pupils.csv", pupils)
    listed = [
        {
            "School": one["school"],
            "Delivery centre": one["centre"],
            "Arm": "Training" if arms[str(one["school"])] == "intervention" else "Teaching as usual",
            "Science teachers": one["teachers"],
            "Training days": days[str(one["school"])],
            "Left the trial": LEFT.get(str(one["school"]), ""),
        }
        for one in schools
    ]
    write(folder / "data" / "schools.csv", listed)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
