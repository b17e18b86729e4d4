"""Write the synthetic, seeded trials that the lme4 oracle shares. No real pupil is in them.

Run from the repository root: python tests/oracle/data/make_multilevel.py
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def write(name, columns):
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(value if isinstance(value, str) else f"{value:.6g}" for value in row) for row in rows]
    (HERE / f"lme4_{name}.csv").write_text("\n".join([",".join(columns), *lines]) + "\n")


def names(letter, codes):
    return np.array([f"{letter}{code:03d}" for code in codes]).tolist()


def trial(seed, sizes, *, school_sd, pupil_sd=1.0, effect=0.3):
    """Schools of these sizes, every second one treated."""
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(len(sizes)), sizes)
    pre = rng.normal(0, 1, len(school)) + rng.normal(0, 0.4, len(sizes))[school]
    treat = school % 2
    post = 10 + effect * treat + 0.6 * pre + rng.normal(0, school_sd, len(sizes))[school]
    post = post + rng.normal(0, pupil_sd, len(school))
    return {"school": names("s", school), "treat": treat, "pre": pre, "post": post}, school, rng


def main():
    write("balanced", trial(201, [20] * 16, school_sd=0.5)[0])
    write(
        "unbalanced", trial(202, [3, 60, 12, 33, 8, 21, 45, 17, 29, 5, 40, 11, 26, 19, 7, 52, 14, 36], school_sd=0.4)[0]
    )
    write("eight", trial(203, [22, 30, 17, 25, 41, 12, 28, 19], school_sd=0.5)[0])
    write("six", trial(204, [25, 18, 33, 21, 9, 30], school_sd=0.4)[0])
    write("seventy_one", trial(205, [110] * 71, school_sd=0.35)[0])

    columns, school, _ = trial(206, [18, 24, 12, 30, 21, 15, 27, 20, 16, 25, 19, 23], school_sd=0.0)
    post = np.array(columns["post"])
    means = np.bincount(school, post) / np.bincount(school)
    columns["post"] = post - 0.95 * (means[school] - 10 - 0.3 * columns["treat"])
    write("zero", columns)

    columns, school, rng = trial(207, [14, 31, 9, 22, 40, 17, 26, 12, 35, 20], school_sd=0.5)
    weights = np.round(rng.uniform(0.3, 3, len(school)), 2)
    columns["post"] = np.array(columns["post"]) + rng.normal(0, 1, len(school)) * (1 / np.sqrt(weights) - 1)
    write("weights", {**columns, "weight": weights})

    rng = np.random.default_rng(208)
    klass_of = np.repeat(np.arange(20), rng.integers(2, 5, 20))
    sizes = rng.integers(5, 27, len(klass_of))
    klass = np.repeat(np.arange(len(klass_of)), sizes)
    school = klass_of[klass]
    pre = rng.normal(0, 1, len(klass))
    post = 5 + 0.4 * (school % 2) + 0.5 * pre + rng.normal(0, 0.5, 20)[school]
    post = post + rng.normal(0, 0.4, len(klass_of))[klass] + rng.normal(0, 1, len(klass))
    label = names("c", klass - np.searchsorted(klass_of, np.arange(20))[school])
    write("three", {"school": names("s", school), "klass": label, "treat": school % 2, "pre": pre, "post": post})

    rng = np.random.default_rng(209)
    sizes = rng.integers(8, 32, 30)
    school = np.repeat(np.arange(30), sizes)
    pre = 100 + 15 * rng.normal(0, 1, len(school))
    effects = rng.multivariate_normal([0, 0], [[16, -0.2], [-0.2, 0.01]], 30)
    arm = np.array(["control", "online", "tutor"])[school % 3]
    post = 20 + 2.0 * (arm == "tutor") + 0.5 * pre + effects[school, 0] + effects[school, 1] * (pre - 100)
    post = post + rng.normal(0, 8, len(school))
    girl = rng.integers(0, 2, len(school))
    write("slope", {"school": names("s", school), "arm": arm.tolist(), "pre": pre, "girl": girl, "post": post})

    rng = np.random.default_rng(210)
    secondary = rng.integers(0, 9, 500)
    primary = (secondary * 4 + rng.integers(0, 9, 500)) % 36
    treat = secondary % 2
    pre = rng.normal(0, 1, 500)
    post = 0.3 * treat + 0.5 * pre + rng.normal(0, 0.4, 36)[primary] + rng.normal(0, 0.3, 9)[secondary]
    post = post + rng.normal(0, 1, 500)
    write(
        "crossed",
        {"primary": names("p", primary), "secondary": names("s", secondary), "treat": treat, "pre": pre, "post": post},
    )

    rng = np.random.default_rng(211)
    group = np.arange(240) // 8  # the treated work in groups of 8, the others alone
    treat = (group % 2).astype(int)
    pre = rng.normal(0, 1, 240)
    post = 0.4 * treat + 0.5 * pre + treat * rng.normal(0, 0.5, 30)[group] + rng.normal(0, 1, 240)
    write("groups", {"group": names("g", group), "treat": treat, "pre": pre, "post": post})


if __name__ == "__main__":
    main()
