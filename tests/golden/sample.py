"""Results made by hand for the report's tests: invented summary figures of an invented school, no pupil anywhere."""

import math
from dataclasses import replace

import pandas as pd
from scipy import stats

from evalkit.records.evaluation import Evaluation
from evalkit.records.results import ESTIMATE_COLUMNS, Caveat, Check, Provenance, Results
from evalkit.records.scores import INVARIANCE_COLUMNS

LIMITS = (
    "no_comparison_group", "maturation", "regression_to_the_mean", "social_desirability", "response_shift",
    "acquiescence", "differential_response", "ceiling",
)  # fmt: skip
# outcome: label, role, instrument, score, low, high, mean pre, mean post, sd pre, sd post, r, worthwhile, k, answers
OUTCOMES = {
    "self_efficacy": ("Self-efficacy", "primary", "gse10", "total", 10, 40, 26.4, 27.8, 4.9, 4.7, 0.71, 3.0, 4, 4),
    "grit": ("Grit", "primary", "grit_s8", "total", 1, 5, 3.21, 3.20, 0.58, 0.6, 0.74, 5.0, 4, 5),
    "motivation": (
        "Motivation", "secondary", "mslq44", "intrinsic_value", 1, 7, 4.51, 4.67, 1.02, 1.05, 0.62, math.nan, 4, 7,
    ),
}  # fmt: skip
TITLES = {
    "gse10": "General Self-Efficacy Scale",
    "grit_s8": "Short Grit Scale",
    "mslq44": "Motivated Strategies for Learning Questionnaire",
}
CAUTIONS = {
    "gse10": "Older copies print another word for answer 2.",
    "grit_s8": "Two printed orders exist.",
    "mslq44": "Five-point copies are in use; they must not be mixed with this one.",
}
LABELS = ("solves hard problems", "finds a way round", "keeps to goals | plans", "copes with surprises")


def plan(*, synthetic: str | None = "Invented figures for tests.", outcomes: dict = OUTCOMES) -> Evaluation:
    """The plan of the invented evaluation."""
    estimand = {
        "population": "pupils who took part", "contrast": "after minus before", "measure": "mean change",
        "non_compliance": "all pupils who answered twice", "drop_out": "complete cases",
    }  # fmt: skip
    return Evaluation.model_validate(
        {
            "schema": "evalkit-evaluation/1",
            "id": "sample",
            "title": "Resilience at Sample School",
            "programme": {
                "name": "Resilience programme", "description": "Ten weekly sessions.", "setting": "Sample School",
                "year": "2025/26",
            },
            "design": "single_group_prepost",
            "arms": [{"id": "programme", "label": "Programme"}],
            "waves": [{"id": "pre", "label": "September"}, {"id": "post", "label": "July"}],
            "outcomes": [
                {
                    "id": name, "label": row[0], "instrument": row[2], "score": row[3], "role": row[1],
                    "estimand": estimand,
                }
                | (
                    {}
                    if math.isnan(row[11])
                    else {"smallest_worthwhile": {"value": row[11], "unit": "percent_of_range", "source": "staff"}}
                )
                for name, row in outcomes.items()
            ],
            "seed": 1,
            "data": {"release": "release", "synthetic": synthetic},
        }
    )  # fmt: skip


def sample(
    *, n: int = 48, lost: int = 5, new: int = 3, outcomes: dict = OUTCOMES, synthetic: str | None = "Invented.",
    ratings: dict | None = None, warnings: tuple[Caveat, ...] = (), hidden: tuple[str, ...] = (),
) -> Results:  # fmt: skip
    """Results of the invented evaluation; `hidden` outcomes are suppressed."""
    rows, glance, change = [], [], []
    for name, row in outcomes.items():
        one = _outcome(name, row, n=n, lost=lost, hidden=name in hidden)
        rows += one[0]
        glance.append(one[1])
        change.append(one[2])
    estimates = pd.DataFrame([{column: row.get(column) for column in ESTIMATE_COLUMNS} for row in rows])
    built_in = [row[2] for row in outcomes.values() if row[2] in ("gse10", "grit_s8")]
    built = Results(
        plan=plan(synthetic=synthetic, outcomes=outcomes),
        instruments=_instruments(outcomes),
        estimates=estimates,
        models=pd.DataFrame(glance),
        checks=_checks(n, lost, ratings or {}, first=next(iter(outcomes))),
        caveats=(
            *(Caveat(kind, "limit") for kind in LIMITS),
            *(Caveat("instrument_caution", "warning", facts={"instrument": name}) for name in built_in),
            *(Caveat("pre_post_caution", "warning", facts={"instrument": one}) for one in built_in if one == "grit_s8"),
            Caveat("not_linked", "warning", facts={"pre_only": lost, "post_only": new}),
            *warnings,
            Caveat("complete_cases", "note"),
            Caveat("one_or_more_suppressed", "note"),
        ),
        displays=_displays(outcomes, change, n=n, lost=lost, new=new),
        notes=("One code was typed in two ways and counted as one pupil.", "One answer of 9 was left out."),
        provenance=Provenance(
            evalkit="0.1.0", plan_sha256="a" * 64, release_sha256="b" * 64,
            instruments={"gse10@1995-en[1-4]": "c" * 64},
            sources=(("before.xlsx", "d" * 64), ("after.csv", "e" * 64)), seed=1,
            environment={"python": "3.11", "machine": "x86_64", "pandas": "3.0"},
        ),
    )  # fmt: skip
    return Results.from_json(built.to_json())


def with_outcome(values: dict[str, tuple[float, float, float]], **figures: float) -> Results:
    """The sample with other changes: outcome -> (estimate, low, high) in points of the range; figures fill columns."""
    base = sample()
    change = base.displays["change"].copy()
    for name, (estimate, low, high) in values.items():
        mask = change["outcome"] == name
        change.loc[mask, ["estimate", "conf_low", "conf_high"]] = [estimate, low, high]
        for column, value in ({"p_adjusted": 0.01} | figures).items():
            change.loc[mask, column] = value
    return replace(base, displays={**base.displays, "change": change})


def _outcome(name: str, row: tuple, *, n: int, lost: int, hidden: bool) -> tuple[list[dict], dict, dict]:
    label, role, instrument, score, low, high, before, after, sd1, sd2, r, worthwhile, _, _ = row
    difference, width = after - before, high - low
    sd = math.sqrt(sd1**2 + sd2**2 - 2 * r * sd1 * sd2)
    error = sd / math.sqrt(n)
    margin = stats.t.ppf(0.975, n - 1) * error
    t = difference / error
    p = float(2 * stats.t.sf(abs(t), n - 1))
    scale = f"{instrument}.{score}"
    start = {
        "outcome": name, "wave": "post", "subgroup": "all", "contrast": "post - pre", "family": f"{role} outcomes",
        "conf_level": 0.95, "n_treated": n, "n_control": 0, "clusters_treated": 1, "clusters_control": 0,
        "scale_version": f"{instrument}@1", "status": "suppressed" if hidden else "ok", "reason": "",
    }  # fmt: skip

    def estimate(inquiry: str, estimator: str, unit: str, value: float, half: float = math.nan, **more: object) -> dict:
        numbers = {"estimate": value, "conf_low": value - half, "conf_high": value + half}
        numbers = dict.fromkeys(numbers) if hidden else numbers
        return start | {"inquiry": inquiry, "estimator": estimator, "unit": unit} | numbers | more

    d = difference / math.sqrt((sd1**2 + sd2**2) / 2)
    test = (
        {} if hidden else {"std_error": error, "df": n - 1, "statistic": t, "p_value": p, "p_adjusted": min(1, 2 * p)}
    )
    es = {} if hidden else {
        "effect_size": d, "es_low": d - 0.21, "es_high": d + 0.21, "es_type": "d_av",
        "es_interval": "Algina-Keselman noncentral t",
    }  # fmt: skip
    percent = 100 / width
    rows = [
        estimate("change", "paired_t", "points", difference, margin, **test, **es),
        estimate("change", "percent_of_range", "percent_of_range", percent * difference, percent * margin, **test),
        estimate("change", "percent_of_baseline", "percent", 100 * difference / (before - low)),
        estimate(
            "change", "percent_pupil_ratio", "percent", 110 * difference / (before - low), n_treated=n - 1,
            reason="1 pupil left out: the score before was the lowest possible.",
        ),
        *(
            estimate("change", kind, "sd", factor * d, 0.2, es_type=kind)
            for kind, factor in (("d_z", 1.3), ("d_av", 1.0), ("d_rm", 0.99), ("d_baseline", 0.97))
        ),
        estimate("change", "wilcoxon", "rank_biserial", 1.6 * d, statistic=400.0, p_value=p),
        estimate("change", "bayes_factor", "bf10", 2.81),
        estimate(
            "change", "paired_t_unflagged", "points", 0.9 * difference, 1.1 * margin, std_error=1.1 * error, df=n - 13,
            statistic=0.8 * t, p_value=p, n_treated=n - 12,
            reason="Without the 12 pupils who were flagged for how they answered.",
        ) if not hidden else estimate(
            "change", "paired_t_unflagged", "points", 0, reason="Not shown.", n_treated=math.nan
        ),
        *(
            estimate("reliable_change", "jacobson_truax", "pupils", count, contrast=contrast)
            for contrast, count in (("improved", 11), ("no_reliable_change", n - 21), ("declined", 10))
        ),
        estimate(
            "reliable_change", "jacobson_truax", "points", 1.9 * sd1 * 0.6, contrast="threshold",
            reason="this sample's omega before, 0.81",
        ),
        estimate(
            "leavers", "hedges_g", "points", -0.1 * sd1, 0.9 * sd1, contrast="left - stayed", n_treated=lost,
            effect_size=-0.1, es_low=-1.0, es_high=0.8, es_type="hedges_g",
            **({"status": "suppressed", "estimate": None} if lost < 10 else {}),
        ),
    ]  # fmt: skip
    glance = {
        "outcome": name, "scale": scale, "model": "paired", "n_pre": n + lost, "n_post": n + 3, "n_linked": n,
        "mean_pre": before, "mean_post": after, "sd_pre": sd1, "sd_post": sd2, "r": r, "low": float(low),
        "high": float(high), "scale_version": f"{instrument}@1",
    }  # fmt: skip
    change = {
        "outcome": name, "label": label, "role": role, "estimate": rows[1]["estimate"],
        "conf_low": rows[1]["conf_low"], "conf_high": rows[1]["conf_high"], "unit": "percent_of_range",
        "worthwhile": worthwhile, "n": n, "p_adjusted": test.get("p_adjusted"),
    }  # fmt: skip
    return rows, glance, change


def _instruments(outcomes: dict) -> dict:
    built: dict = {}
    for row in outcomes.values():
        label, _, instrument, score, low, high = row[:6]
        built[instrument] = {
            "title": TITLES.get(instrument, label), "identity": f"{instrument}@1", "version": "1",
            "citation": f"Author, A. (2001). {TITLES.get(instrument, label)}. Journal, 1, 1–9.",
            "wording_may_be_shared": False, "caution": CAUTIONS.get(instrument),
            "prepost_caution": "The author is not certain that it shows change." if instrument == "grit_s8" else None,
            "respondent": "pupil", "age_note": None,
            "scores": {
                score: {
                    "label": label, "low": low, "high": high, "higher_is": "worse" if "worse" in row else "better",
                    "missing_rule": "complete", "k": row[12],
                    "published": [
                        {"stat": "alpha", "low": 0.72, "high": 0.80, "sample": "pupils aged 11 to 18", "weeks": None}
                    ],
                    "norms": [],
                }
            },
            "items": {f"q{i}": text for i, text in enumerate(LABELS, 1)},
            "anchors": {"1": "Not at all true", str(row[13] if len(row) > 13 else 4): "Exactly true"},
        }  # fmt: skip
    return built


def _checks(n: int, lost: int, ratings: dict, *, first: str) -> tuple[Check, ...]:
    facts: dict = {
        "comparison": {"has_comparison": False},
        "size": {"n_linked": n, "half_width": 4.2},
        "drop_out": {"n_pre": n + lost, "n_linked": n, "n_lost": lost, "share_lost": lost / (n + lost)},
        "measure": {"outcome": first, "omega": 0.78, "wave": "pre"},
        "delivery": {"planned": None, "delivered": None, "share_delivered": None, "source": None},
    }
    rating = {
        "comparison": "weak", "size": "fair", "drop_out": "strong", "measure": "fair", "delivery": "unknown",
    } | ratings  # fmt: skip
    return tuple(Check(name, rating[name], facts[name]) for name in facts)


def _displays(outcomes: dict, change: list[dict], *, n: int, lost: int, new: int) -> dict[str, pd.DataFrame]:
    flow = [
        ("answered_pre", n + lost),
        ("answered_post", n + new),
        ("linked", n),
        ("pre_only", lost),
        ("post_only", new),
    ]
    means, spread, answers, quality, items = [], [], [], [], []
    for name, row in outcomes.items():
        label, _, instrument, score, low, high, before, after, sd1, sd2, *_ = row
        scale = f"{instrument}.{score}"
        for wave, mean, sd in (("pre", before, sd1), ("post", after, sd2)):
            means.append(
                {
                    "outcome": name,
                    "label": label,
                    "wave": wave,
                    "n": n,
                    "mean": mean,
                    "sd": sd,
                    "low": low,
                    "high": high,
                }
            )
            spread += _bins(name, wave, mean, sd, low, high, n)
            quality.append(
                {
                    "scale": scale, "wave": wave, "n": n, "k": 4, "alpha": 0.79, "alpha_low": 0.70, "alpha_high": 0.86,
                    "omega": 0.80, "omega_low": 0.71, "omega_high": 0.87, "mean": mean, "sd": sd, "floor_percent": 0.0,
                    "ceiling_percent": 4.2, "missing_percent": 3.8, "straight_line_percent": math.nan, "reason": "",
                    "label": label,
                }
            )  # fmt: skip
            for number, text in enumerate(LABELS, 1):
                top = int(row[13]) if len(row) > 13 and isinstance(row[13], int) else 4
                items.append(
                    {
                        "scale": scale, "wave": wave, "item": f"q{number}", "label": text, "n": n,
                        "mean": 1 + (mean - low) / (high - low) * (top - 1), "sd": 0.9, "item_rest_r": 0.5,
                        "alpha_if_dropped": 0.77, "floor_percent": math.nan, "ceiling_percent": math.nan,
                        "missing_percent": 1.9,
                    }
                )  # fmt: skip
                answers += _answers(scale, f"q{number}", text, wave, n, top, hide=number == 4)
    return {
        "flow": pd.DataFrame(flow, columns=["step", "n"]),
        "change": pd.DataFrame(change),
        "means": pd.DataFrame(means),
        "distribution": pd.DataFrame(spread),
        "answers": pd.DataFrame(answers),
        "quality": pd.DataFrame(quality),
        "items": pd.DataFrame(items),
        "invariance": _invariance([f"{row[2]}.{row[3]}" for row in outcomes.values()]),
    }


def _invariance(scales: list[str]) -> pd.DataFrame:
    """The first scale the same throughout, the second not, of the others nothing is known."""
    rows: list[dict] = []
    for place, scale in enumerate(scales):
        for number, step in enumerate(("configural", "metric", "scalar", "strict") if place < 2 else ("",)):
            row = dict.fromkeys(INVARIANCE_COLUMNS, math.nan) | {"scale": scale, "between": "waves", "step": step}
            row |= {"n": 42, "holds": "", "estimator": "", "reason": "42 pupils answered both times; too few."}
            if place < 2:
                row |= {
                    "cfi": 0.96 - 0.02 * place * number,
                    "rmsea": 0.05,
                    "chi_square": 90.0 + number,
                    "df": 90 + number,
                }
                row |= {"holds": "no" if place and number > 1 else "yes", "estimator": "MLR", "reason": ""}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(INVARIANCE_COLUMNS))


def _bins(outcome: str, wave: str, mean: float, sd: float, low: float, high: float, n: int) -> list[dict]:
    edges = [low + (high - low) * step / 4 for step in range(5)]
    shares = [stats.norm.cdf(edge, mean, sd) for edge in edges]
    shares[0], shares[-1] = 0.0, 1.0
    counts = [round(n * share) for share in shares]
    return [
        {"outcome": outcome, "wave": wave, "low": edges[i], "high": edges[i + 1], "count": counts[i + 1] - counts[i],
         "percent": 100 * (counts[i + 1] - counts[i]) / n}
        for i in range(4)
    ]  # fmt: skip


def _answers(scale: str, item: str, label: str, wave: str, n: int, top: int, *, hide: bool) -> list[dict]:
    weights = [2 + (answer if wave == "post" else min(answer, 3)) for answer in range(1, top + 1)]
    counts = [n * weight // sum(weights) for weight in weights]
    counts[-1] += n - sum(counts)
    return [
        {"scale": scale, "item": item, "label": label, "wave": wave, "answer": answer + 1,
         "count": math.nan if hide and answer < 2 else count,
         "percent": math.nan if hide and answer < 2 else 100 * count / n, "n": n}
        for answer, count in enumerate(counts)
    ]  # fmt: skip
