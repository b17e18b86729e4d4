"""The pandoc program that travels with evalkit: where it is and which version."""

import subprocess
from functools import cache

TIMEOUT = 120  # seconds; a report takes a tenth of one


@cache
def pandoc_path() -> str:
    """The pandoc program that pypandoc brought."""
    import pypandoc

    return str(pypandoc.get_pandoc_path())


@cache
def pandoc_version() -> str:
    """Its version, such as `3.9`."""
    done = subprocess.run([pandoc_path(), "--version"], capture_output=True, timeout=TIMEOUT, check=True)
    return done.stdout.decode().split("\n")[0].split()[-1].strip()
