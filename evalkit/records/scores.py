"""What scoring hands on: scores, and how well each measure worked."""

from dataclasses import dataclass, field

import pandas as pd

SCORE_COLUMNS = ("pupil", "wave", "scale", "scale_version", "value", "n_answered", "n_items", "reason")
SCHOOL_MEAN_COLUMNS = ("school", "scale", "scale_version", "wave", "n", "mean")
QUALITY_COLUMNS = (
    "scale", "wave", "n", "k", "alpha", "alpha_low", "alpha_high", "omega", "omega_low", "omega_high", "mean", "sd",
    "floor_percent", "ceiling_percent", "missing_percent", "straight_line_percent", "reason",
)  # fmt: skip
ITEM_COLUMNS = (
    "scale", "wave", "item", "label", "n", "mean", "sd", "item_rest_r", "alpha_if_dropped", "floor_percent",
    "ceiling_percent", "missing_percent",
)  # fmt: skip
ANSWER_COLUMNS = ("scale", "item", "label", "wave", "answer", "count")
FACTOR_COLUMNS = (
    "scale", "wave", "n", "k", "factors", "chi_square", "df", "p_value", "cfi", "tli", "rmsea", "rmsea_low",
    "rmsea_high", "srmr", "estimator", "reason",
)  # fmt: skip
LOADING_COLUMNS = ("scale", "wave", "factor", "item", "label", "loading")
INVARIANCE_COLUMNS = (
    "scale", "between", "step", "n", "chi_square", "df", "cfi", "delta_cfi", "rmsea", "delta_rmsea", "chi_square_diff",
    "df_diff", "p_value", "holds", "estimator", "reason",
)  # fmt: skip
DIF_COLUMNS = (
    "scale", "wave", "subgroup", "reference", "focal", "item", "label", "n_reference", "n_focal", "odds_ratio",
    "r2_change", "size", "p_value", "p_adjusted", "flagged", "reason",
)  # fmt: skip

RESPONSE_COLUMNS = (
    "pupil", "wave", "instrument", "n_answered", "longest_string", "variability", "outlier_p",
    "reversed_inconsistency", "even_odd", "antonym_r", "seconds_per_item", "straight_line", "long_string", "outlier",
    "inconsistent", "too_fast", "any_sign",
)  # fmt: skip
FLAGGED_COLUMNS = ("pupil", "wave", "instrument")


def _nobody_flagged() -> pd.DataFrame:
    return pd.DataFrame({name: pd.array([], dtype="str") for name in FLAGGED_COLUMNS})


@dataclass(frozen=True, slots=True)
class Quality:
    """How well each measure worked in this sample.

    Attributes
    ----------
    scales : frame, QUALITY_COLUMNS - a row per scale and wave, all pupils of the wave. `n` is the pupils with complete
        answers (alpha and omega rest on them); mean, SD, floor and ceiling are of the score. Percentages are 0 to 100.
        `reason` says why alpha or omega is empty
    items : frame, ITEM_COLUMNS - a row per scale, wave and item; answers after reversing
    answers : frame, ANSWER_COLUMNS - how many LINKED pupils (in every wave; in a feedback survey everybody) gave each
        printed answer; every allowed answer has a row, 0 included. Not yet disclosure-controlled: it must pass
        `stats.disclosure` before it is shown
    factors : frame, FACTOR_COLUMNS - a row per scale and wave: how well the factors that the questionnaire is scored by
        fit. `reason` says why not, or what to mind. Nothing is fitted to fewer pupils than standards.yaml asks for
    loadings : frame, LOADING_COLUMNS - standardised; a row per scale, wave, factor and item of the models that fitted
    invariance : frame, INVARIANCE_COLUMNS - a row per scale, comparison (waves, arms) and step; where nothing could be
        fitted one row with an empty step and the reason
    dif : frame, DIF_COLUMNS - items that groups of pupils answer differently: a row per scale, subgroup of the plan and
        item, at the first wave; where nothing could be tested one row with an empty item and the reason
    """

    scales: pd.DataFrame
    items: pd.DataFrame
    answers: pd.DataFrame
    factors: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(FACTOR_COLUMNS)))
    loadings: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LOADING_COLUMNS)))
    invariance: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(INVARIANCE_COLUMNS)))
    dif: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(DIF_COLUMNS)))

    def __repr__(self) -> str:
        return f"<Quality of {len(self.scales)} scales>"


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of every pupil, wave and scale.

    Attributes
    ----------
    frame : frame, SCORE_COLUMNS - a row per pupil x wave x scale for every pupil who is in the wave; `value` float
    quality : Quality
    roster : frame - the release's roster
    schools : frame - the release's schools; empty where there are none
    release_sha256 : the release they were made from
    sources : (name, sha256) of the files behind the release
    notes : facts about the data that a reader must know, a sentence each (decisions taken on the files)
    flagged : frame, FLAGGED_COLUMNS - pupils whose answers to a questionnaire in a wave show a sign of careless
        answering. Their scores stay in `frame`; analysis says what happens without them
    """

    frame: pd.DataFrame
    quality: Quality
    roster: pd.DataFrame
    release_sha256: str
    sources: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    schools: pd.DataFrame = field(default_factory=pd.DataFrame)
    flagged: pd.DataFrame = field(default_factory=_nobody_flagged)

    def __repr__(self) -> str:
        return f"<Scores: {len(self.frame)} rows from release {self.release_sha256[:12]}>"
