"""Synthetic trials for tests of the analysis: invented pupils in invented schools, seeded. No real child is in here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.instrument import load_instrument
from evalkit.records.measure import instrument_of
from evalkit.records.scores import ANSWER_COLUMNS, ITEM_COLUMNS, QUALITY_COLUMNS, SCORE_COLUMNS, Quality, Scores

MadeDesign = Literal["cluster", "classes", "multisite", "individual"]
UNIT = {"cluster": "school", "classes": "class", "multisite": "pupil", "individual": "pupil"}
DESIGN = {
    "cluster": "cluster_trial",
    "classes": "multisite_trial",
    "multisite": "multisite_trial",
    "individual": "individual_trial",
}
ARMS = ("intervention", "light", "control")
YES_NO = {"yes": "yes", "no": "no"}
ESTIMAND = {
    "population": "pupils who were randomised",
    "contrast": "programme compared with usual teaching",
    "measure": "Hedges' g of the total SD",
    "non_compliance": "as allocated",
    "drop_out": "left out",
}
MEASURES: tuple[dict[str, Any], ...] = (
    {"id": "pretest", "label": "Test before", "low": 0, "high": 200, "waves": {"before": ["Pre"]}, "source": "ours"},
    {
        "id": "posttest",
        "label": "Test after",
        "low": 0,
        "high": 200,
        "waves": {"after": ["Post"], "later": ["Later"]},
        "source": "ours",
    },
    {"id": "passed", "label": "Passed", "low": 0, "high": 1, "waves": {"after": ["Passed"]}, "source": "ours"},
    {"id": "grade", "label": "Grade", "low": 1, "high": 4, "waves": {"after": ["Grade"]}, "source": "ours"},
)
BASELINE = {"instrument": "pretest", "score": "value"}
OUTCOMES: tuple[dict[str, Any], ...] = (
    {"id": "attainment", "label": "Attainment", "instrument": "posttest", "role": "primary", "attainment": True},
    {"id": "passed", "label": "Passed the test", "instrument": "passed", "role": "secondary", "kind": "yes_no"},
    {"id": "grade", "label": "Grade in the test", "instrument": "grade", "role": "secondary", "kind": "ordered"},
)


@dataclass(frozen=True, slots=True)
class _Pupils:
    """Who was randomised: a row per pupil; `place` is the school's place in `schools`."""

    frame: pd.DataFrame
    schools: pd.DataFrame
    place: np.ndarray


def make_trial(
    *,
    design: MadeDesign = "cluster",
    seed: int = 1,
    schools: int = 24,
    pupils: int = 25,
    arms: int = 2,
    effect: float = 0.3,
    icc: float = 0.15,
    lost_schools: int = 2,
    empty_schools: int = 1,
    lost_share: float = 0.08,
    no_baseline_share: float = 0.06,
    changes: dict[str, Any] | None = None,
) -> tuple[Study, Scores]:
    """A trial with schools that left, schools without pupils, pupils without an outcome, and late arrivals.

    Parameters
    ----------
    design : cluster (schools randomised), classes (two or more classes in each school), multisite (pupils within each
        school), individual (pupils, no schools: `schools * pupils` of them)
    schools, pupils : schools that were randomised; pupils in each on average (they differ by a third either way)
    arms : 2 or 3
    effect : of the first arm, in SDs; the second treated arm has half of it
    lost_schools : schools that left, the first ones: more of them in the first arm
    empty_schools : schools of the list without any pupil, the last ones
    changes : keys of the plan to replace
    """
    random = np.random.default_rng(seed)
    names = [*ARMS[: arms - 1], ARMS[-1]]
    plan = make_trial_plan(design, names, changes or {})
    made = _randomised(random, design, names, schools=schools, pupils=pupils, empty_schools=empty_schools)
    values = _values(random, made, icc=icc, effect=effect)
    left_early = made.place < lost_schools if design != "individual" else np.zeros(len(made.frame), dtype=bool)
    lost = left_early | (random.random(len(made.frame)) < lost_share)
    values.loc[lost, ["posttest", "passed", "grade"]] = np.nan
    values["later"] = values["later"].mask(lost | (random.random(len(lost)) < 0.1))
    values["pretest"] = values["pretest"].mask(random.random(len(lost)) < no_baseline_share)
    roster = made.frame.copy()
    why = np.where(random.random(len(lost)) < 0.7, "moved away", "absent")
    roster["left"] = np.where(left_early, "school left", np.where(lost, why, ""))
    roster = roster.assign(in_before=values["pretest"].notna(), in_after=~lost, in_later=values["later"].notna())
    made_schools = made.schools.copy()
    if len(made_schools):
        gone = np.arange(len(made_schools)) < lost_schools
        made_schools["school_left"] = np.where(gone, "no time", "")
    return make_trial_study(plan), Scores(
        frame=_score_frame(roster["pupil"], values),
        quality=_quality(values),
        roster=roster,
        release_sha256="1" * 64,
        sources=(),
        schools=made_schools,
    )


def make_trial_study(plan: Evaluation) -> Study:
    """The plan with its measures as instruments, and shipped instruments where it names one."""
    own = {one.id: instrument_of(one) for one in plan.measures}
    wanted = [one.instrument for one in plan.outcomes] + [plan.baseline_of(one).instrument for one in plan.outcomes]
    return Study(plan, Path(), tuple(own.get(name) or load_instrument(name) for name in dict.fromkeys(wanted)), {})


def make_trial_plan(design: MadeDesign, arms: list[str], changes: dict[str, Any]) -> Evaluation:
    """The plan behind `make_trial`; `changes` replaces whole keys, and within `trial` the keys given."""
    has_schools = design != "individual"
    trial: dict[str, Any] = {
        "strata": [{"id": "area", "label": "Area", "level": "school" if has_schools else "pupil"}],
        "compliance": [
            {
                "id": "sessions",
                "label": "Sessions attended",
                "level": "school" if design == "cluster" else "pupil",
                "high": 12,
                "unit": "session",
                "complied_from": 9,
            }
        ],
        "left": {"id": "left", "label": "Why there is no outcome"},
        "analysis": {"permutations": 0, "bootstrap": 0},
    }
    if has_schools:
        trial["school_left"] = {"id": "school_left", "label": "Why the school left", "level": "school"}
    if design == "classes":
        trial["class"] = {"headers": ["Class"]}
    plan: dict[str, Any] = {
        "schema": "evalkit-evaluation/1",
        "id": f"made-{design}",
        "title": "A made-up trial (synthetic data)",
        "programme": {"name": "A programme", "description": "Twelve sessions."},
        "design": DESIGN[design],
        "unit_of_randomisation": UNIT[design],
        "arms": [{"id": one, "label": one.capitalize(), "control": one == "control"} for one in arms],
        "waves": [{"id": one, "label": one.capitalize()} for one in ("before", "after", "later")],
        "measures": MEASURES,
        "outcomes": [{**one, "score": "value", "baseline": BASELINE, "estimand": ESTIMAND} for one in OUTCOMES],
        "covariates": [{"id": "age", "label": "Age in years", "kind": "number"}],
        "subgroups": [
            {"id": "eal", "label": "English as an additional language", "values": YES_NO},
            {"id": "fsm", "label": "Free school meals", "values": YES_NO},
        ],
        "missing_data": {"strategy": "multiple_imputation", "baseline": "indicator", "imputations": 2},
        "data": {"synthetic": "Invented pupils, for tests."},
        "seed": 20260401,
    }
    trial |= changes.get("trial", {})
    return Evaluation.model_validate(plan | changes | {"trial": trial})


def _randomised(
    random: np.random.Generator,
    design: MadeDesign,
    arms: list[str],
    *,
    schools: int,
    pupils: int,
    empty_schools: int,
) -> _Pupils:
    sizes = random.integers(2 * pupils // 3, 4 * pupils // 3, size=schools, endpoint=True)
    place = np.repeat(np.arange(schools), sizes)
    n = len(place)
    frame = pd.DataFrame({"pupil": [f"P{number:05d}" for number in range(n)]})
    areas = np.array([f"area {number % 3}" for number in range(schools)])
    codes = np.array([f"S{number:03d}" for number in range(schools + empty_schools)])
    of_school = np.array([arms[number % len(arms)] for number in range(schools + empty_schools)])
    within = np.concatenate([np.arange(size) for size in sizes])
    if design == "cluster":
        arm = of_school[place]
    elif design == "classes":
        arm = np.array(arms)[within % len(arms)]
    else:
        arm = np.array(arms)[np.argsort(random.random(n)) % len(arms)]
    if design != "individual":
        frame["school"] = codes[place]
    if design == "classes":
        frame["class"] = [f"class {one % len(arms)}" for one in within]
    frame["arm"] = arm
    frame["eal"] = random.choice(["yes", "no", ""], size=n, p=[0.35, 0.6, 0.05])
    frame["fsm"] = random.choice(["yes", "no"], size=n, p=[0.25, 0.75])
    frame["age"] = [f"{one:.2f}" for one in random.uniform(14.0, 15.0, size=n)]
    frame.loc[random.random(n) < 0.02, "age"] = ""
    full = random.integers(6, 12, size=schools + empty_schools, endpoint=True).astype("float64")
    treated = of_school != "control"
    school_list = pd.DataFrame({"school": codes, "arm": of_school})
    school_list["area"] = [*areas, *["area 0"] * empty_schools]
    if design == "cluster":
        school_list["sessions"] = np.where(treated, full, np.where(np.arange(len(codes)) % 7 == 3, 2.0, 0.0))
    else:
        school_list["arm"] = ""
        own = random.integers(4, 12, size=n, endpoint=True)
        frame["sessions"] = np.where(arm != "control", own, 0).astype("float64")
    if design == "individual":
        return _Pupils(frame.assign(area=areas[place]), pd.DataFrame(), place)
    return _Pupils(frame, school_list, place)


def _values(random: np.random.Generator, made: _Pupils, *, icc: float, effect: float) -> pd.DataFrame:
    n = len(made.frame)
    school = random.normal(0, np.sqrt(icc), size=int(made.place.max()) + 1)[made.place]
    pupil = random.normal(0, np.sqrt(1 - icc), size=n)
    size = made.frame["arm"].map({"intervention": effect, "light": effect / 2, "control": 0.0}).to_numpy()
    own = {name: random.normal(0, np.sqrt(1 - icc), size=n) for name in ("posttest", "later")}
    drift = random.normal(0, np.sqrt(icc), size=int(made.place.max()) + 1)[made.place]
    before = school + pupil
    found = {name: 0.7 * before + np.sqrt(1 - 0.49) * (drift + noise) + size for name, noise in own.items()}
    frame = pd.DataFrame({name: np.clip(np.round(100 + 15 * one), 0, 200) for name, one in found.items()})
    frame["pretest"] = np.clip(np.round(100 + 15 * before), 0, 200)
    frame["passed"] = (found["posttest"] > -0.3).astype("float64")
    frame["grade"] = 1.0 + np.searchsorted([-0.8, 0.0, 0.8], found["posttest"])
    return frame


def _score_frame(pupils: pd.Series, values: pd.DataFrame) -> pd.DataFrame:
    columns = (
        ("before", "pretest", "pretest"),
        ("after", "posttest", "posttest"),
        ("after", "passed", "passed"),
        ("after", "grade", "grade"),
        ("later", "posttest", "later"),
    )
    parts = [
        pd.DataFrame(
            {
                "pupil": pupils,
                "wave": wave,
                "scale": f"{measure}.value",
                "scale_version": f"{measure}@as-supplied",
                "value": values[name],
                "n_answered": 1,
                "n_items": 1,
                "reason": "",
            }
        )[values[name].notna()]
        for wave, measure, name in columns
    ]
    return pd.concat(parts, ignore_index=True)[list(SCORE_COLUMNS)]


def _quality(values: pd.DataFrame) -> Quality:
    rows = [
        {
            "scale": f"{scale}.value",
            "wave": wave,
            "n": int(values[name].notna().sum()),
            "k": 1,
            "mean": float(values[name].mean()),
            "sd": float(values[name].std()),
            "reason": "A single number has no alpha.",
        }
        for scale, wave, name in (("pretest", "before", "pretest"), ("posttest", "after", "posttest"))
    ]
    return Quality(
        scales=pd.DataFrame(rows, columns=list(QUALITY_COLUMNS)),
        items=pd.DataFrame(columns=list(ITEM_COLUMNS)),
        answers=pd.DataFrame(columns=list(ANSWER_COLUMNS)),
    )
