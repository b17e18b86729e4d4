"""Numbers as a reader sees them: the only place where anything is rounded."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

MINUS = "\N{MINUS SIGN}"
SUPPRESSED = "c"
ABSENT = "–"
FEW_FOR_DECIMALS = 200
EXTRA_DIGITS = 2
_STEP: ContextVar[int] = ContextVar("step", default=1)


@contextmanager
def counts_rounded(to: int) -> Iterator[None]:
    """Within it numbers are written for results whose counts of pupils were rounded to multiples (`published`)."""
    before = _STEP.set(to)
    try:
        yield
    finally:
        _STEP.reset(before)


def counts_rounded_to() -> int:
    """The multiple that counts of pupils are rounded to here; 1: they are exact."""
    return _STEP.get()


def known(value: float | None) -> bool:
    """Whether there is a number at all (not None, not NaN, not infinite)."""
    return value is not None and math.isfinite(value)


def fixed(value: float | None, digits: int) -> str:
    """A number with so many decimals, a true minus sign and never "-0".

    >>> fixed(-1.25, 1), fixed(-0.01, 1), fixed(None, 1)
    ('−1.2', '0.0', '–')
    """
    if value is None or not math.isfinite(value):
        return ABSENT
    text = f"{value:,.{digits}f}"
    if not text.strip("-0.,"):
        return text.removeprefix("-")
    return text.replace("-", MINUS)


def signed(value: float | None, digits: int) -> str:
    """As `fixed`, with a plus sign before a number above zero.

    >>> signed(3.14, 1), signed(-3.14, 1), signed(0.0, 1)
    ('+3.1', '−3.1', '0.0')
    """
    text = fixed(value, digits)
    above = value is not None and value > 0 and bool(text.strip("0.,"))
    return f"+{text}" if above and text != ABSENT else text


def end(value: float | None, digits: int) -> str:
    """One end of an interval: more decimals when it would round to zero without being zero.

    A reader checks whether an interval holds zero, so 0.03 must not read "0.0".

    >>> end(0.03, 1), end(-0.003, 1), end(0.0, 1)
    ('0.03', '−0.003', '0.0')
    """
    for extra in range(EXTRA_DIGITS + 1):
        text = fixed(value, digits + extra)
        if not known(value) or value == 0 or text.strip(f"{MINUS}0.,"):
            return text
    return fixed(value, digits)


def interval(low: float | None, high: float | None, *, digits: int) -> str:
    """Both ends of an interval, for a sentence or a cell.

    >>> interval(-0.31, 2.04, digits=1)
    '−0.3 to 2.0'
    """
    if not (known(low) and known(high)):
        return ABSENT
    return f"{end(low, digits)} to {end(high, digits)}"


def count(value: float | None) -> str:
    """A number of pupils; thousands with a comma. Half a step stands for fewer than one, see `published_count`.

    >>> count(1234.0), count(None)
    ('1,234', '–')
    >>> with counts_rounded(5):
    ...     count(2.5), count(52.5), count(3)
    ('fewer than 5', '50', '3')
    """
    return fixed(value, 0) if value is None or float(value).is_integer() else _of_pupils(value)


def _of_pupils(value: float) -> str:
    """A count that is certainly one of pupils, to the nearest multiple."""
    step = _STEP.get()
    if step == 1 or not math.isfinite(value):
        return fixed(value, 0)
    return f"fewer than {step}" if 0 < value < step else fixed(step * math.ceil(value / step - 0.5), 0)


def percent(value: float | None, *, n: float | None) -> str:
    """A percentage (0 to 100): without decimals when it rests on fewer than 200, or on a number nobody knows.

    >>> percent(66.7, n=51), percent(66.66, n=300), percent(66.7, n=None)
    ('67%', '66.7%', '67%')
    """
    if not known(value):
        return ABSENT
    return f"{fixed(value, _percent_digits(n))}%"


def _percent_digits(n: float | None) -> int:
    return 1 if n is not None and math.isfinite(n) and n >= FEW_FOR_DECIMALS and _STEP.get() == 1 else 0


def signed_percent(value: float | None, *, n: float | None) -> str:
    """A change in percent with its sign, rounded as `percent`.

    >>> signed_percent(-4.4, n=51)
    '−4%'
    """
    if not known(value):
        return ABSENT
    return f"{signed(value, _percent_digits(n))}%"


def tenths(value: float | None) -> str:
    """A percentage (0 to 100) for a column of them: one decimal, none where counts are rounded.

    >>> tenths(66.66)
    '66.7'
    """
    return fixed(value, 1 if _STEP.get() == 1 else 0)


def part(some: float | None, of: float | None) -> str:
    """A share with its fraction beside it.

    >>> part(34, 51), part(34, None), part(None, 51), part(0, 0)
    ('67% (34 of 51)', '34 (of how many is not known)', 'c', '0 of 0')
    """
    if some is None or not math.isfinite(some):
        return SUPPRESSED
    if of is None or not math.isfinite(of):
        return f"{count(some)} (of how many is not known)"
    if of == 0 or 0 < some < counts_rounded_to() > 1:
        return f"{_of_pupils(some)} of {_of_pupils(of)}"
    return f"{percent(100 * some / of, n=of)} ({_of_pupils(some)} of {_of_pupils(of)})"


def pupils(some: float | None, of: float | None) -> str:
    """A number of pupils with its share, to stand inside a sentence.

    >>> pupils(34, 51), pupils(34, None)
    ('34 of 51 pupils (67%)', '34 pupils (of how many is not known)')
    """
    if some is None or not math.isfinite(some):
        return SUPPRESSED
    if of is None or not math.isfinite(of) or of == 0:
        return f"{count(some)} pupils (of how many is not known)"
    if 0 < some < counts_rounded_to() > 1:
        return f"{_of_pupils(some)} of {_of_pupils(of)} pupils"
    return f"{_of_pupils(some)} of {_of_pupils(of)} pupils ({percent(100 * some / of, n=of)})"


def share(value: float | None) -> str:
    """A share from 0 to 1 as a percentage without decimals.

    >>> share(0.094)
    '9%'
    """
    return ABSENT if value is None or not math.isfinite(value) else f"{fixed(100 * value, 0)}%"


def change(value: float | None) -> str:
    """A change in percentage points of the scale's range, with its sign.

    >>> change(3.14)
    '+3.1'
    """
    return signed(value, 1)


def size(value: float | None) -> str:
    """The same without its sign, for sentences that say rose or fell; never "0.0" for what is not zero.

    >>> size(-3.14), size(0.04)
    ('3.1', '0.04')
    """
    return end(abs(value), 1) if value is not None and math.isfinite(value) else ABSENT


def effect(value: float | None) -> str:
    """A standardised effect size or a correlation: two decimals.

    >>> effect(-0.345), effect(0.2)
    ('−0.34', '0.20')
    """
    return fixed(value, 2)


def reliability(value: float | None) -> str:
    """Alpha, omega or a retest correlation: two decimals.

    >>> reliability(0.8123)
    '0.81'
    """
    return fixed(value, 2)


def score(value: float | None, *, low: float, high: float) -> str:
    """A score or a mean on the scale's own points: as many decimals as its range asks for.

    >>> score(3.456, low=1, high=5), score(27.31, low=10, high=40)
    ('3.46', '27.3')
    """
    text = fixed(value, 2 if high - low < 10 else 1)
    return text.removesuffix("0") if _STEP.get() > 1 and text[-3:-2] == "." else text  # a second decimal is not known


def bayes_factor(value: float | None) -> str:
    """A Bayes factor.

    >>> bayes_factor(0.4567), bayes_factor(23.45), bayes_factor(5432.1)
    ('0.46', '23.4', 'over 1,000')
    """
    if not known(value) or value is None:
        return ABSENT
    if value > 1000:
        return "over 1,000"
    if 0 < value < 0.001:
        return "under 0.001"
    return fixed(value, 1 if value >= 10 else 2)


def p_value(value: float | None) -> str:
    """A p-value with its sign of equality, to two significant digits.

    >>> p_value(0.312), p_value(0.0312), p_value(0.0049), p_value(0.0004), p_value(0.999)
    ('p = 0.31', 'p = 0.031', 'p = 0.0049', 'p < 0.001', 'p > 0.99')
    """
    if not known(value):
        return ABSENT
    return f"p {bare_p(value, equals=True)}"


def bare_p(value: float | None, *, equals: bool = False) -> str:
    """A p-value for a table whose column says p already.

    >>> bare_p(0.0312), bare_p(0.0004)
    ('0.031', '< 0.001')
    """
    if value is None or not math.isfinite(value):
        return ABSENT
    if value < 0.001:
        return "< 0.001"
    if value > 0.99:
        return "> 0.99"
    digits = next((places for places in (2, 3) if round(value, places + 1) >= 10 ** (1 - places)), 4)
    return f"{'= ' if equals else ''}{fixed(value, digits)}"


def short_hash(text: str) -> str:
    """The first twelve letters of a hash."""
    return text[:12]


def listed(words: Sequence[str], *, joint: str = "and") -> str:
    """Words in a row, British style.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], joint="or")
    ('a', 'a and b', 'a, b or c')
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"
