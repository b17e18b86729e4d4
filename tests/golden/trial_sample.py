"""Results of an invented trial, made by hand for the report's tests: no pupil anywhere."""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd
from scipy import stats

from evalkit.records.evaluation import Evaluation
from evalkit.records.results import ESTIMATE_COLUMNS, Caveat, Check, Provenance, Results
from tests.golden.trial_displays import displays, months_of
from tests.golden.trial_plan import MEASURES, OUTCOMES, trial_plan

CONTROL = "control"
# outcome: estimate, std error, g, es low, es high (number: points; yes_no: percentage points; ordered: odds ratio)
FOUND: dict[str, tuple[float, float, float, float, float]] = {
    "science": (0.17, 0.075, 0.07, 0.01, 0.13),
    "history": (0.04, 0.11, 0.02, -0.09, 0.12),
    "passed": (3.4, 1.4, 0.10, 0.02, 0.18),
    "grade": (1.18, 0.11, 0.09, -0.02, 0.20),
    "worry": (-0.9, 0.3, -0.18, -0.30, -0.06),
}
UNITS = {"number": "points", "yes_no": "percentage_points", "ordered": "odds_ratio"}
MODELS = {"number": "multilevel", "yes_no": "logit", "ordered": "ordinal"}
ROBUSTNESS = ("design_only", "baseline_only", "complete_baseline", "cr2", "satterthwaite", "between_schools_t",
              "ols_cr2", "school_average", "school_means", "trimmed", "permutation", "bootstrap",
              "imputed")  # fmt: skip
CHECKS = {"comparison": "strong", "size": "fair", "drop_out": "fair", "measure": "strong", "delivery": "fair"}


@dataclass(frozen=True)
class Case:
    """Which of the invented trials: everything that tests vary."""

    plan: Evaluation
    found: dict[str, tuple[float, float, float, float, float]]
    hidden: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    bare: bool = False
    p: float = 0.03

    @property
    def treated(self) -> list[str]:
        return [arm.id for arm in self.plan.arms if arm.id != CONTROL]

    @property
    def clustered(self) -> bool:
        return self.plan.design != "individual_trial"


def trial(
    *, found: dict[str, tuple[float, float, float, float, float]] | None = None, hidden: tuple[str, ...] = (),
    failed: tuple[str, ...] = (), bare: bool = False, ratings: dict[str, str] | None = None, p: float = 0.03,
    caveats: tuple[Caveat, ...] | None = None, without: tuple[str, ...] = (), **plan: Any,
) -> Results:  # fmt: skip
    """Results of the invented trial.

    `found` replaces differences; `hidden` outcomes are suppressed, `failed` ones not estimated; `bare` leaves out all
    that an evaluator may leave out; `without` leaves out displays; other arguments go to `trial_plan`.
    """
    asked = repr((found, hidden, failed, bare, ratings, p, caveats, without, plan))
    if asked not in MADE:
        case = Case(trial_plan(bare=bare, **plan), FOUND | (found or {}), hidden, failed, bare, p)
        MADE[asked] = _made(case, ratings=ratings or {}, caveats=caveats, without=without).to_json()
    return Results.from_json(MADE[asked])


MADE: dict[str, str] = {}  # results asked for before, as text: every test gets its own to change


def _made(
    case: Case, *, ratings: dict[str, str], caveats: tuple[Caveat, ...] | None, without: tuple[str, ...]
) -> Results:
    rows = estimates(case)
    return Results(
        plan=case.plan,
        instruments=instruments(),
        estimates=pd.DataFrame([{column: row.get(column) for column in ESTIMATE_COLUMNS} for row in rows]),
        models=pd.DataFrame(models(case)),
        checks=tuple(Check(name, (CHECKS | ratings)[name], {}) for name in CHECKS),  # type: ignore[arg-type]
        caveats=trial_caveats(case) if caveats is None else caveats,
        displays={name: frame for name, frame in displays(case).items() if name not in without},
        notes=("One pupil's code was typed in two ways and counted as one pupil.",),
        provenance=Provenance(
            evalkit="0.1.0", plan_sha256="a" * 64, release_sha256="b" * 64, instruments={"ks2@as-supplied": "c" * 64},
            sources=(("pupils.csv", "d" * 64), ("schools.csv", "e" * 64)), seed=7,
            environment={"python": "3.11", "machine": "x86_64", "pandas": "3.0"},
        ),
    )  # fmt: skip


@cache
def _kept(plan: tuple[tuple[str, Any], ...], p: float) -> Results:
    return trial(p=p, **dict(plan))


def with_found(found: dict[str, tuple[float, float, float, float, float]], *, p: float = 0.03, **plan: Any) -> Results:
    """The invented trial with other differences, and their months; all else is that of the usual ones, and shared."""
    base = _kept(tuple(plan.items()), p)
    case = Case(trial_plan(bare=False, **plan), FOUND | found, (), (), False, p)
    rows = estimates(case)
    table = pd.DataFrame([{column: row.get(column) for column in ESTIMATE_COLUMNS} for row in rows])
    for column, kind in base.estimates.dtypes.items():
        table[column] = table[column].fillna("") if kind == "str" else table[column]
    months = months_of(case)
    planned = [outcome.id for outcome in base.plan.outcomes]
    shown = {**base.displays, "months": months[months["outcome"].isin(planned)]}
    return replace(base, estimates=table.astype(base.estimates.dtypes), displays=shown)


def changed(results: Results, inquiry: str, **columns: object) -> Results:
    """Results with these columns of an inquiry's rows replaced."""
    frame = results.estimates.copy()
    for name, value in columns.items():
        frame.loc[frame["inquiry"] == inquiry, name] = value
    return replace(results, estimates=frame)


def estimates(case: Case) -> list[dict[str, Any]]:
    """Every row of the contract, for every outcome and contrast."""
    rows: list[dict[str, Any]] = []
    for outcome in case.plan.outcomes:
        for arm in case.treated:
            rows += _about(case, outcome.id, f"{arm} - {CONTROL}", 1.0 if arm == case.treated[0] else 0.6)
        rows += [
            _row(case, outcome.id, "icc", measure, "", icc, 0.03, unit="share", low=icc - 0.06, high=icc + 0.07)
            for measure, icc in (("baseline", 0.11), ("outcome", 0.14)) if case.clustered
        ]  # fmt: skip
    return rows


def _about(case: Case, outcome: str, contrast: str, factor: float) -> list[dict[str, Any]]:
    kind, role = OUTCOMES[outcome][2], OUTCOMES[outcome][3]
    value, error, g, low, high = case.found[outcome]
    value, g, low, high = (_scaled(kind, value, factor), *(factor * one for one in (g, low, high)))
    tests = {"p_value": case.p, "p_adjusted": case.p if role == "primary" else min(1.0, 3 * case.p),
             "family": f"{role} outcomes"}  # fmt: skip

    def row(inquiry: str, estimator: str, of: float = 1.0, **more: Any) -> dict[str, Any]:
        size = {"effect_size": of * g, "es_low": of * low - (1 - of) * 0.1, "es_high": of * high + (1 - of) * 0.1,
                "es_type": "g_total" if kind == "number" else "cox_d", "es_interval": "kenward_roger"}  # fmt: skip
        made = _row(case, outcome, inquiry, estimator, contrast, _scaled(kind, value, of), error, **size)
        return made | more if made["status"] == "ok" else made

    found = [row("effect", MODELS[kind], **tests), row("effect", "unadjusted", 0.8, p_value=0.2)]
    if kind == "number" and role == "primary":
        found += _primary_extras(case, row)
    for group in (("fsm",) if role == "secondary" else ("fsm", "eal")) if kind == "number" else ():
        found.append(row("subgroup_interaction", "multilevel", 0.3, subgroup=group, p_value=0.41))
        found += [row("subgroup", "multilevel", of, subgroup=f"{group}: {value}", p_value=0.3)
                  for value, of in (("yes", 0.5), ("no", 1.1))]  # fmt: skip
    return found


def _primary_extras(case: Case, row: Any) -> list[dict[str, Any]]:
    found = [
        row("robustness", name, 0.8 + place / 30, p_value=0.02 + place / 100)
        for place, name in enumerate(ROBUSTNESS)
        if case.clustered or name in ("design_only", "baseline_only", "complete_baseline", "trimmed", "imputed")
    ]
    for one in found:
        if one["estimator"] == "permutation":
            one |= dict.fromkeys(("conf_low", "conf_high", "es_low", "es_high", "std_error"), math.nan)
    found += [
        row("missing", "imputed", 0.95, p_value=0.04),
        _blank(row("missing", "tipping_low"), estimate=-0.21, unit="sd"),
        _blank(row("missing", "tipping_high"), status="not_estimated",
               reason="Nobody in the arm lacks an outcome."),
    ]  # fmt: skip
    if not case.bare:
        found.append(row("follow_up", "multilevel", 0.7, wave="later", p_value=0.2))
        per = "points per day"
        found += [
            _blank(row("compliance", "first_stage", contrast="days"), estimate=1.9, conf_low=1.6, conf_high=2.2,
                   statistic=148.0, unit="days"),
            row("compliance", "cace_2sls", 0.5, contrast="days", unit=per, p_value=0.03),
            row("compliance", "cace_anderson_rubin", 0.5, contrast="days", unit=per),
            row("compliance", "cace_ratio", 0.5, contrast="days >= 2", unit="points", p_value=0.04),
            row("dose_response", "multilevel", 0.3, contrast="days within intervention", unit=per, p_value=0.2),
        ]  # fmt: skip
    return found


def _row(
    case: Case, outcome: str, inquiry: str, estimator: str, contrast: str, value: float, error: float, *,
    low: float = math.nan, high: float = math.nan, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    kind = OUTCOMES[outcome][2]
    margin = stats.t.ppf(0.975, 60) * error
    ends = (
        (value / math.exp(margin), value * math.exp(margin)) if kind == "ordered" else (value - margin, value + margin)
    )
    treated = 722 if outcome == "science" else 2480
    row = {
        "inquiry": inquiry, "outcome": outcome, "wave": "outcome", "subgroup": "all", "contrast": contrast,
        "estimator": estimator, "estimate": value, "std_error": error, "df": 60.3, "statistic": value / error,
        "conf_low": low if inquiry == "icc" else ends[0], "conf_high": high if inquiry == "icc" else ends[1],
        "conf_level": 0.95, "unit": UNITS[kind], "n_treated": treated, "n_control": round(0.83 * treated),
        "clusters_treated": 36 if case.clustered else math.nan, "clusters_control": 30 if case.clustered else math.nan,
        "scale_version": f"{OUTCOMES[outcome][1]}@as-supplied", "status": "ok", "reason": "", **more,
    }  # fmt: skip
    if outcome in case.hidden:
        return _blank(row, status="suppressed", reason="Not shown, because it rests on fewer than 10 pupils.")
    if outcome in case.failed:
        return _blank(row, status="not_estimated", reason="The model did not converge.")
    return row


def _blank(row: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A row without numbers, and then these."""
    gone = ("estimate", "std_error", "df", "statistic", "p_value", "p_adjusted", "conf_low", "conf_high", "effect_size",
            "es_low", "es_high")  # fmt: skip
    return row | dict.fromkeys(gone, math.nan) | more


def _scaled(kind: str, value: float, factor: float) -> float:
    return value**factor if kind == "ordered" else factor * value


def models(case: Case) -> list[dict[str, Any]]:
    """A row per outcome, model and contrast."""
    rows = []
    for outcome in case.plan.outcomes:
        _, measure, kind, _, _ = OUTCOMES[outcome.id]
        width = MEASURES[measure][2] - MEASURES[measure][1]
        for arm in case.treated:
            for model in ("primary", "unadjusted"):
                formula = f"{measure} ~ arm" + (" + ks2 + ks2_missing + centre" if model == "primary" else "")
                within, between = (0.2 * width) ** 2 * (0.5 if model == "primary" else 1), (0.08 * width) ** 2
                rows.append({
                    "model": model, "outcome": outcome.id, "contrast": f"{arm} - {CONTROL}",
                    "formula": formula + (" + (1 | school)" if case.clustered else ""), "n_pupils": 1321,
                    "n_schools": 66 if case.clustered else math.nan, "n_treated": 722, "n_control": 599,
                    "clusters_treated": 36, "clusters_control": 30,
                    "variance_school": between if case.clustered else math.nan, "variance_class": math.nan,
                    "variance_pupil": within, "icc": 0.14, "icc_low": 0.09, "icc_high": 0.21, "r2_pupil": 0.48,
                    "r2_school": 0.35, "is_singular": False, "converged": True, "loglik": -2504.1,
                    "df_method": "kenward-roger" if kind == "number" else "normal",
                    "sd_total": math.sqrt(within + between), "hedges_j": 0.9994,
                    "mean_treated": 0.55 * width, "mean_control": 0.53 * width,
                    "sd_treated": 0.21 * width, "sd_control": 0.22 * width,
                })  # fmt: skip
    return rows


def instruments() -> dict[str, Any]:
    """What a report needs to know of every measure."""
    return {
        name: {
            "title": label, "identity": f"{name}@as-supplied", "version": "as-supplied",
            "citation": "Invented for tests.", "wording_may_be_shared": False,
            "caution": None, "prepost_caution": None, "respondent": "pupil",
            "age_note": None, "items": {"value": label}, "anchors": {},
            "scores": {} if wave == "baseline" else {"value": {
                "label": label, "low": float(low), "high": float(high), "higher_is": higher_is,
                "missing_rule": "complete", "min_items": 1, "k": 1, "published": [], "norms": [],
            }},
        }
        for name, (label, low, high, _, wave, higher_is) in MEASURES.items()
    }  # fmt: skip


def trial_caveats(case: Case) -> tuple[Caveat, ...]:
    """What the invented trial's readers must know."""
    return (
        Caveat("simulated_data", "warning"),
        Caveat("missing_above_5", "warning", case.plan.outcomes[0].id, {"share_missing": 0.11}),
        *(() if case.bare else (Caveat("exploratory", "note"),)),
    )
