"""Can a reported percentage come from so many pupils? (the GRIM idea, for percentages)."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from evalkit.errors import FitError


def fitting_sizes(percent: str, *, most: int = 100) -> tuple[int, ...]:
    """List the group sizes n for which some whole number of n pupils gives the reported percentage.

    Parameters
    ----------
    percent : str
        As printed, for example "93.75": the digits after the point say how it was rounded.
    most : int
        Largest n to try.

    Returns
    -------
    tuple of int
        Ascending. A published n that is missing here cannot be right, or pupils count with unequal weight.

    Raises
    ------
    FitError
        When the text is no percentage from 0 to 100.

    Notes
    -----
    n fits when a whole k has |100 k / n - percent| <= half a unit of the last digit printed [1]_; halves may have been
    rounded either way. Exact arithmetic.

    References
    ----------
    .. [1] Brown & Heathers (2017). The GRIM test. Soc. Psychol. Personal. Sci. 8(4), 363-369.
       doi:10.1177/1948550616673876

    Examples
    --------
    >>> fitting_sizes("93.75", most=50)
    (16, 32, 48)
    """
    value, half = _read(percent)
    if most < 1:
        raise FitError(f"The largest group size to try is {most}: use 1 or more.")
    return tuple(n for n in range(1, most + 1) if _counts(value, half, n))


def fitting_counts(percent: str, *, n: int) -> tuple[int, ...]:
    """List the counts k of n pupils that print as the reported percentage; empty when none does.

    Examples
    --------
    >>> fitting_counts("48", n=65), fitting_counts("93.75", n=30)
    ((31,), ())
    """
    value, half = _read(percent)
    if n < 1:
        raise FitError(f"n is {n}: a percentage needs at least 1 pupil.")
    return _counts(value, half, n)


def _counts(value: Fraction, half: Fraction, n: int) -> tuple[int, ...]:
    low, high = (value - half) * n / 100, (value + half) * n / 100
    first = max(0, -((-low.numerator) // low.denominator))
    last = min(n, high.numerator // high.denominator)
    return tuple(range(first, last + 1))


def _read(percent: str) -> tuple[Fraction, Fraction]:
    text = percent.strip().removesuffix("%").strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise FitError(f"{percent!r} is not a percentage: write it as printed, for example 93.75.") from None
    if not number.is_finite() or not 0 <= number <= 100:
        raise FitError(f"{percent!r} is not a percentage: it must lie between 0 and 100.")
    digits = len(text.partition(".")[2])
    return Fraction(number), Fraction(1, 2 * 10**digits)
