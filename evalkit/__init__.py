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

and for an evaluator who only wants the model::

    fit = ek.multilevel("post ~ treat + pre + (1 | school)", data)
    fit.treatment_effect("treat")
    fit.effect_size("treat")

Everything here is imported when it is first used, so that `import evalkit` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.analysis.analyse import analyse
    from evalkit.analysis.gee_model import gee
    from evalkit.analysis.linear_model import linear
    from evalkit.analysis.logit_model import logit
    from evalkit.analysis.match import match
    from evalkit.analysis.mechanism import Mechanism, declare_mechanism
    from evalkit.analysis.multilevel import multilevel
    from evalkit.analysis.ordinal_model import ordinal
    from evalkit.custody.release import load_release, make_release
    from evalkit.errors import DesignError, EvalkitError, FitError, ReportError, SpecError, UploadError
    from evalkit.intake.check import check_upload
    from evalkit.intake.schools import check_schools
    from evalkit.planning.certificate import allocation_facts, load_allocation, verify_certificate
    from evalkit.planning.mdes_table import mdes_table
    from evalkit.planning.power import mdes, power, power_curve, sample_size
    from evalkit.planning.power_simulation import draw_trial
    from evalkit.planning.randomise import randomise
    from evalkit.planning.seal import compare_with_seal, seal
    from evalkit.portfolio.compare import compare
    from evalkit.records.allocation import load_randomisation
    from evalkit.records.evaluation import load_evaluation
    from evalkit.records.instrument import instrument_ids, load_instrument
    from evalkit.records.mapping import load_mapping
    from evalkit.records.results import load_results
    from evalkit.report.figure_power import power_plot
    from evalkit.report.render import render
    from evalkit.road import run, verify
    from evalkit.scoring.factor_model import factor_model
    from evalkit.scoring.invariance import invariance
    from evalkit.scoring.item_functioning import item_functioning
    from evalkit.scoring.parallel_analysis import parallel_analysis
    from evalkit.scoring.reliability import reliability
    from evalkit.scoring.response_quality import response_quality
    from evalkit.scoring.score import score, score_items
    from evalkit.stats.power_designs import TrialDesign
    from evalkit.stats.reported_share import grim

__version__ = "0.1.0"

_HOMES = {
    "DesignError": "evalkit.errors",
    "EvalkitError": "evalkit.errors",
    "FitError": "evalkit.errors",
    "Mechanism": "evalkit.analysis.mechanism",
    "ReportError": "evalkit.errors",
    "SpecError": "evalkit.errors",
    "TrialDesign": "evalkit.stats.power_designs",
    "UploadError": "evalkit.errors",
    "allocation_facts": "evalkit.planning.certificate",
    "analyse": "evalkit.analysis.analyse",
    "check_schools": "evalkit.intake.schools",
    "check_upload": "evalkit.intake.check",
    "compare": "evalkit.portfolio.compare",
    "compare_with_seal": "evalkit.planning.seal",
    "declare_mechanism": "evalkit.analysis.mechanism",
    "draw_trial": "evalkit.planning.power_simulation",
    "factor_model": "evalkit.scoring.factor_model",
    "gee": "evalkit.analysis.gee_model",
    "grim": "evalkit.stats.reported_share",
    "instrument_ids": "evalkit.records.instrument",
    "invariance": "evalkit.scoring.invariance",
    "item_functioning": "evalkit.scoring.item_functioning",
    "linear": "evalkit.analysis.linear_model",
    "load_allocation": "evalkit.planning.certificate",
    "load_evaluation": "evalkit.records.evaluation",
    "load_instrument": "evalkit.records.instrument",
    "load_mapping": "evalkit.records.mapping",
    "load_randomisation": "evalkit.records.allocation",
    "load_release": "evalkit.custody.release",
    "load_results": "evalkit.records.results",
    "logit": "evalkit.analysis.logit_model",
    "make_release": "evalkit.custody.release",
    "match": "evalkit.analysis.match",
    "mdes": "evalkit.planning.power",
    "mdes_table": "evalkit.planning.mdes_table",
    "multilevel": "evalkit.analysis.multilevel",
    "ordinal": "evalkit.analysis.ordinal_model",
    "parallel_analysis": "evalkit.scoring.parallel_analysis",
    "power": "evalkit.planning.power",
    "power_curve": "evalkit.planning.power",
    "power_plot": "evalkit.report.figure_power",
    "randomise": "evalkit.planning.randomise",
    "reliability": "evalkit.scoring.reliability",
    "response_quality": "evalkit.scoring.response_quality",
    "render": "evalkit.report.render",
    "run": "evalkit.road",
    "sample_size": "evalkit.planning.power",
    "score": "evalkit.scoring.score",
    "score_items": "evalkit.scoring.score",
    "seal": "evalkit.planning.seal",
    "verify": "evalkit.road",
    "verify_certificate": "evalkit.planning.certificate",
}

__all__ = [
    "DesignError",
    "EvalkitError",
    "FitError",
    "Mechanism",
    "ReportError",
    "SpecError",
    "TrialDesign",
    "UploadError",
    "allocation_facts",
    "analyse",
    "check_schools",
    "check_upload",
    "compare",
    "compare_with_seal",
    "declare_mechanism",
    "draw_trial",
    "factor_model",
    "gee",
    "grim",
    "instrument_ids",
    "invariance",
    "item_functioning",
    "linear",
    "load_allocation",
    "load_evaluation",
    "load_instrument",
    "load_mapping",
    "load_randomisation",
    "load_release",
    "load_results",
    "logit",
    "make_release",
    "match",
    "mdes",
    "mdes_table",
    "multilevel",
    "ordinal",
    "parallel_analysis",
    "power",
    "power_curve",
    "power_plot",
    "randomise",
    "reliability",
    "render",
    "response_quality",
    "run",
    "sample_size",
    "score",
    "score_items",
    "seal",
    "verify",
    "verify_certificate",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'evalkit' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
