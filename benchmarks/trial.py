"""Time the example trial: the whole road, the single parts of the analysis, and the reports.

    python benchmarks/trial.py

CPU seconds of this process and its children, one BLAS thread, medians of 3 rounds. 71 schools, 5,340 pupils, 3
outcomes,
20 imputations, 1,000 permutations and 1,000 bootstrap draws for each. Targets are printed, not enforced.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import resource  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

from evalkit.analysis.trial_compliance import compliance_rows  # noqa: E402
from evalkit.analysis.trial_effects import primary_rows  # noqa: E402
from evalkit.analysis.trial_missing import missing_rows  # noqa: E402
from evalkit.analysis.trial_model import fit_trial, yardsticks  # noqa: E402
from evalkit.analysis.trial_robustness import robustness_rows  # noqa: E402
from evalkit.analysis.trial_sample import TrialSample, trial_sample  # noqa: E402
from evalkit.analysis.trial_subgroups import subgroup_rows  # noqa: E402
from evalkit.custody.release import load_release  # noqa: E402
from evalkit.records.evaluation import load_evaluation  # noqa: E402
from evalkit.report.static import Format  # noqa: E402
from evalkit.road import report_all, run  # noqa: E402
from evalkit.scoring.score import score  # noqa: E402
from evalkit.shipped import shipped  # noqa: E402

FOLDER = shipped("analyses") / "eal-mainstream-classroom"
ROUNDS = 3
FORMATS: tuple[Format, ...] = ("html", "pdf", "docx")


def cpu() -> float:
    """CPU seconds so far, children included."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median CPU seconds of one call."""
    times = []
    for _ in range(rounds):
        start = cpu()
        work()
        times.append(cpu() - start)
    return statistics.median(times)


def parts(sample: TrialSample) -> list[tuple[str, float, str]]:
    """The parts of the analysis of one outcome."""
    model = fit_trial(sample)
    scales, plan = yardsticks(model), sample.plan
    measure = plan.trial.compliance[0] if plan.trial else None
    work: dict[str, Callable[[], object]] = {
        "primary analysis": lambda: primary_rows(fit_trial(sample), scales),
        "subgroups": lambda: [subgroup_rows(sample, sample, one) for one in plan.subgroups[1:]],
        "robustness with 1,000 permutations and draws": lambda: robustness_rows(
            model, scales, mechanism=None, outlier_sd=3
        ),
        "20 imputations, pooled, tipping points": lambda: missing_rows(model, scales),
        "compliance": lambda: measure and compliance_rows(model, scales, measure, weak_below=10),
    }
    name = f"{sample.outcome.id} ({len(sample.analysed):,} pupils)"
    return [(f"{name}: {part}", timed(one), "") for part, one in work.items()]


def main() -> None:
    """Print a line for each part."""
    lines: list[tuple[str, float, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        results = run(FOLDER, to=place)
        lines.append(("the whole road", timed(lambda: run(FOLDER)), "20"))
        reports = timed(lambda: report_all(results, folder=place / "reports", formats=FORMATS))
        lines.append(("reports in three formats", reports, "4"))
        study = load_evaluation(FOLDER)
        scores = score(load_release(place / "release"), study)
    for outcome in study.plan.outcomes[:2]:
        lines += parts(trial_sample(scores, study, outcome))
    print("| part | CPU seconds | at most |\n|---|---|---|")
    for name, seconds, target in lines:
        print(f"| {name} | {seconds:.2f} | {target} |")


if __name__ == "__main__":
    main()
