"""Freeze the results of the synthetic study: `PYTHONPATH=. python tests/golden/make_results.py`.

Run it only after a change of numbers that is meant, and say in the changelog what changed.
"""

import importlib.util
from pathlib import Path

from evalkit.analysis.analyse import analyse
from evalkit.records.results import Results

FROZEN = Path(__file__).parent / "results_single_group_prepost.json"
SYNTHETIC = Path(__file__).parent.parent / "unit" / "analysis" / "conftest.py"


def synthetic_results() -> Results:
    """Results of 56 invented pupils (seeded), before and after."""
    spec = importlib.util.spec_from_file_location("synthetic_scores", SYNTHETIC)
    assert spec is not None
    assert spec.loader is not None
    synthetic = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(synthetic)
    study = synthetic.make_study(synthetic.make_plan(), Path("no-such-folder"))
    return analyse(synthetic.make_scores(study, seed=5), study)


if __name__ == "__main__":
    FROZEN.write_text(synthetic_results().to_json(), encoding="utf-8")
