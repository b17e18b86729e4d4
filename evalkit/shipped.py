"""Where the instruments and example analyses that travel with evalkit are found."""

from importlib.resources import files
from pathlib import Path
from typing import Literal

EXAMPLE = "keyham-resilience"  # the analysis that the demonstration shows
ShippedFolder = Literal["instruments", "analyses"]


def shipped(folder: ShippedFolder) -> Path:
    """The folder of shipped instruments or analyses: in an installed wheel, else in the checkout."""
    package = Path(str(files("evalkit")))
    installed = package / "_shipped" / folder
    return installed if installed.is_dir() else package.parent / folder
