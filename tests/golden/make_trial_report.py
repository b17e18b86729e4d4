"""What the trial report shows for the invented trial, as plain text, frozen in report_cluster_trial.json.

After a change that is meant: `PYTHONPATH=. python tests/golden/make_trial_report.py`, and read the difference.
"""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

if __name__ == "__main__":  # other packages install a top-level `tests` too; ours must be the one that is found
    ours = ModuleType("tests")
    ours.__path__ = [str(Path(__file__).parents[1])]
    sys.modules["tests"] = ours

from evalkit.report.figures_trial import FIGURES, figure_data
from tests.golden.make_report import frame_of, text_of
from tests.golden.trial_branches import answers, blocks_of, effects_in_words, subgroups_in_words
from tests.golden.trial_sample import trial

FROZEN = Path(__file__).parent / "report_cluster_trial.json"


def report_content() -> dict[str, Any]:
    """Words, table cells, alternative texts and figure data of the invented trial."""
    results = trial()
    return {
        "answers": answers(),
        "effects": effects_in_words(),
        "subgroups": subgroups_in_words(),
        "parts": {name: text_of(shown) for name, shown in blocks_of(results).items()},  # type: ignore[arg-type]
        "three arms": {
            name: text_of(shown)  # type: ignore[arg-type]
            for name, shown in blocks_of(trial(arms=3)).items()
            if name.startswith("plain")
        },
        "figures": {name: frame_of(figure_data(name, results)) for name in FIGURES},
    }


def main() -> None:
    """Freeze the content."""
    FROZEN.write_text(json.dumps(report_content(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
