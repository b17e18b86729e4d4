"""Time the reports for every school: the page and the letter of each, HTML and PDF.

    python benchmarks/school_reports.py [SCHOOLS]

CPU seconds of this process and its children, one BLAS thread. 75 invented schools in 13 hubs with 15 pupils each are
analysed; the reports of SCHOOLS of them (24 when left out) are made by one worker and extrapolated to 500 on two cores.
The target is printed, not enforced.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import resource  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from evalkit.analysis.analyse import analyse  # noqa: E402
from evalkit.analysis.school_results import school_results  # noqa: E402
from evalkit.records.evaluation import load_evaluation  # noqa: E402
from evalkit.road import release_files  # noqa: E402
from evalkit.road_schools import write_reports  # noqa: E402
from evalkit.scoring.score import score  # noqa: E402

SCHOOLS, HUBS, PUPILS = 75, 13, 15
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


def cpu() -> float:
    """CPU seconds so far, children included."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def invented() -> pd.DataFrame:
    """A row per pupil."""
    rng = np.random.default_rng(1)
    school = np.repeat(np.arange(SCHOOLS), PUPILS)
    before = rng.normal(60, 12, school.size).round(1)
    after = (before + 3 + rng.normal(0, 3, SCHOOLS)[school] + rng.normal(0, 9, school.size)).round(1)
    return pd.DataFrame(
        {
            "Pupil code": [f"P{one:04d}" for one in range(school.size)], 
            "School": [str(100001 + one) for one in school],
            "Hub": [f"Hub {one % HUBS + 1}" for one in school], "Before": before, "After": after,
        }
    )  # fmt: skip


def main() -> None:
    """Print CPU seconds of the records and of a school's reports, and what 500 schools would take."""
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "evaluation.yaml").write_text(PLAN, encoding="utf-8")
        invented().to_csv(folder / "pupils.csv", index=False)
        study = load_evaluation(folder)
        assert study.plan.data is not None
        scores = score(release_files(study, study.plan.data.files, to=folder / "release"), study)
        results = analyse(scores, study)
        start = cpu()
        schools = school_results(scores, study)
        print(f"records of {len(schools)} schools: {cpu() - start:.2f} s")
        start = cpu()
        made = write_reports(schools[:asked], results, to=folder / "schools", formats=["html", "pdf"])
        each = (cpu() - start) / len(made.made)
        sizes = [path.stat().st_size for path in (folder / "schools").rglob("*.*") if path.suffix != ".json"]
        print(
            f"page and letter, HTML and PDF: {each:.2f} s of CPU a school, {sum(sizes) / len(made.made) / 1000:.0f} kB"
        )
        print(f"500 schools on 2 cores: {250 * each / 60:.1f} minutes (target: 4)")
        start = cpu()
        again = write_reports(schools[:asked], results, to=folder / "schools", formats=["html", "pdf"])
        print(f"again, {len(again.kept)} unchanged: {cpu() - start:.2f} s")


if __name__ == "__main__":
    main()
