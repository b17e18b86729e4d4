"""Time 1,000 refits, bootstrap draws and permutations beside lme4 in one run and print the ratios.

    python benchmarks/resampling.py        # needs Rscript with lme4 and jsonlite

CPU time, one BLAS thread, medians of 5 rounds. R is timed on 30 draws a round (its time per draw does not depend on
how many there are), evalkit on 1,000. lme4 gets its cheapest way: no derivative checks; `refit` for given outcomes,
`bootMer` for the parametric bootstrap, a fresh `lmer` for each permutation (its design changes). The column "ratio to
`refit`" holds every kind of draw against its quickest refit instead. Targets are printed, not enforced.
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
from evalkit.analysis.multilevel_permutation import permute, wild_test  # noqa: E402
from evalkit.analysis.multilevel_resampling import bootstrap, refit  # noqa: E402

ROUNDS, DRAWS, R_DRAWS = 5, 1000, 30
TARGETS = {"given": 300, "parametric": 800, "permutation": 800}


def trial(schools=71, pupils=110, *, seed=1):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), pupils)
    pre = rng.normal(0, 1, school.size)
    post = 0.2 * (school % 2) + 0.6 * pre + rng.normal(0, 0.4, schools)[school] + rng.normal(0, 1, school.size)
    return pd.DataFrame({"school": [f"s{s}" for s in school], "treat": school % 2, "pre": pre, "post": post})


def timed(work):
    """Median CPU seconds of one call."""
    times = []
    work()
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times))


def by_r(data, responses):
    """Have R time the same work."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data.to_csv(folder / "trial.csv", index=False)
        responses.iloc[:, :R_DRAWS].to_csv(folder / "responses.csv", index=False)
        script = str(Path(__file__).with_name("resampling.R"))
        subprocess.run(["Rscript", script, name, str(R_DRAWS)], check=True)
        return json.loads((folder / "r.json").read_text())


def main():
    data = trial()
    fit = multilevel("post ~ treat + pre + (1 | school)", data)
    responses = fit.simulate(seed=7, draws=DRAWS)
    theirs = by_r(data, responses)
    core, sample = fit.core, fit.sample
    work = {
        "given": lambda: refit(core, sample, responses),
        "parametric": lambda: bootstrap(core, sample, DRAWS, seed=1),
        "permutation": lambda: permute(core, sample, "treat", DRAWS, seed=1),
        "cluster bootstrap": lambda: bootstrap(core, sample, DRAWS, seed=1, kind="cluster", treatment="treat"),
        "residual bootstrap": lambda: bootstrap(core, sample, DRAWS, seed=1, kind="residual"),
        "wild cluster test": lambda: wild_test(core, sample, "treat", DRAWS, seed=1),
    }
    ours = refit(core, sample, responses).iloc[: len(theirs["estimates"]), :3].to_numpy(float)
    gap = np.nanmax(np.abs(ours - np.array(theirs["estimates"], dtype=float)))
    print(f"1,000 draws at 71 schools x 110 pupils; largest gap to lme4 in a fixed effect: {gap:.1e}\n")
    print("| work | evalkit, ms | lme4, ms | ratio | ratio to `refit` | target |")
    print("|---|---|---|---|---|---|")
    for name, job in work.items():
        own = timed(job)
        r = theirs["times"].get(name)
        lme4, ratio = ("-", "-") if r is None else (f"{1e3 * r * DRAWS:,.0f}", f"{r * DRAWS / own:,.0f}x")
        to_refit = f"{theirs['times']['given'] * DRAWS / own:,.0f}x"
        print(f"| {name} | {1e3 * own:.0f} | {lme4} | {ratio} | {to_refit} | {TARGETS.get(name, '-')} |")
    if theirs["failed"]:
        print(f"\nlme4 stopped with an error in {theirs['failed']} draws.")
    print(f"\n{theirs['session']['R']}, lme4 {theirs['session']['lme4']}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
