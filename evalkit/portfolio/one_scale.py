"""Only one and the same scale may be laid side by side: one version (order of items), one answer scale, one score."""

from collections.abc import Sequence

from evalkit.errors import DesignError
from evalkit.records.results import Results


def version_of(results: Results, scale: str) -> str:
    """The version and answer scale that results have a scale (instrument.score) in; empty where they lack it."""
    if "scale_version" not in results.models.columns:
        return ""
    alike = {one.id for one in results.plan.outcomes if one.scale == scale}
    found = results.models.loc[results.models["outcome"].isin(alike), "scale_version"].dropna()
    return str(found.iloc[0]) if len(found) else ""


def refuse_other_versions(results: Sequence[Results], scale: str) -> str:
    """Take the one version of a scale that all results used.

    Parameters
    ----------
    results : two or more; every one has the scale
    scale : instrument.score

    Raises
    ------
    DesignError
        Some lack the scale, or they used it in several versions, item orders or answer scales. Each is named with what
        it used.

    Examples
    --------
    >>> from evalkit.records.results import load_results
    >>> from evalkit.shipped import shipped
    >>> keyham = load_results(shipped("analyses") / "keyham-resilience" / "results.json")
    >>> refuse_other_versions([keyham, keyham], "gse10.total")
    'gse10@1995-en[1-4]'
    """
    used = [(one.plan.id, version_of(one, scale)) for one in results]
    versions = dict.fromkeys(version for _, version in used)
    if len(versions) == 1 and "" not in versions:
        return used[0][1]
    raise DesignError(
        f"{scale} cannot be compared: they did not all use one and the same scale. A mean of one version, item "
        "order or answer scale says nothing beside a mean of another. Compare those that used the same.",
        problems=[f"{name}: {version or 'does not have this scale'}" for name, version in used],
    )
