"""Whether figures about two groups of pupils would, by subtraction, tell about the few pupils in whom they differ."""

from collections.abc import Hashable

from evalkit.stats.vectors import BoolArray

Shown = dict[Hashable, list[BoolArray]]


def may_be_shown(shown: Shown, key: Hashable, pupils: BoolArray, *, threshold: int) -> bool:
    """Whether a figure may stand beside those shown before; if so it is noted as shown.

    Parameters
    ----------
    shown : what is shown already, by key; a figure that may be shown is added
    key : what the figure says (a mean of one score in one arm); only figures with equal keys can be subtracted
    pupils : bool array, shape (n,) - the pupils it is about, of the same n pupils each time

    Returns
    -------
    bool
        False with fewer than `threshold` pupils, and when 1 to threshold - 1 pupils are in one of two groups only.
    """
    if int(pupils.sum()) < threshold:
        return False
    before = shown.setdefault(key, [])
    if any(0 < int((pupils ^ other).sum()) < threshold for other in before):
        return False
    before.append(pupils)
    return True
