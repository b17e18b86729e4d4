"""The plan of an invented trial, for the report's tests."""

from typing import Any

from evalkit.records.evaluation import Evaluation

ESTIMAND = {
    "population": "pupils of year 10 in the schools that were randomised",
    "contrast": "programme schools compared with schools that went on as usual",
    "measure": "difference of means, as Hedges' g of the total standard deviation",
    "non_compliance": "schools count as they were allocated",
    "drop_out": "pupils without an outcome are left out; imputation stands beside it",
}
YES_NO = {"1": "yes", "0": "no"}
MEASURES = {
    "ks2": ("Key Stage 2 score", 80, 120, "points", "baseline", "better"),
    "gcse_science": ("GCSE science", 0, 9, "grades", "outcome", "better"),
    "gcse_history": ("GCSE history", 0, 9, "grades", "outcome", "better"),
    "passed_science": ("Passed GCSE science", 0, 1, "points", "outcome", "better"),
    "science_grade": ("Science grade", 1, 4, "points", "outcome", "better"),
    "worry": ("Worry about science", 0, 20, "points", "outcome", "worse"),
}
# id: label, measure, kind, role, attainment
OUTCOMES: dict[str, tuple[str, str, str, str, bool]] = {
    "science": ("GCSE science", "gcse_science", "number", "primary", True),
    "history": ("GCSE history", "gcse_history", "number", "secondary", True),
    "passed": ("Passed GCSE science", "passed_science", "yes_no", "secondary", False),
    "grade": ("Science grade", "science_grade", "ordered", "secondary", False),
    "worry": ("Worry about science", "worry", "number", "secondary", False),
}
THREATS = ("confounding", "concurrent_interventions", "contamination", "fidelity_and_compliance", "missing_data",
           "measurement", "selective_reporting")  # fmt: skip


def trial_plan(
    *, design: str = "cluster_trial", arms: int = 2, synthetic: str | None = "Invented figures for tests.",
    worthwhile: float | None = 0.1, bare: bool = False, primary_pupils: bool = True,
    outcomes: tuple[str, ...] = tuple(OUTCOMES), **changes: Any,
) -> Evaluation:  # fmt: skip
    """The plan; `bare` leaves out everything that the evaluator may leave out; `changes` replace keys."""
    treated = [{"id": "intervention", "label": "Schools with the programme"}]
    if arms > 2:
        treated = [{"id": "training", "label": "Training"}, {"id": "coaching", "label": "Training and coaching"}]
    content: dict[str, Any] = {
        "schema": "evalkit-evaluation/1",
        "id": "sample-trial",
        "title": "Language-rich science: a trial",
        "programme": {"name": "Language-rich science", "description": "Three training days for science teachers.",
                      "setting": "71 secondary schools", "provider": "Sample Trust", "year": "2017/18"},
        "registration": None if bare else {"id": "ISRCTN00000000", "registry": "ISRCTN", "date": "2017-06-01"},
        "design": design,
        "unit_of_randomisation": {"cluster_trial": "school"}.get(design, "pupil"),
        "arms": [*treated, {"id": "control", "label": "Schools that went on as usual", "control": True}],
        "waves": [{"id": "baseline", "label": "End of primary school"}, {"id": "outcome", "label": "Summer 2019"}]
        + ([] if bare else [{"id": "later", "label": "Summer 2020"}]),
        "measures": [_measure(name, bare=bare) for name in MEASURES],
        "outcomes": [_outcome(name, worthwhile, pupils=primary_pupils) for name in outcomes],
        "subgroups": [{"id": "eal", "label": "English as an additional language", "values": YES_NO},
                      {"id": "fsm", "label": "free school meals", "values": YES_NO}],
        "trial": {"strata": [] if bare else [{"id": "centre", "label": "Centre", "level": "school"}],
                  "compliance": [] if bare else [
                      {"id": "days", "label": "Training days attended", "high": 3, "unit": "days", "complied_from": 2}],
                  "left": None if bare else {"id": "left", "label": "Why there is no outcome"},
                  "analysis": {}} | ({} if bare else _extras()),
        "missing_data": {"strategy": "complete_cases" if bare else "multiple_imputation",
                         "baseline": "leave_out" if bare else "indicator"},
        "seed": 7,
        "data": {"release": "release", "synthetic": synthetic},
        **changes,
    }  # fmt: skip
    return Evaluation.model_validate(content)


def _measure(name: str, *, bare: bool) -> dict[str, Any]:
    label, low, high, unit, wave, higher_is = MEASURES[name]
    waves = {wave: [name]} | ({"later": [f"{name}_later"]} if name == "gcse_science" and not bare else {})
    return {"id": name, "label": label, "low": low, "high": high, "unit": unit, "higher_is": higher_is,
            "source": "invented for tests", "waves": waves}  # fmt: skip


def _outcome(name: str, worthwhile: float | None, *, pupils: bool) -> dict[str, Any]:
    label, measure, kind, role, attainment = OUTCOMES[name]
    smallest = {"value": worthwhile, "unit": "sd", "source": "the plan"}
    return {
        "id": name, "label": label, "instrument": measure, "score": "value", "role": role, "kind": kind,
        "attainment": attainment, "estimand": ESTIMAND, "wave": "outcome",
        "baseline": {"instrument": "ks2", "score": "value"},
        "smallest_worthwhile": None if worthwhile is None else smallest,
        "pupils": {"subgroup": "eal", "values": ["yes"]} if role == "primary" and pupils else None,
    }  # fmt: skip


def _extras() -> dict[str, Any]:
    rated = {name: {"level": "low", "reason": f"Nothing points to it ({name})."} for name in THREATS}
    rated["missing_data"] = {"level": "moderate", "reason": "One pupil in ten has no grade."}
    return {
        "security": {"rated_by": "the evaluation team", "threats": rated},
        "cost": {"source": "Sample Trust", "pupils": [2800, 2800, 2800], "staff_days": [300, 20, 20],
                 "items": [{"name": "Training days", "timing": "start_up", "amounts": [60000, 0, 0]},
                           {"name": "Materials", "timing": "recurring", "amounts": [9000, 3000, 3000]}]},
        "texts": {"logic_model": "Teachers are trained.\n\n- They plan\n- They teach", "timeline": "2017 to 2019."},
        "context": [{"what": "Published result", "value": "+1 month, 3 padlocks", "source": "the trial's own report"}],
    }  # fmt: skip
