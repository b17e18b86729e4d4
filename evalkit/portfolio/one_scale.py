"""Only one and the same scale may be laid side by side: one version (order of items), one answer scale, one score."""

from evalkit.records.results import Results


def version_of(results: Results, scale: str) -> str:
    """The version and answer scale that results have a scale (instrument.score) in; empty where they lack it."""
    if "scale_version" not in results.models.columns:
        return ""
    alike = {one.id for one in results.plan.outcomes if one.scale == scale}
    found = results.models.loc[results.models["outcome"].isin(alike), "scale_version"].dropna()
    return str(found.iloc[0]) if len(found) else ""
