"""The letters that a report needs besides the brand's own font."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from evalkit.errors import ReportError

FALLBACK_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf")


def copy_fallback_fonts(folder: Path) -> Path:
    """Copy DejaVu Sans, which has letters that Inter lacks, out of matplotlib (found without importing it).

    Only these files: the same folder holds a last-resort font that has a box for every letter there is.
    """
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ReportError("matplotlib is missing. Install it: pip install matplotlib")
    target = folder / "fonts"
    target.mkdir()
    for name in FALLBACK_FONTS:
        shutil.copyfile(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name, target / name)
    return target
