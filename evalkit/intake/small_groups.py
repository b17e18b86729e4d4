"""Groups so small that no number about them will ever be shown."""

import pandas as pd

from evalkit.intake.findings import Findings
from evalkit.intake.normal import counted, listed, quoted
from evalkit.records.evaluation import Study

SMALL_GROUP_KINDS = ("few_pupils", "small_groups")


def report_small_groups(responses: pd.DataFrame, study: Study, findings: Findings) -> None:
    """Warn of a wave, or a group by a characteristic, with fewer pupils than the plan allows to show."""
    threshold = study.plan.suppression_threshold
    if study.plan.has_groups or responses.empty:
        return
    never = f"Numbers about fewer than {threshold} pupils are never shown, so that nobody can be picked out"
    for wave in study.plan.waves:
        pupils = int((responses["wave"] == wave.id).sum())
        if 0 < pupils < threshold:
            findings.add(
                "warn",
                "few_pupils",
                f"This file has only {counted(pupils, 'pupil')} at '{wave.label}'",
                f"{never}. If classes are missing from the file, add them.",
            )
    for one in study.plan.subgroups:
        if one.id not in responses:
            continue
        counts = responses[responses[one.id] != ""].groupby(one.id)["pupil"].nunique()
        small = counts[counts < threshold]
        if len(small) and len(counts) > 1:
            groups = listed([f"{quoted(str(name))} ({count})" for name, count in small.items()])
            findings.add(
                "warn",
                "small_groups",
                f"{one.label}: {groups} {'has' if len(small) == 1 else 'have'} few pupils",
                f"{never}. Nothing to do.",
            )
