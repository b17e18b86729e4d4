"""Can a reported percentage come from so many pupils? (the GRIM idea, for percentages)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from evalkit.errors import FitError


@dataclass(frozen=True, slots=True)
class Grim:
    """Which group sizes n can have given the percentages that were printed.

    Attributes
    ----------
    percents : tuple of str
        As printed.
    max_n : int
        Largest n that was tried.
    sizes : tuple of int
        Every n up to `max_n` that fits all of them; empty: none does.
    all_from : int
        From this n on, every n fits: a percentage rounded so coarsely tells nothing about n.
    """

    percents: tuple[str, ...]
    max_n: int
    sizes: tuple[int, ...]
    all_from: int

    @property
    def least(self) -> int | None:
        """The smallest n that fits, if any was found."""
        return self.sizes[0] if self.sizes else None


def grim(percent: float | str | Sequence[float | str], *, decimals: int | None = None, max_n: int = 100) -> Grim:
    """List the group sizes from which a printed percentage can come.

    Parameters
    ----------
    percent : number, text or several of these
        As printed. Several: the same people answered every question, so one n must fit all of them.
    decimals : int, optional
        Digits after the point, when numbers are given that were printed with more zeros: 93.5 printed as 93.50 has 2.
    max_n : int
        Largest n to try: how many could have answered.

    Returns
    -------
    Grim

    Raises
    ------
    FitError
        When something is no percentage from 0 to 100, or has more digits than `decimals`.

    Notes
    -----
    As `fitting_sizes` of `evalkit.stats.reported_share` [1]_, and n must fit every percentage.

    References
    ----------
    .. [1] Brown & Heathers (2017). The GRIM test. Soc. Psychol. Personal. Sci. 8(4), 363-369.
       doi:10.1177/1948550616673876

    Examples
    --------
    >>> grim(93.75, max_n=50).sizes
    (16, 32, 48)
    >>> grim([87.5, 93.75, 100], max_n=48).sizes
    (16, 32, 48)
    """
    if not isinstance(percent, str | int | float | Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FitError(f"{percent!r} is not a percentage: write it as printed, for example 93.75.")
    given = [percent] if isinstance(percent, str | int | float) else list(percent)
    printed = tuple(_printed(one, decimals) for one in given)
    if not printed:
        raise FitError("There is no percentage to check: give one or more.")
    sizes = [fitting_sizes(one, most=max_n) for one in printed]
    fitting = tuple(n for n in sizes[0] if all(n in others for others in sizes[1:]))
    digits = min(len(_number_text(one).partition(".")[2]) for one in printed)
    return Grim(printed, max_n, fitting, all_from=10 ** (digits + 2))


def _printed(percent: float | str, decimals: int | None) -> str:
    text = percent if isinstance(percent, str) else f"{Decimal(str(percent)):f}"
    if isinstance(percent, float) and percent.is_integer():
        text = str(int(percent))
    if decimals is None:
        return text
    whole, _, digits = _number_text(text).partition(".")
    if len(digits) > decimals >= 0:
        raise FitError(f"{text} has more than {decimals} digits after the point. Give it as it was printed.")
    return f"{whole}.{digits.ljust(decimals, '0')}" if decimals > 0 else whole


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
    text = _number_text(percent)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise FitError(f"{percent!r} is not a percentage: write it as printed, for example 93.75.") from None
    if not number.is_finite() or not 0 <= number <= 100:
        raise FitError(f"{percent!r} is not a percentage: it must lie between 0 and 100.")
    digits = len(text.partition(".")[2])
    return Fraction(number), Fraction(1, 2 * 10**digits)


def _number_text(percent: str) -> str:
    return percent.strip().removesuffix("%").strip()
