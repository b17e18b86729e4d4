"""evalkit evaluates education programmes: did it work, for whom, how sure are we?

The road, in Jupyter::

    import evalkit as ek
    evaluation = ek.load_evaluation("analyses/keyham-resilience")
    pre = ek.check_upload("pre.xlsx", evaluation, wave="pre")
    post = ek.check_upload("post.csv", evaluation, wave="post")
    release = ek.make_release([pre, post], evaluation, to="release")
    scores = ek.score(release, evaluation)
    results = ek.analyse(scores, evaluation)
    ek.render(results, to="report.html")

Everything here is imported when it is first used, so that `import evalkit` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.analysis.analyse import analyse
    from evalkit.custody.release import load_release, make_release
    from evalkit.errors import DesignError, EvalkitError, FitError, ReportError, SpecError, UploadError
    from evalkit.intake.check import check_upload
    from evalkit.records.evaluation import load_evaluation
    from evalkit.records.instrument import instrument_ids, load_instrument
    from evalkit.records.mapping import load_mapping
    from evalkit.records.results import load_results
    from evalkit.report.render import render
    from evalkit.road import run, verify
    from evalkit.scoring.quality import reliability
    from evalkit.scoring.score import score, score_items

__version__ = "0.1.0"

_HOMES = {
    "DesignError": "evalkit.errors",
    "EvalkitError": "evalkit.errors",
    "FitError": "evalkit.errors",
    "ReportError": "evalkit.errors",
    "SpecError": "evalkit.errors",
    "UploadError": "evalkit.errors",
    "analyse": "evalkit.analysis.analyse",
    "check_upload": "evalkit.intake.check",
    "instrument_ids": "evalkit.records.instrument",
    "load_evaluation": "evalkit.records.evaluation",
    "load_instrument": "evalkit.records.instrument",
    "load_mapping": "evalkit.records.mapping",
    "load_release": "evalkit.custody.release",
    "load_results": "evalkit.records.results",
    "make_release": "evalkit.custody.release",
    "reliability": "evalkit.scoring.quality",
    "render": "evalkit.report.render",
    "run": "evalkit.road",
    "score": "evalkit.scoring.score",
    "score_items": "evalkit.scoring.score",
    "verify": "evalkit.road",
}

__all__ = [
    "DesignError",
    "EvalkitError",
    "FitError",
    "ReportError",
    "SpecError",
    "UploadError",
    "analyse",
    "check_upload",
    "instrument_ids",
    "load_evaluation",
    "load_instrument",
    "load_mapping",
    "load_release",
    "load_results",
    "make_release",
    "reliability",
    "render",
    "run",
    "score",
    "score_items",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'evalkit' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
