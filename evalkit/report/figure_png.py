"""Pictures as dots, for Word: made from the SVG that the page and the PDF show, so that all three are one picture."""

import math
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from evalkit.errors import ReportError
from evalkit.report.fonts import copy_fallback_fonts

DOTS = 180  # per inch
POINTS = 72  # per inch
POINTS_OF = {"pt": 1.0, "px": 0.75, "": 0.75, "in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4}
ROOT = re.compile(r"<svg\b[^>]*>", re.DOTALL)
SIDE = re.compile(r"\s(width|height)=[\"']([\d.]+)(pt|px|in|cm|mm|)[\"']")


def draw_dots(pictures: Sequence[bytes]) -> list[bytes]:
    """Draw SVG pictures as PNG, `DOTS` to the inch, the same bytes each time.

    Parameters
    ----------
    pictures : sequence of bytes
        SVG files; text in them is set in DejaVu Sans.

    Raises
    ------
    ReportError
        One of them is not a picture.
    """
    import typst

    if not pictures:
        return []
    with tempfile.TemporaryDirectory(prefix="evalkit-pictures-") as name:
        folder = Path(name)
        pages = [_page(folder, rank, picture) for rank, picture in enumerate(pictures)]
        (folder / "pages.typ").write_text("\n".join(pages), encoding="utf-8")
        fonts = [str(copy_fallback_fonts(folder))]
        try:
            made = typst.compile(
                str(folder / "pages.typ"),
                root=str(folder),
                font_paths=fonts,
                ignore_system_fonts=True,
                format="png",
                ppi=DOTS,
            )
        except typst.TypstError as error:
            raise ReportError(f"A picture cannot be drawn for Word: {error.message}") from None
    pages = cast("bytes | list[bytes] | None", made)  # typst's own annotation knows one page only
    return [pages] if isinstance(pages, bytes) else list(pages or [])


def _page(folder: Path, rank: int, picture: bytes) -> str:
    """A page of the picture's size in whole dots: between dots, the drawing would lose lines of them."""
    (folder / f"{rank}.svg").write_bytes(picture)
    root = ROOT.search(picture.decode("utf-8", errors="replace"))
    sides = {
        found[1]: _whole(float(found[2]) * POINTS_OF[found[3]]) for found in SIDE.finditer(root[0] if root else "")
    }
    if len(sides) < 2:
        return f'#page(width: auto, height: auto, margin: 0pt, image("{rank}.svg"))'
    size = f"width: {sides['width']:.4f}pt, height: {sides['height']:.4f}pt"
    return f'#page({size}, margin: 0pt, image("{rank}.svg", {size}, fit: "stretch"))'


def _whole(points: float) -> float:
    return max(math.ceil(points * DOTS / POINTS - 0.01), 1) * POINTS / DOTS
