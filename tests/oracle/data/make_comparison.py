"""Invented pupils of two groups that nobody drew by lot: `python tests/oracle/data/make_comparison.py`."""

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
random = np.random.default_rng(20261129)


def write(name, rows):
    with (HERE / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def pupils(n, schools):
    arm = (np.arange(n) % 5 < 2).astype(int) if schools == 0 else (np.arange(n) % schools < schools // 2).astype(int)
    school = np.arange(n) % max(schools, 1)
    home = random.normal(0, 2, max(schools, 1))[school]
    true = 50 - 4 * arm + random.normal(0, 8, n) + home
    age = random.normal(10, 0.5, n)
    before = true + random.normal(0, 4, n)
    after = 12 + 0.8 * true + 2 * arm + 1.5 * (age - 10) + random.normal(0, 5, n) + home
    hub = school // 3
    target = random.random(n) < 0.25 + 0.1 * hub
    return [
        {
            "pupil": place, "school": int(school[place]), "hub": int(hub[place]), "arm": int(arm[place]),
            "target": int(target[place]),
            "age": round(float(age[place]), 2), "before": round(float(before[place]), 1),
            "after": round(float(after[place]), 1),
        }
        for place in range(n)
    ]  # fmt: skip


write("comparison_small.csv", pupils(23, 0))
write("comparison_schools.csv", pupils(180, 6))
write("hubs.csv", pupils(240, 12))
orders = np.array([random.permutation(23) for _ in range(400)])
write("comparison_orders.csv", [{f"p{place}": int(one) for place, one in enumerate(row)} for row in orders])
