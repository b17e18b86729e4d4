"""The glossary: every column that passes from one flow to the next, with its dtype and its meaning."""

from typing import NamedTuple


class Column(NamedTuple):
    """One column of a table: its dtype in words and what it means."""

    dtype: str
    meaning: str


GLOSSARY: dict[str, Column] = {
    # who and when
    "pupil": Column("text", "The pupil's code in this evaluation; never a name."),
    "school": Column("text", "The school, by URN or by the code the evaluation uses; empty when there is one school."),
    "wave": Column("text", "When the answers were given, by the wave's id in the plan (pre, post)."),
    "arm": Column("text", "The group the pupil or school is in, by the arm's id in the plan."),
    "class": Column("text", "The class within the school, as the school calls it."),
    # scores
    "scale": Column("text", "instrument.score, for example grit_s8.total."),
    "scale_version": Column("text", "Instrument, version and answer scale; only equal ones may be compared."),
    "value": Column("number", "The score, on the scale's own range; empty when there is none."),
    "n_answered": Column("whole number", "How many of the scale's items the pupil answered."),
    "n_items": Column("whole number", "How many items the scale has."),
    "reason": Column("text", "Why there is no value; empty when there is one."),
    # quality of a measure
    "item": Column("text", "The id of an item, for example q3."),
    "label": Column("text", "Our own short name for an item, outcome or row."),
    "answer": Column("whole number", "An answer as printed in the questionnaire, before any reversing."),
    "answer_low": Column("whole number", "Lowest answer of the group of neighbouring answers that is shown together."),
    "answer_high": Column("whole number", "Highest answer of that group; equal to answer_low when it stands alone."),
    "group_count": Column("whole number", "How many linked pupils answered within that group; empty when suppressed."),
    "group_percent": Column("number", "Share of the group in percent of n; empty when suppressed."),
    "count": Column("whole number", "How many pupils; empty when suppressed."),
    "percent": Column("number", "Share in percent, 0 to 100; empty when suppressed."),
    "n": Column("whole number", "How many pupils a row rests on; schools or classes where `level` says so."),
    "k": Column("whole number", "How many items a reliability rests on."),
    "mean": Column("number", "Mean of the answers, after reversing where the key says so."),
    "sd": Column("number", "Standard deviation (n - 1)."),
    "item_rest_r": Column("number", "Correlation of an item with the sum of the scale's other items."),
    "alpha_if_dropped": Column("number", "Cronbach's alpha of the scale without this item."),
    "floor_percent": Column("number", "Share at the lowest possible value."),
    "ceiling_percent": Column("number", "Share at the highest possible value."),
    "missing_percent": Column("number", "Share of pupils in the wave without an answer or a score."),
    "straight_line_percent": Column("number", "Share of pupils who gave one and the same answer to every item."),
    "alpha": Column("number", "Cronbach's alpha of complete answers."),
    "alpha_low": Column("number", "Lower end of alpha's interval (Feldt)."),
    "alpha_high": Column("number", "Upper end of alpha's interval (Feldt)."),
    "omega": Column("number", "McDonald's omega from a one-factor maximum-likelihood model of complete answers."),
    "omega_low": Column("number", "Lower end of omega's interval (delta method)."),
    "omega_high": Column("number", "Upper end of omega's interval (delta method)."),
    "measure": Column(
        "text",
        "What a row of reliability() holds: alpha, omega, mean_item_r, mean, sd, item_rest_r, ... In a trial: baseline "
        "or outcome.",
    ),
    "note": Column("text", "Why an estimate is empty, or what to look at."),
    # estimates
    "inquiry": Column("text", "What is asked: change, reliable_change, regression_to_mean, leavers, ..."),
    "outcome": Column("text", "The outcome's id in the plan."),
    "subgroup": Column("text", "The group of pupils the row is about; 'all' for everybody."),
    "contrast": Column("text", "What is compared with what, for example post - pre."),
    "estimator": Column("text", "The method that gave the row."),
    "estimate": Column("number", "The estimate, in the row's unit; empty with a reason when there is none."),
    "std_error": Column("number", "Standard error of the estimate, in the same unit."),
    "df": Column("number", "Degrees of freedom of the statistic."),
    "statistic": Column("number", "Test statistic (t, W, ...)."),
    "p_value": Column("number", "p-value with the sides the plan names, before adjustment."),
    "family": Column("text", "The family of tests within which p is adjusted."),
    "p_adjusted": Column("number", "p after the plan's adjustment for several tests."),
    "conf_low": Column("number", "Lower end of the interval, in the row's unit."),
    "conf_high": Column("number", "Upper end of the interval, in the row's unit."),
    "conf_level": Column("number", "Level of the interval, 0 to 1."),
    "unit": Column("text", "Unit of the estimate: points, percent_of_range, sd, percent, pupils, ..."),
    "effect_size": Column("number", "Standardised effect size; which one stands in es_type."),
    "es_low": Column("number", "Lower end of the effect size's interval."),
    "es_high": Column("number", "Upper end of the effect size's interval."),
    "es_type": Column("text", "Which effect size: d_av, g_total, ..."),
    "es_interval": Column("text", "How the effect size's interval was made."),
    "n_treated": Column("whole number", "Pupils in the row who took part in the programme."),
    "n_control": Column("whole number", "Pupils in the row who did not; 0 without a comparison group."),
    "clusters_treated": Column("whole number", "Schools of those who took part."),
    "clusters_control": Column("whole number", "Schools of those who did not."),
    "status": Column(
        "text",
        "Of an estimate: ok, suppressed or not_estimated. Of what a threshold decided: how well its source was "
        "checked (V, D or M).",
    ),
    # models
    "model": Column("text", "Which model a row of glance() is about."),
    "mean_pre": Column("number", "Mean before, of linked pupils."),
    "mean_post": Column("number", "Mean after, of linked pupils."),
    "sd_pre": Column("number", "SD before, of linked pupils."),
    "sd_post": Column("number", "SD after, of linked pupils."),
    "r": Column("number", "Correlation of before and after."),
    "n_pre": Column("whole number", "Pupils with a score before."),
    "n_post": Column("whole number", "Pupils with a score after."),
    "n_linked": Column("whole number", "Pupils with both scores."),
    # displays
    "step": Column("text", "A step of the participant flow."),
    "low": Column("number", "Lower edge of a bin, or lower end of an interval."),
    "high": Column("number", "Upper edge of a bin, or upper end of an interval."),
    "worthwhile": Column("number", "Smallest worthwhile change, in the row's unit; empty when none was declared."),
    "role": Column("text", "primary or secondary."),
    # displays of a trial
    "level": Column("text", "What is counted: pupil, school or class."),
    "randomised": Column("whole number", "How many were randomised, of those whom the outcome is about."),
    "analysed": Column("whole number", "How many of them are in the primary analysis."),
    "lost": Column("whole number", "How many of them are not."),
    "lost_percent": Column("number", "Share lost in percent, 0 to 100."),
    "overall": Column("number", "Loss over all arms in percent."),
    "differential": Column("number", "Loss of the arm that lost most less that of the arm that lost least, in points."),
    "cautious": Column("text", "low or high attrition by the cautious boundary."),
    "optimistic": Column("text", "low or high attrition by the optimistic boundary."),
    "sample": Column(
        "text", "randomised: everybody whom the outcome is about; analysed: those in the primary analysis."
    ),
    "variable": Column("text", "The id of a characteristic, or baseline, or school_size."),
    "category": Column("text", "The category of a characteristic; empty for a number."),
    "n_missing": Column("whole number", "How many of a group have no value; they are not in n."),
    "rounded_to": Column(
        "whole number", "Count and percent come from a count rounded to a multiple of this; 1 is exact."
    ),
    "variance": Column("number", "Square of the SD of the pupils of an arm, schools apart."),
    "mean_low": Column("number", "Lower end of the mean's interval, which takes account of schools."),
    "mean_high": Column("number", "Upper end of the mean's interval."),
    "place": Column(
        "whole number or text",
        "Of a school in the figure of schools: its rank, 1 for the lowest. Of a checklist item: where it stands in the "
        "report.",
    ),
    "pattern": Column("text", "What is missing together, with commas; complete, or other for rare patterns together."),
    "std_difference": Column("number", "Difference from the control arm as Hedges' g; empty on the control's rows."),
    # the MDES table
    "row": Column("text", "The quantity in a row of the MDES table: mdes, icc_school, schools, ..."),
    # the seal of the plan
    "sealed": Column("text", "When the plan was sealed, in words that claim no more than is known; or a value then."),
    "sha256": Column("text", "The seal's hash: SHA-256 of the plan and of its instruments' versions."),
    "outcome_files": Column("text", "Files with outcomes that were there at the seal; empty when none was."),
    "key": Column("text", "Where a value stands in the plan, such as outcomes.reading.role."),
    "what": Column("text", "The same in words for a reader."),
    "now": Column("text", "The value in the plan as it was run."),
    # problems
    "severity": Column("text", "error, ask, warn or fixed."),
    "kind": Column("text", "Short name of the kind of problem; of a change of the plan: changed, added, removed."),
    "file": Column("text", "The file the problem is in."),
    "sheet": Column("text", "The sheet of a workbook; empty for text files."),
    "rows": Column("text", "Row numbers as the spreadsheet shows them."),
    "column": Column("text", "Column letter as the spreadsheet shows it."),
    "header": Column("text", "The column's header."),
    "found": Column("text", "What stands there."),
    "allowed": Column("text", "What may stand there."),
    "mend": Column("text", "What to do."),
    "message": Column("text", "The whole problem in one or two sentences."),
}
