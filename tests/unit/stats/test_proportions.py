"""Wilson's interval against a published example and at its edges."""

import pytest

from evalkit.errors import FitError
from evalkit.stats.proportions import wilson


def test_published_example_and_hand_calculation():
    # 31 of 65: 36-60%. By hand z^2 = 3.841459: centre (.476923 + .029550) / 1.059099 = .478211;
    # spread 1.959964 sqrt(.249467/65 + 3.841459/16900) / 1.059099 = 1.959964 * .063763 / 1.059099 = .118001
    found = wilson(31, 65)
    assert (found.low, found.high) == pytest.approx((0.360210, 0.596212), abs=2e-5)


def test_nobody_and_everybody():
    none, everyone = wilson(0, 10), wilson(10, 10)
    assert (none.value, none.low, everyone.value, everyone.high) == (0, 0, 1, 1)
    assert none.high == pytest.approx(1 - everyone.low)
    # z^2 / (n + z^2) = 3.841459 / 13.841459
    assert none.high == pytest.approx(0.277533, abs=1e-6)


@pytest.mark.parametrize(("count", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_refuses_what_is_not_a_share(count, n):
    with pytest.raises(FitError, match="is not a share"):
        wilson(count, n)
