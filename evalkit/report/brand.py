"""The look: colours, logo and name of whoever publishes the report, checked for contrast."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from evalkit.errors import ReportError

THEME = Path(__file__).parent / "theme"
FONTS = THEME / "fonts"
FONT_FAMILY = "Inter"
CONTRAST = 4.5  # WCAG 2.1, 1.4.3, for text of ordinary size
HEX = re.compile(r"^#[0-9a-fA-F]{6}$")
LOGO_TYPES = (".svg", ".png", ".jpg", ".jpeg")

# For figures. Told apart by people who see colours differently, and in grey: the steps differ in lightness.
PALETTE: Mapping[str, str] = {
    "primary": "#1f4e79",
    "teal": "#0f8a7a",
    "purple": "#7a2e6e",
    "sky": "#6aa5d8",
    "grey": "#6b7686",
    "rule": "#cfd8e3",
    "ink": "#1b2430",
    "paper": "#ffffff",
}
DIVERGING: tuple[str, ...] = ("#7a2e6e", "#c79abf", "#e4e7ec", "#8fb5d9", "#1f4e79")  # lowest answer to highest
SEQUENTIAL: tuple[str, ...] = ("#e3ecf6", "#b3cde6", "#7fa9d1", "#4a7fb0", "#1f4e79")


@dataclass(frozen=True, slots=True)
class Brand:
    """Colours as `#rrggbb`, and a logo as file name, content and description."""

    name: str = ""
    primary: str = PALETTE["primary"]
    ink: str = PALETTE["ink"]
    paper: str = PALETTE["paper"]
    logo: tuple[str, bytes, str] | None = None

    def colours(self) -> dict[str, str]:
        """All colours of the theme, the softer ones mixed from the three of the brand."""
        return {
            "primary": self.primary,
            "ink": self.ink,
            "paper": self.paper,
            "tint": mix(self.primary, self.paper, 0.055),
            "rule": mix(self.primary, self.paper, 0.2),
            "quiet": mix(self.ink, self.paper, 0.8),
        }


DEFAULT_BRAND = Brand()


def load_brand(path: Path) -> Brand:
    """Read a `_brand.yml`: `meta.name`, `color.palette`, `.primary`, `.foreground`, `.background`, `logo`.

    Raises
    ------
    ReportError
        Broken YAML, an unknown colour, a missing logo, or too little contrast to read: all at once.
    """
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: the brand file cannot be read ({type(error).__name__}).") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ReportError(f"{path.name}, line {line}: this YAML is broken. Write `key: value`.") from None
    if not isinstance(loaded, dict):
        raise ReportError(f"{path.name}: expected keys such as `color` and `logo`.")
    problems: list[str] = []
    brand = Brand(
        name=brand_name(loaded),
        primary=colour(loaded, "primary", DEFAULT_BRAND.primary, problems, path.name),
        ink=colour(loaded, "foreground", DEFAULT_BRAND.ink, problems, path.name),
        paper=colour(loaded, "background", DEFAULT_BRAND.paper, problems, path.name),
        logo=read_logo(loaded, path, problems),
    )
    problems.extend([] if problems else contrast_problems(brand, path.name))
    if problems:
        raise ReportError(f"{path.name} cannot be used:", problems=problems)
    return brand


def brand_name(loaded: Mapping[str, Any]) -> str:
    """The publisher's name, short or full."""
    meta = loaded.get("meta")
    name = meta.get("name", "") if isinstance(meta, dict) else ""
    return str(name.get("full", name.get("short", "")) if isinstance(name, dict) else name)


def colour(loaded: Mapping[str, Any], key: str, default: str, problems: list[str], file: str) -> str:
    """A colour by its key, looked up in the palette when it is a name there."""
    colours = loaded.get("color")
    if not isinstance(colours, dict) or key not in colours:
        return default
    palette = colours.get("palette")
    value = str(colours[key])
    value = str(palette.get(value, value)) if isinstance(palette, dict) else value
    if not HEX.match(value):
        problems.append(
            f"{file}, color.{key}: found {value}. Use six digits such as #1f4e79, or a name in the palette."
        )
        return default
    return value.lower()


def read_logo(loaded: Mapping[str, Any], path: Path, problems: list[str]) -> tuple[str, bytes, str] | None:
    """The logo's file; it must lie beside the brand file or below."""
    entry = loaded.get("logo")
    for size in ("medium", "small", "large"):
        entry = entry.get(size, entry) if isinstance(entry, dict) else entry
    alt = f"Logo of {brand_name(loaded)}".strip() if brand_name(loaded) else "Logo"
    if isinstance(entry, dict):
        alt, entry = str(entry.get("alt", alt)), entry.get("path")
    if not entry:
        return None
    root = path.parent.resolve()
    file = (root / str(entry)).resolve()
    if not file.is_file() or not file.is_relative_to(root) or file.suffix.lower() not in LOGO_TYPES:
        problems.append(f"{path.name}, logo: found {entry}. Give an SVG, PNG or JPEG file in the brand file's folder.")
        return None
    return f"logo{file.suffix.lower()}", file.read_bytes(), alt


def contrast_problems(brand: Brand, file: str) -> list[str]:
    """Pairs of colours that are hard to read."""
    colours = brand.colours()
    problems: list[str] = []
    for front, back in (("ink", "paper"), ("primary", "paper"), ("primary", "tint"), ("quiet", "tint")):
        ratio = contrast(colours[front], colours[back])
        if ratio < CONTRAST:
            problems.append(
                f"{file}: {front} {colours[front]} on {back} {colours[back]} has a contrast of {ratio:.1f}; text needs "
                f"{CONTRAST}. Choose a darker or a lighter colour."
            )
    return problems


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two `#rrggbb` colours, from 1 to 21 (WCAG 2.1, relative luminance)."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of a `#rrggbb` colour, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mix(front: str, back: str, share: float) -> str:
    """`share` of one colour laid on another."""
    pairs = [(int(front[at : at + 2], 16), int(back[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(share * one + (1 - share) * two):02x}" for one, two in pairs)


def figure_style() -> dict[str, Any]:
    """Settings for `matplotlib.rc_context` that match the page: its font, thin lines, no frame, quiet grid."""
    from matplotlib import font_manager

    known = {font.fname for font in font_manager.fontManager.ttflist}
    for file in sorted(FONTS.glob("*.otf")):
        if str(file) not in known:
            font_manager.fontManager.addfont(str(file))
    return {
        "font.family": [FONT_FAMILY, "DejaVu Sans"],
        "font.size": 9.5,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.edgecolor": PALETTE["grey"],
        "axes.labelcolor": PALETTE["ink"],
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": PALETTE["rule"],
        "grid.linewidth": 0.6,
        "text.color": PALETTE["ink"],
        "xtick.color": PALETTE["ink"],
        "ytick.color": PALETTE["ink"],
        "xtick.major.width": 0.8,
        "ytick.major.width": 0.8,
        "legend.frameon": False,
        "figure.facecolor": "none",
        "savefig.facecolor": PALETTE["paper"],
        "figure.constrained_layout.use": True,
    }
