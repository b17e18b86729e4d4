"""The one way in which tests hold numbers against an oracle."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

DEFAULT_RTOL = 1e-6
DEFAULT_ATOL = 1e-9


def compare(
    actual: Any,
    expected: Any,
    *,
    rtol: float = DEFAULT_RTOL,
    atol: float = DEFAULT_ATOL,
    reason: str | None = None,
) -> None:
    """Fail unless `actual` holds every number of `expected`, within atol + rtol * |expected|.

    Parameters
    ----------
    actual, expected : mapping, frame, record, sequence or scalar
        Mappings, frames and dataclass instances are compared key by key (a frame's columns are its keys); sequences and
        arrays element by element, of equal length; numbers within tolerance; anything else by equality. `actual` may
        hold more keys than `expected`, never fewer. JSON null stands for a missing number.
    rtol, atol : float
    reason : str
        Why a tolerance looser than the default is right. Required for such a tolerance.

    Raises
    ------
    AssertionError
        With every difference, one per line.
    """
    if (rtol > DEFAULT_RTOL or atol > DEFAULT_ATOL) and not (reason and reason.strip()):
        raise AssertionError(f"A tolerance looser than rtol={DEFAULT_RTOL}, atol={DEFAULT_ATOL} needs a reason.")
    differences = _differences(actual, expected, rtol, atol, "")
    if differences:
        raise AssertionError("\n".join(["differs from the oracle:", *differences]))


def _differences(actual: Any, expected: Any, rtol: float, atol: float, path: str) -> list[str]:
    keyed = _as_mapping(expected)
    if keyed is not None:
        found = _as_mapping(actual)
        if found is None:
            return [f"{path or 'actual'}: expected keys {list(keyed)}, found {type(actual).__name__}"]
        lines = [f"{path}{key}: missing" for key in keyed if key not in found]
        if not keyed:
            lines.append(f"{path or 'expected'}: is empty, so nothing would be compared")
        for key in keyed:
            if key in found:
                lines += _differences(found[key], keyed[key], rtol, atol, f"{path}{key}.")
        return lines
    listed = _as_list(expected)
    if listed is not None:
        found_list = _as_list(actual)
        if found_list is None or len(found_list) != len(listed):
            size = "no list" if found_list is None else f"length {len(found_list)}"
            return [f"{path}: expected length {len(listed)}, found {size}"]
        return [
            line
            for number, (one, other) in enumerate(zip(found_list, listed, strict=True))
            for line in _differences(one, other, rtol, atol, f"{path}{number}.")
        ]
    return [] if _matches(actual, expected, rtol, atol) else [f"{path.rstrip('.')}: expected {expected}, got {actual}"]


def _as_mapping(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "columns") and hasattr(value, "__getitem__"):
        return {column: list(value[column]) for column in value.columns}
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None and not isinstance(value, type):
        return {name: getattr(value, name) for name in fields}
    return None


def _as_list(value: Any) -> list[Any] | None:
    if isinstance(value, str | bytes) or getattr(value, "ndim", 1) == 0:
        return None
    return list(value) if isinstance(value, Sequence) or hasattr(value, "tolist") else None


def _plain(value: Any) -> Any:
    """A numpy scalar as the Python value it stands for."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def _matches(actual: Any, expected: Any, rtol: float, atol: float) -> bool:
    actual, expected = _plain(actual), _plain(expected)
    if _is_missing(expected) or _is_missing(actual):
        return _is_missing(expected) and _is_missing(actual)
    if not _is_number(actual) or not _is_number(expected):
        return type(actual) is type(expected) and actual == expected
    if math.isinf(expected) or math.isinf(actual):
        return float(actual) == float(expected)
    return abs(float(actual) - float(expected)) <= atol + rtol * abs(float(expected))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, Real) and math.isnan(value))
