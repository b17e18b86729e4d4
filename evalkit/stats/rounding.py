"""Round as people do before a value is looked up in a published table."""

import math
from decimal import ROUND_HALF_UP, Decimal

from evalkit.errors import FitError

# Digits that a computed number is trusted to: 0.284999999999998 was 0.285 before the computer touched it.
TRUSTED_DIGITS = 10


def round_half_up(value: float, decimals: int) -> float:
    """Round a half away from zero, at `decimals` places.

    Parameters
    ----------
    value : float, finite
    decimals : int, 0 to 9

    Returns
    -------
    float

    Raises
    ------
    FitError
        When the value is missing or infinite.

    Examples
    --------
    >>> round_half_up(0.205, 2), round_half_up(-0.205, 2), round_half_up(20.5, 0)
    (0.21, -0.21, 21.0)
    """
    if not math.isfinite(value):
        raise FitError("A missing or infinite number cannot be rounded: work it out first, or leave the rating out.")
    trusted = Decimal(f"{value:.{TRUSTED_DIGITS}f}")
    return float(trusted.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)) + 0.0
