"""Several evaluations side by side: what may be compared, what may be pooled, and why not where not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.results import Results

PORTFOLIO_SCHEMA = "evalkit-portfolio/1"
DesignClass = Literal["randomised", "matched", "comparison", "before_and_after", "no_measure"]
CLASS_OF_DESIGN: Mapping[str, DesignClass] = {
    "cluster_trial": "randomised",
    "multisite_trial": "randomised",
    "individual_trial": "randomised",
    "matched_comparison": "matched",
    "comparison_prepost": "comparison",
    "single_group_prepost": "before_and_after",
    "feedback_survey": "no_measure",
    "national_comparison": "no_measure",
}
ROW_COLUMNS = (
    "group", "programme", "title", "design_class", "outcome", "label", "role", "scale", "scale_version", "horizon",
    "contrast", "effect_size", "es_low", "es_high", "es_type", "n", "clusters", "p_value", "p_adjusted", "padlocks",
    "cost_per_pupil", "weight", "status", "reason",
)  # fmt: skip
POOLED_COLUMNS = (
    "group", "label", "scale", "scale_version", "design_class", "horizon", "n_programmes", "estimate", "std_error",
    "conf_low", "conf_high", "predict_low", "predict_high", "p_value", "tau2", "i2", "status", "reason",
)  # fmt: skip
OWN_COLUMNS = (
    "group", "programme", "title", "outcome", "label", "horizon", "kind", "schools", "n", "size", "low", "high",
    "beside", "beside_low", "beside_high", "status", "reason",
)  # fmt: skip
NUMBERS = frozenset(
    {
        "schools", "size", "low", "high", "beside", "beside_low", "beside_high",
        "effect_size", "es_low", "es_high", "n", "clusters", "p_value", "p_adjusted", "padlocks", "cost_per_pupil",
        "weight", "n_programmes", "estimate", "std_error", "conf_low", "conf_high", "predict_low", "predict_high",
        "tau2", "i2",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Several results side by side.

    Attributes
    ----------
    results : the evaluations, in the order given
    rows : frame, ROW_COLUMNS - a row per programme, outcome and horizon. Rows of one `group` measure the same scale in
        the same version, by the same class of design, at the same horizon: only they may be read against one another.
        `effect_size` in SDs; `p_adjusted` over all programmes (Holm, primary outcomes); `padlocks` 0 to 5;
        `cost_per_pupil` in pounds a year; `weight` share in the pooled estimate, 0 to 1
    pooled : frame, POOLED_COLUMNS - a row per group: the pooled estimate, or the reason why there is none
    level, place : the hub or trust whose own figures stand beside the programmes'; empty where there is none
    own : frame, OWN_COLUMNS - those figures, a row per programme and outcome, in SDs of the programme's pupils: `size`
        the place's change, of `kind` change; `beside` how far it lies from the average place of the programme (of
        `kind` level: from what is expected of its pupils). `status` is ok, not_shown or takes_no_part
    """

    results: tuple[Results, ...]
    rows: pd.DataFrame
    pooled: pd.DataFrame
    level: str = ""
    place: str = ""
    own: pd.DataFrame = field(default_factory=lambda: frame([], OWN_COLUMNS))

    def __repr__(self) -> str:
        return f"<Portfolio: {len(self.results)} evaluations, {len(self.rows)} rows>"

    def tidy(self) -> pd.DataFrame:
        """A copy of the rows, a row per programme, outcome and horizon."""
        return self.rows.copy()

    def glance(self) -> pd.DataFrame:
        """A copy of the pooled estimates, a row per group."""
        return self.pooled.copy()

    def to_json(self) -> str:
        """The whole record as JSON text: equal portfolios give equal bytes."""
        content = {
            "schema": PORTFOLIO_SCHEMA,
            "results": [json.loads(one.to_json()) for one in self.results],
            "rows": _rows(self.rows),
            "pooled": _rows(self.pooled),
            "level": self.level,
            "place": self.place,
            "own": _rows(self.own),
        }
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Portfolio":
        """Read back what `to_json` wrote. Raises SpecError for other text or another version of the format."""
        try:
            content: dict[str, Any] = json.loads(text)
            found = content["schema"]
        except (json.JSONDecodeError, KeyError, TypeError):
            raise SpecError("This is not a portfolio. Make one with 'evalkit compare'.") from None
        if found != PORTFOLIO_SCHEMA:
            raise SpecError(f"Expected a portfolio of the format {PORTFOLIO_SCHEMA}, found {found}. Make it again.")
        return cls(
            tuple(Results.from_json(json.dumps(one)) for one in content["results"]),
            frame(content["rows"], ROW_COLUMNS),
            frame(content["pooled"], POOLED_COLUMNS),
            content.get("level", ""),
            content.get("place", ""),
            frame(content.get("own", []), OWN_COLUMNS),
        )


def frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Rows as a frame: numbers as floats, everything else as text."""
    made = pd.DataFrame(rows, columns=list(columns))
    for column in columns:
        if column in NUMBERS:
            made[column] = pd.to_numeric(made[column]).astype("float64")
        else:
            made[column] = made[column].astype(object).fillna("").astype("str")
    return made


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
