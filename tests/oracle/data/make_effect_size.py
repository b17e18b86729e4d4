"""Write the synthetic, seeded trials of the effect-size oracle. No real pupil is in them.

Run from the repository root: python tests/oracle/data/make_effect_size.py
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def write(name, columns):
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(value if isinstance(value, str) else f"{value:.6g}" for value in row) for row in rows]
    (HERE / f"effect_size_{name}.csv").write_text("\n".join([",".join(columns), *lines]) + "\n")


def names(letter, codes):
    return np.array([f"{letter}{code:03d}" for code in codes]).tolist()


def main():
    rng = np.random.default_rng(401)
    sizes = rng.integers(6, 34, 14)
    site = np.repeat(np.arange(14), sizes)
    treat = rng.integers(0, 2, len(site))
    pre = rng.normal(0, 1, len(site)) + rng.normal(0, 0.3, 14)[site]
    effect = 0.3 + rng.normal(0, 0.45, 14)[site]
    post = 4 + effect * treat + 0.7 * pre + rng.normal(0, 0.6, 14)[site] + rng.normal(0, 0.8, len(site))
    write("multisite", {"site": names("s", site), "treat": treat, "pre": pre, "post": post})

    rng = np.random.default_rng(402)
    sizes = np.array([4, 31, 18, 9, 27, 14, 22, 8, 40, 12, 16, 25, 6, 35, 11, 19, 28])
    school = np.repeat(np.arange(17), sizes)
    which = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2])[school]
    pre = rng.normal(0, 1, len(school)) + rng.normal(0, 0.4, 17)[school]
    post = 50 + np.array([0, 4, 9])[which] + 6 * pre + rng.normal(0, 4, 17)[school] + rng.normal(0, 8, len(school))
    arm = np.array(["control", "online", "tutor"])[which].tolist()
    passed = (post + rng.normal(0, 4, len(school)) > 54).astype(int)
    write("three_arms", {"school": names("s", school), "arm": arm, "pre": pre, "post": post, "passed": passed})


if __name__ == "__main__":
    main()
