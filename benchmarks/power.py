"""Time power by simulation: a curve of 20 designs x 1,000 trials at 71 schools x 75 pupils, and every other design.

    python benchmarks/power.py [workers]        # default 2

Each trial is drawn pupil by pupil and analysed (random intercept by REML, Kenward-Roger). One BLAS thread. The target,
60 s for the curve on two cores, is printed, not enforced; so is the CPU time of one process.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import sys  # noqa: E402
import time  # noqa: E402
from dataclasses import replace  # noqa: E402

import evalkit as ek  # noqa: E402

DRAWS, TARGET = 1000, 60
TRIAL = ek.TrialDesign("cluster", schools=71, pupils=75, icc=0.15, r2_pupil=0.5, r2_school=0.5, covariates=4)
REAL = replace(TRIAL, size_cv=0.5, attrition_pupils=0.15, attrition_schools=0.1)
OTHERS = {
    "cluster": TRIAL,
    "cluster, unequal sizes and losses": REAL,
    "the same, a subgroup of 28%": replace(REAL, subgroup_share=0.28),
    "individual, 2,000 pupils": ek.TrialDesign("individual", pupils=2000, r2_pupil=0.5, covariates=2),
    "multisite_constant, 20 x 60": ek.TrialDesign("multisite_constant", schools=20, pupils=60, icc=0.1, r2_pupil=0.5),
    "multisite_fixed, 20 x 60": ek.TrialDesign("multisite_fixed", schools=20, pupils=60, icc=0.1, r2_pupil=0.5),
    "multisite_random, 20 x 60": ek.TrialDesign(
        "multisite_random", schools=20, pupils=60, icc=0.1, r2_pupil=0.5, effect_variation=0.5
    ),
    "cluster_three_level, 40 x 3 x 25": ek.TrialDesign(
        "cluster_three_level", schools=40, classes=3, pupils=25, icc=0.1, icc_class=0.05, r2_pupil=0.5, r2_school=0.5
    ),
    "blocked_cluster_fixed, 8 x 8 x 60": ek.TrialDesign(
        "blocked_cluster_fixed", blocks=8, schools=8, pupils=60, icc=0.1, icc_block=0.05, r2_pupil=0.5
    ),
    "blocked_cluster_random, 10 x 6 x 60": ek.TrialDesign(
        "blocked_cluster_random", blocks=10, schools=6, pupils=60, icc=0.1, icc_block=0.1, effect_variation=0.2
    ),
}


def main():
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    schools = [71] * 20
    for count in (1, workers):
        wall, cpu = time.perf_counter(), time.process_time()
        ek.power_curve(TRIAL, effect=0.2, values=schools, method="simulation", draws=DRAWS, workers=count)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        shown = f"{cpu:.1f} s CPU" if count == 1 else f"{wall:.1f} s of wall time (target {TARGET})"
        print(f"curve of 20 designs x 1,000 trials at 71 x 75, {count} process{'es' if count > 1 else ''}: {shown}")
    print("\n| design | CPU s for 1,000 trials | power (error at 95%) | by formula | coverage |\n|---|---|---|---|---|")
    for name, design in OTHERS.items():
        effect = float(ek.mdes(design)["mdes"].iloc[0])
        cpu = time.process_time()
        row = ek.power(design, effect=effect, method="simulation", draws=DRAWS).iloc[0]
        cpu = time.process_time() - cpu
        share = f"{row['power']:.3f} ({row['power_low']:.3f} to {row['power_high']:.3f})"
        print(f"| {name} | {cpu:.2f} | {share} | {row['power_formula']:.3f} | {row['coverage']:.3f} |")


if __name__ == "__main__":
    main()
