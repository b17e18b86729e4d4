"""Time the multilevel engine beside lme4 in one run and print the ratios.

    python benchmarks/engine.py            # needs Rscript with lme4, lmerTest, pbkrtest and jsonlite

CPU time, one BLAS thread, medians of 5 rounds, every fit fresh from a data frame and certified. A ratio of 30 means
that lme4 took 30 times as long. Targets are printed, not enforced.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import gc  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from evalkit.analysis.multilevel import multilevel  # noqa: E402
from evalkit.analysis.sample import draw_sample  # noqa: E402
from evalkit.stats.mixed.fit import fit_mixed  # noqa: E402
from evalkit.stats.mixed.inference import infer, single_tests  # noqa: E402

ROUNDS = 5
TARGETS = {  # ratio to lmer: the engine alone, then from a frame with the formula
    "two_level": (25, 10),
    "two_level_large": (40, 40),
    "three_level": (15, 5),
    "slope": (15, 6),
}


def trial(schools, pupils, *, seed):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), pupils)
    pre = rng.normal(0, 1, school.size)
    post = 0.2 * (school % 2) + 0.6 * pre + rng.normal(0, 0.4, schools)[school] + rng.normal(0, 1, school.size)
    return pd.DataFrame({"school": [f"s{s}" for s in school], "treat": school % 2, "pre": pre, "post": post})


def three_levels(*, seed):
    rng = np.random.default_rng(seed)
    klass_school = np.repeat(np.arange(80), rng.integers(3, 7, 80))
    klass = np.repeat(np.arange(klass_school.size), rng.integers(12, 30, klass_school.size))
    school = klass_school[klass]
    pre = rng.normal(0, 1, klass.size)
    post = 0.2 * (school % 2) + 0.6 * pre + rng.normal(0, 0.4, 80)[school]
    post = post + rng.normal(0, 0.3, klass_school.size)[klass] + rng.normal(0, 1, klass.size)
    labels = {"school": [f"s{s}" for s in school], "klass": [f"k{k}" for k in klass]}
    return pd.DataFrame({**labels, "treat": school % 2, "pre": pre, "post": post})


def slopes(*, seed):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(160), 45)
    pre = rng.normal(0, 1, school.size)
    effects = rng.multivariate_normal([0, 0], [[0.16, 0.02], [0.02, 0.03]], 160)
    post = 0.2 * (school % 2) + (0.6 + effects[school, 1]) * pre + effects[school, 0] + rng.normal(0, 1, school.size)
    return pd.DataFrame({"school": [f"s{s}" for s in school], "treat": school % 2, "pre": pre, "post": post})


def crossed(*, seed):
    rng = np.random.default_rng(seed)
    secondary = rng.integers(0, 19, 3400)
    primary = (secondary * 8 + rng.integers(0, 20, 3400)) % 150
    pre = rng.normal(0, 1, 3400)
    post = 0.6 * pre + rng.normal(0, 0.5, 150)[primary] + rng.normal(0, 0.2, 19)[secondary] + rng.normal(0, 1, 3400)
    labels = {"primary": [f"p{p}" for p in primary], "secondary": [f"s{s}" for s in secondary]}
    return pd.DataFrame({**labels, "pre": pre, "post": post})


def pupils_by_teachers(*, seed):
    """Pupils over three years, a new teacher each year, one in twenty changing school: crossed, but hardly."""
    rng = np.random.default_rng(seed)
    pupil = np.repeat(np.arange(9000), 3)
    year = np.tile(np.arange(3), 9000)
    school = np.repeat(rng.integers(0, 80, 9000), 3)
    school = np.where(rng.random(pupil.size) < 0.02, rng.integers(0, 80, pupil.size), school)
    teacher = (school * 3 + year) * 5 + rng.integers(0, 5, pupil.size)
    post = (
        0.5 * year
        + rng.normal(0, 0.8, 9000)[pupil]
        + rng.normal(0, 0.4, 1200)[teacher]
        + rng.normal(0, 0.7, pupil.size)
    )
    labels = {"pupil": [f"p{p}" for p in pupil], "teacher": [f"t{t}" for t in teacher]}
    return pd.DataFrame({**labels, "year": year, "post": post})


CASES = {
    "two_level": (trial(71, 110, seed=1), "post ~ treat + pre + (1 | school)", 10, 100, True),
    "two_level_large": (trial(550, 500, seed=2), "post ~ treat + pre + (1 | school)", 1, 5, False),
    "three_level": (three_levels(seed=3), "post ~ treat + pre + (1 | school/klass)", 2, 20, True),
    "slope": (slopes(seed=4), "post ~ treat + pre + (1 + pre | school)", 2, 20, True),
    "crossed": (crossed(seed=5), "post ~ pre + (1 | primary) + (1 | secondary)", 2, 10, False),
    "crossed_large": (pupils_by_teachers(seed=6), "post ~ year + (1 | pupil) + (1 | teacher)", 1, 1, False),
}


def timed(work, repeats):
    """Median CPU seconds of one call."""
    times = []
    work()
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        for _ in range(repeats):
            work()
        times.append((time.process_time() - start) / repeats)
    return float(np.median(times))


def measure(data, formula, repeats, *, df):
    """Seconds of our fit from a frame, of the engine alone, and of the two kinds of df."""
    sample = draw_sample(formula, data, None)
    fit = multilevel(formula, data)
    assert fit.core.certificate.converged
    found = {
        "frame": timed(lambda: multilevel(formula, data), repeats),
        "engine": timed(lambda: fit_mixed(sample.outcome, sample.columns, sample.terms), repeats),
        "loglik": fit.core.loglik,
    }
    if df:
        size = np.eye(len(fit.core.beta))
        for method in ("satterthwaite", "kenward-roger"):
            found[method.replace("-", "_")] = timed(
                lambda method=method: single_tests(infer(fit.core, method=method), size), repeats
            )
    return found


def by_r(folder):
    """Have R time the same cases."""
    cases = []
    for name, (data, formula, repeats, _, df) in CASES.items():
        data.to_csv(folder / f"{name}.csv", index=False)
        cases.append({"name": name, "formula": formula, "repeats": repeats, "df": df})
    (folder / "cases.json").write_text(json.dumps(cases))
    subprocess.run(["Rscript", str(Path(__file__).with_name("engine.R")), str(folder)], check=True)
    return json.loads((folder / "r.json").read_text())


def main():
    with tempfile.TemporaryDirectory() as name:
        theirs = by_r(Path(name))
    print("Ratios of CPU time, R over evalkit (medians of 5; one thread). Target in brackets.\n")
    print("| case | lmer, ms | engine | with the formula | Satterthwaite / lmerTest | KR / pbkrtest | loglik gained |")
    print("|---|---|---|---|---|---|---|")
    for case, (data, formula, _, repeats, df) in CASES.items():
        ours, r = measure(data, formula, repeats, df=df), theirs["times"][case]
        engine, frame = TARGETS.get(case, ("-", "-"))
        satt = f"{r['satterthwaite'] / ours['satterthwaite']:,.0f}x" if df else "-"
        kr = f"{r['kenward_roger'] / ours['kenward_roger']:,.0f}x" if df else "-"
        print(
            f"| {case} ({len(data)} rows) | {1e3 * r['fit']:.1f} | {r['fit'] / ours['engine']:.1f}x [{engine}] "
            f"| {r['fit'] / ours['frame']:.1f}x [{frame}] | {satt} | {kr} | {ours['loglik'] - r['loglik']:.1e} |"
        )
    print(f"\n{theirs['session']['R']}, lme4 {theirs['session']['lme4']}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
