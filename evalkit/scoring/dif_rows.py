"""Whether groups of pupils answered single items of a scale differently although their scores are alike."""

import math

import numpy as np

from evalkit.errors import FitError
from evalkit.records.standards import MeasurementStandards
from evalkit.scoring.drawn import Draw
from evalkit.scoring.factor_rows import Scale
from evalkit.scoring.rules import BoolArray
from evalkit.stats.item_functioning import ItemFunctioning, item_functioning
from evalkit.stats.multiplicity import holm

TOO_FEW = "Only one group has {least} pupils or more with full answers, so there is nothing to compare."
NUMBERS = ("odds_ratio", "r2_change", "p_value", "p_adjusted")


def dif_rows(
    scale: Scale,
    rows: BoolArray,
    values: "np.ndarray",
    *,
    wave: str,
    subgroup: str,
    level: float,
    standards: MeasurementStandards,
    threshold: int,
    draw: Draw,
) -> list[dict[str, object]]:
    """Rows of `Quality.dif` for one scale and subgroup: every other group against the largest.

    Groups with fewer pupils than standards.yaml asks for (or than may be shown) are left out.
    """
    whole = rows & ~np.isnan(scale.keyed).any(axis=1)
    named = whole & (values != "") & (values != "nan") & (values != "<NA>")
    least = max(int(standards.fewest_per_group.value), threshold)
    texts = values.astype(str)
    names, counts = np.unique(texts[named], return_counts=True)
    order = sorted(range(len(names)), key=lambda place: (-counts[place], names[place]))
    large = [str(names[place]) for place in order if counts[place] >= least]
    blank: dict[str, object] = {
        "scale": scale.id, "wave": wave, "subgroup": subgroup, "reference": "", "focal": "", "item": "", "label": "",
        "n_reference": 0, "n_focal": 0, "size": "", "flagged": "", "reason": "",
    }  # fmt: skip
    blank |= dict.fromkeys(NUMBERS, math.nan)
    if len(large) < 2 or len(scale.items) < 3:
        reason = TOO_FEW.format(least=least) if len(large) < 2 else "A scale of 3 items or more is needed."
        return [blank | {"reason": reason}]
    found: list[dict[str, object]] = []
    for focal in large[1:]:
        both = [named & (texts == name) for name in (large[0], focal)]
        drawn = [draw.rows(one) for one in both]
        chosen = drawn[0] | drawn[1]
        groups = drawn[1][chosen].astype(np.int64)
        told = draw.told(int(chosen.sum()), sum(int(one.sum()) for one in both))
        here = blank | {
            "reference": large[0],
            "focal": focal,
            "n_reference": int((groups == 0).sum()),
            "n_focal": int((groups == 1).sum()),
        }
        try:
            tested = item_functioning(scale.keyed[chosen], groups, alpha=level)
        except FitError as error:
            found.append(here | {"reason": error.message})
            continue
        adjusted = holm([one.total.p_value for one in tested.items])
        for item, one, p in zip(scale.items, tested.items, adjusted, strict=True):
            row = _numbers(one, float(p), level, standards)
            row["reason"] = row["reason"] or told
            found.append(here | {"item": item, "label": scale.label(item)} | row)
    return found


def size_of(r2_change: float, standards: MeasurementStandards) -> str:
    """How large a gain in Nagelkerke's R-square is; empty where it is not known."""
    if math.isnan(r2_change):
        return ""
    if r2_change < standards.item_r2_moderate.value:
        return "negligible"
    return "moderate" if r2_change < standards.item_r2_large.value else "large"


def _numbers(one: ItemFunctioning, p: float, level: float, standards: MeasurementStandards) -> dict[str, object]:
    size = size_of(one.total.nagelkerke, standards)
    return {
        "odds_ratio": one.odds_ratio,
        "r2_change": one.total.nagelkerke,
        "size": size,
        "p_value": one.total.p_value,
        "p_adjusted": p,
        "flagged": "" if one.reason else "yes" if p < level and size != "negligible" else "no",
        "reason": one.reason,
    }
