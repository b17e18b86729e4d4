"""Leave the long simulations out unless they are asked for (pytest -m slow), and make Django ready.

Python looks for garbage again and again among everything that collecting the tests has made, which takes a tenth of the
run: it is told to look only when the tests begin, only at what they make themselves, and less often.
"""

import gc
import os
import tempfile

os.environ.setdefault("EVALKIT_PORTAL_TRIAL", "1")
os.environ.setdefault("EVALKIT_PORTAL_DATA", tempfile.mkdtemp(prefix="evalkit-portal-tests-"))

from evalkit.portal.start import set_up

set_up()
gc.disable()


def pytest_collection_finish():
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_collection_modifyitems(config, items):
    if "slow" in config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow") is not None]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
