"""Leave the long simulations out unless they are asked for (pytest -m slow), and make Django ready."""

import os
import tempfile

os.environ.setdefault("EVALKIT_PORTAL_TRIAL", "1")
os.environ.setdefault("EVALKIT_PORTAL_DATA", tempfile.mkdtemp(prefix="evalkit-portal-tests-"))

from evalkit.portal.start import set_up

set_up()


def pytest_collection_modifyitems(config, items):
    if "slow" in config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow") is not None]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
