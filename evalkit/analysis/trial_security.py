"""The EEF's security rating of a trial: padlocks before and after threats, and the threats as they were rated."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from evalkit.records.evaluation import Evaluation
from evalkit.records.outcome import Outcome
from evalkit.records.standards_trial import DesignRung, PadlockStandards, SecurityThreat
from evalkit.stats.ratings import InterimPadlocks, Threat, final_padlocks, interim_padlocks

PADLOCK_COLUMNS = ("outcome", "column", "value", "padlocks", "note", "status", "source")
THREAT_COLUMNS = ("threat", "title", "level", "direction", "reason")
RANDOMISED = "randomised"
NOT_RATED = "not rated"


@dataclass(frozen=True, slots=True)
class DetectableEffect:
    """The MDES at randomisation and, where the plan does not state its numbers, what it was worked out from."""

    value: float
    note: str = ""


def padlocks(
    plan: Evaluation,
    *,
    mdes: Mapping[str, DetectableEffect],
    attrition: pd.DataFrame,
    standards: PadlockStandards,
    threats: Sequence[SecurityThreat],
    designs: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Rate every primary outcome.

    Parameters
    ----------
    plan : its `security` holds the threats as the evaluator rated them
    mdes : outcome -> MDES at randomisation
    attrition : frame - ATTRITION_COLUMNS; the pupils of all arms together count
    standards, threats : from the standards
    designs : outcome -> design of the rule (`padlocks.designs` of the standards); randomised when left out

    Returns
    -------
    frame, PADLOCK_COLUMNS
        Rows `design`, `mdes` (in SDs), `attrition` (in percent), `interim` (the lowest) and, where threats were rated,
        `final`; its padlocks are empty where the published rule has a gap ("needs reviewer judgement") or a threat was
        not rated. `status` and `source` are of the threshold that decided. An outcome without an MDES or an attrition
        that may be shown has no interim rating.
    """
    rows: list[tuple[object, ...]] = []
    for outcome in plan.outcomes:
        if outcome.role != "primary":
            continue
        lost = attrition[
            (attrition["outcome"] == outcome.id) & (attrition["level"] == "pupil") & (attrition["arm"] == "all")
        ]["lost_percent"]
        share = float(lost.iloc[0]) / 100 if len(lost) else math.nan
        found = mdes.get(outcome.id, DetectableEffect(math.nan, "the MDES at randomisation is not known"))
        rung = next(one for one in standards.designs if one.design == (designs or {}).get(outcome.id, RANDOMISED))
        rows += [(outcome.id, *row) for row in _rating(outcome, plan, rung, found, share, standards, threats)]
    table = pd.DataFrame(rows, columns=list(PADLOCK_COLUMNS))
    return table.astype({name: "float64" if name in ("value", "padlocks") else "str" for name in PADLOCK_COLUMNS})


def threats_table(plan: Evaluation, threats: Sequence[SecurityThreat]) -> pd.DataFrame:
    """The threats to validity with the evaluator's rating of each; `not rated` for one that was forgotten.

    Returns
    -------
    frame, THREAT_COLUMNS
        Empty where nobody rated them.
    """
    security = plan.groups.security if plan.groups else None
    rows: list[tuple[str, ...]] = []
    for threat in threats if security else ():
        rated = security.threats.get(threat.id) if security else None
        given = (rated.level, rated.direction, rated.reason) if rated else (NOT_RATED, "", "")
        rows.append((threat.id, threat.title, *given))
    return pd.DataFrame(rows, columns=list(THREAT_COLUMNS)).astype("str")


def _rating(
    outcome: Outcome,
    plan: Evaluation,
    rung: DesignRung,
    mdes: DetectableEffect,
    share: float,
    standards: PadlockStandards,
    threats: Sequence[SecurityThreat],
) -> list[tuple[object, ...]]:
    """The rows of one outcome, without its id."""
    design = ("design", math.nan, rung.padlocks, rung.meaning, rung.status, rung.source)
    if not (mdes.value > 0 and 0 <= share <= 1):
        return [
            design,
            ("mdes", mdes.value, math.nan, mdes.note, standards.mdes.status, standards.mdes.source),
            ("attrition", 100 * share, math.nan, "", standards.attrition.status, standards.attrition.source),
        ]
    interim = interim_padlocks(
        rung.padlocks,
        mdes=mdes.value,
        attrition=share,
        mdes_bounds=standards.mdes.values,
        attrition_bounds=standards.attrition.values,
        mdes_decimals=int(standards.mdes_decimals.value),
        attrition_decimals=int(standards.attrition_decimals.value),
    )
    began = "randomised" if plan.is_trial else "of both groups"
    lost = f"pupils {began} who are not in the primary analysis"
    columns = {
        "design": design,
        "mdes": ("mdes", mdes.value, interim.mdes, mdes.note, standards.mdes.status, standards.mdes.source),
        "attrition": (
            *("attrition", 100 * share, interim.attrition, lost),
            *(standards.attrition.status, standards.attrition.source),
        ),
    }
    decided = [columns[name] for name in interim.limited_by]
    status, source = _least_checked([(str(row[4]), str(row[5])) for row in decided])
    note = f"the lowest of the three: {', '.join(interim.limited_by)}"
    rows = [*columns.values(), ("interim", math.nan, interim.padlocks, note, status, source)]
    return [*rows, *_final(outcome, plan, interim, standards, threats)]


def _final(
    outcome: Outcome,
    plan: Evaluation,
    interim: InterimPadlocks,
    standards: PadlockStandards,
    threats: Sequence[SecurityThreat],
) -> list[tuple[object, ...]]:
    """The row after threats; none where nobody rated them."""
    security = plan.groups.security if plan.groups else None
    if security is None:
        return []
    rule = standards.most_subtracted
    required = [one.id for one in threats]
    left_out = [name for name in required if name not in security.threats]
    unknown = [name for name in security.threats if name not in required]
    if left_out or unknown:
        parts = [f"not rated: {', '.join(left_out)}"] if left_out else []
        parts += [f"no threat of this rule: {', '.join(unknown)}"] if unknown else []
        return [("final", math.nan, math.nan, "; ".join(parts), rule.status, rule.source)]
    rated = {name: Threat(one.level, one.direction) for name, one in security.threats.items()}
    found = final_padlocks(interim.padlocks, rated, required=required)
    notes = [f"rated by {security.rated_by}: {found.reason}"]
    if found.needs_reviewer_judgement:
        notes.append("needs reviewer judgement")
    if outcome.made_by_developer:
        price = standards.developer_outcome
        notes.append(
            f"the measure was made by the developer, which may cost {price.value:g} more (status {price.status})"
        )
    locks = math.nan if found.padlocks is None else found.padlocks
    return [("final", math.nan, locks, "; ".join(notes), rule.status, rule.source)]


def _least_checked(found: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The status that is least certain (M before D before V) with its source."""
    return min(found, key=lambda one: "MDV".index(one[0]))
