"""The database is restarted while a file waits for its check and a page is open.

Run by test_postgres.py, within pg_virtualenv. Prints `nothing lost` when the page came back, the file was checked and
confirmed once, and nothing stands there twice.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from real_server import Browser, new_server, wait_for, with_people

from evalkit.shipped import shipped

GOOD = (shipped("analyses") / "keyham-resilience" / "data" / "pre.xlsx").read_bytes()
STATES = """
from evalkit.portal.models import SurveyUpload
from evalkit.portal.tenancy import everything
with everything():
    print(*SurveyUpload.objects.values_list("state", flat=True))
"""


def restart() -> None:
    """Stop the database at once, as a power cut would, and start it again."""
    subprocess.run(["pg_ctlcluster", os.environ["PGVERSION"], "regress", "restart", "-m", "immediate"], check=True)


def is_checked(browser: Browser, path: str) -> bool:
    """Whether the check ended; a page that fails while the database is away is asked again, as a person would."""
    try:
        return "Being checked" not in browser.get(path)
    except OSError:
        return False


def confirmed(browser: Browser, path: str, seen: str) -> bool:
    """Whether the receipt came; while the database is away it does not."""
    status, where, _ = browser.post(f"{path}confirm/", {"seen": seen})
    return status == 200 and "receipt" in where


def main() -> None:
    """One file through two restarts."""
    with tempfile.TemporaryDirectory(prefix="evalkit-restart-") as folder:
        server = with_people(new_server(Path(folder), database=os.environ["DATABASE_URL"]))
        server.start("web")
        try:
            browser = Browser(server, 1)
            status, address, _ = browser.upload(GOOD)
            assert status == 200, status
            path = address.split(str(server.port))[1]
            server.start("worker")
            restart()
            wait_for(lambda: is_checked(browser, path), seconds=120)
            page = browser.get(path)
            seen = re.search(r'name="seen" value="([^"]*)"', page)
            assert seen is not None, "not ready"
            restart()
            wait_for(lambda: confirmed(browser, path, seen[1]))
            assert confirmed(browser, path, seen[1])
            assert server.manage("shell", "-v0", "-c", STATES).split() == ["confirmed"]
        finally:
            for name in list(server.processes):
                server.kill(name)
    print("nothing lost")  # noqa: T201


main()
