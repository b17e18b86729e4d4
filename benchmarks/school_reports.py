"""Time the reports for every school: the page and the letter of each, HTML and PDF.

    python benchmarks/school_reports.py [SCHOOLS [WORKERS]]

Invented schools (500 when left out) in hubs of six with 15 pupils each are analysed; then the command that a programme
lead gives, `evalkit report FOLDER --all-schools --workers WORKERS` (2), makes all their reports, and once more, when
nothing changed. Wall time is of use on an idle machine only; CPU seconds are of the command and all its processes, one
BLAS thread each. The target of 4 minutes on two cores is printed, not enforced.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import resource  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from evalkit.road import run  # noqa: E402

SCHOOLS, WORKERS, HUB, PUPILS = 500, 2, 6, 15
TARGET = 240  # seconds on two cores
PLAN = """
schema: evalkit-evaluation/1
id: many-schools
title: Reading in many schools (synthetic data)
programme: {name: Reading programme, description: Twelve sessions}
design: single_group_prepost
arms: [{id: programme, label: Pupils in the programme}]
waves: [{id: pre, label: Before}, {id: post, label: After}]
measures:
  - {id: reading, label: Reading test, low: 0, high: 120, waves: {pre: [Before], post: [After]}, source: made up}
outcomes:
  - {id: reading, label: Reading, instrument: reading, score: value, role: primary, estimand: {
     population: pupils, contrast: after - before, measure: mean change, non_compliance: all, drop_out: left out,
     average: pupil}}
clusters: {school: {headers: [School]}, hub: {headers: [Hub]}}
data: {synthetic: Invented pupils, files: [{path: pupils.csv}]}
seed: 1
"""


def invented(schools: int) -> pd.DataFrame:
    """A row per pupil."""
    rng = np.random.default_rng(1)
    school = np.repeat(np.arange(schools), PUPILS)
    before = rng.normal(60, 12, school.size).round(1)
    after = (before + 3 + rng.normal(0, 3, schools)[school] + rng.normal(0, 9, school.size)).round(1)
    return pd.DataFrame(
        {
            "Pupil code": [f"P{one:05d}" for one in range(school.size)],
            "School": [str(100001 + one) for one in school],
            "Hub": [f"Hub {one // HUB + 1}" for one in school],
            "Before": before.clip(0, 120), "After": after.clip(0, 120),
        }
    )  # fmt: skip


def timed(folder: Path, option: str, workers: int) -> None:
    """Give the command; print what it says, its wall time and its CPU seconds, all processes included."""
    command = [sys.executable, "-c", "from evalkit.cli import main; main()", "report", str(folder), option]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, "--workers", str(workers)], check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{option}: {wall:.0f} s of wall time, {cpu:.0f} s of CPU, {cpu / 2:.0f} s on two cores (target {TARGET})")


def main() -> None:
    """Print the times of both runs."""
    schools = int(sys.argv[1]) if len(sys.argv) > 1 else SCHOOLS
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else WORKERS
    with tempfile.TemporaryDirectory(prefix="evalkit-benchmark-") as name:
        folder = Path(name)
        (folder / "evaluation.yaml").write_text(PLAN, encoding="utf-8")
        invented(schools).to_csv(folder / "pupils.csv", index=False)
        run(folder, to=folder)
        for _ in range(2):
            timed(folder, "--all-schools", workers)
        files = [one for one in (folder / "schools").rglob("*.*") if one.suffix in (".html", ".pdf")]
        print(f"{len(files)} files, {sum(one.stat().st_size for one in files) / schools / 1000:.0f} kB a school")


if __name__ == "__main__":
    main()
