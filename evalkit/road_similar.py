"""The way from earlier results and releases to a place among similar schools."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evalkit.custody.release import load_release
from evalkit.portfolio.similar import similar
from evalkit.records.evaluation import load_evaluation
from evalkit.records.release import MANIFEST_FILE
from evalkit.records.results import RESULTS_FILE, Results, load_results
from evalkit.scoring.school_means import school_means


def place_among(
    results: str | Path, others: Sequence[str | Path], *, evaluation: str | Path | None = None
) -> pd.DataFrame:
    """Place the means of one evaluation among those of earlier results and releases.

    Parameters
    ----------
    results : a results.json, or the folder that holds it
    others : earlier results (files or folders), and folders of data releases, whose answers are scored as the plan says
    evaluation : the plan's folder, needed for releases; the folder of the results when not given

    Returns
    -------
    frame
        As `similar`.

    Raises
    ------
    SpecError
        A file is not there or cannot be read.
    DesignError
        As `similar`.
    """
    mine = load_results(_results_file(Path(results)))
    found: list[Results] = []
    schools: list[pd.DataFrame] = []
    for other in map(Path, others):
        if not (other / MANIFEST_FILE).is_file():
            found.append(load_results(_results_file(other)))
            continue
        release = load_release(other)
        if release.manifest.evaluation != mine.plan.id:
            study = load_evaluation(evaluation or _results_file(Path(results)).parent)
            schools.append(school_means(release, study))
    return similar(mine, found, schools=pd.concat(schools, ignore_index=True) if schools else None)


def _results_file(path: Path) -> Path:
    return path / RESULTS_FILE if path.is_dir() else path
