"""The layout by an installed Quarto."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from evalkit.errors import ReportError
from evalkit.report.brand import FONT_FAMILY, FONTS, THEME, Brand
from evalkit.report.docx_file import reference_docx
from evalkit.report.embedded import fixed_environment, write_sources
from evalkit.report.renderer import Availability
from evalkit.report.static import Format, StaticDoc

TARGETS: Mapping[Format, str] = {"html": "html", "pdf": "typst", "docx": "docx"}
SUFFIXES: Mapping[Format, str] = {"html": ".html", "pdf": ".pdf", "docx": ".docx"}
OLDEST, TRIED = (1, 6), (1, 10)
TIMEOUT = 300
INSTALL = "Install it from https://quarto.org/docs/get-started/ and open a new terminal, or use the renderer embedded."


class QuartoRenderer:
    """Lays out with `quarto render` on a document that holds no code."""

    name = "quarto"

    def available(self) -> Availability:
        """Whether a Quarto of at least 1.6 is on the path; below 1.10 with a warning."""
        program = shutil.which("quarto")
        if program is None:
            return Availability(False, "", f"Quarto is not installed. {INSTALL}")
        try:
            done = subprocess.run([program, "--version"], capture_output=True, timeout=TIMEOUT, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Availability(False, "", f"Quarto does not start ({type(error).__name__}). {INSTALL}")
        text = done.stdout.decode(errors="replace").strip()
        numbers = re.match(r"(\d+)\.(\d+)", text)
        version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
        if version < OLDEST:
            return Availability(
                False, text, f"Quarto {text or 'of an unknown version'} is too old; 1.6 is needed. {INSTALL}"
            )
        warning = f"Quarto {text} is older than 1.10, the one evalkit was tried with." if version < TRIED else ""
        return Availability(True, text, warning)

    def render(self, doc: StaticDoc, out: Path, *, brand: Brand) -> None:
        """Lay a static document out in a folder of its own.

        Raises
        ------
        ReportError
            Quarto is missing or refuses the document; its own words are passed on.
        """
        availability = self.available()
        if not availability.found:
            raise ReportError(f"The renderer quarto cannot be used: {availability.reason}")
        with tempfile.TemporaryDirectory(prefix="evalkit-quarto-") as name:
            folder = Path(name)
            write_sources(doc, folder, brand, made_by=f"Quarto {availability.version}")
            write_theme(doc, folder, brand, version=availability.version)
            made = folder / f"report{SUFFIXES[doc.fmt]}"
            run_quarto(doc, folder)
            if not made.is_file():
                raise ReportError(
                    f"{doc.name}: Quarto ended without an error but made no {made.name}. Use embedded instead."
                )
            out.write_bytes(made.read_bytes())


def run_quarto(doc: StaticDoc, folder: Path) -> None:
    """Run `quarto render` in the folder."""
    program = shutil.which("quarto") or "quarto"
    command = [program, "render", "report.qmd", "--to", TARGETS[doc.fmt], "--metadata-file", "layout.yml", "--quiet"]
    try:
        done = subprocess.run(
            command, cwd=folder, env=fixed_environment(doc), capture_output=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise ReportError(f"{doc.name}: Quarto took more than {TIMEOUT} seconds and was stopped.") from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        said = " ".join(lines[-4:]) or "nothing"
        raise ReportError(f"{doc.name}: Quarto could not lay it out as {doc.fmt}. It said: {said}")


def write_theme(doc: StaticDoc, folder: Path, brand: Brand, *, version: str) -> None:
    """Write what gives Quarto's page evalkit's look: filter, style sheet, typst boxes, Word styles, settings."""
    shutil.copyfile(THEME / "blocks.lua", folder / "blocks.lua")
    settings: dict[str, object] = {"filters": ["blocks.lua"]}
    colours = brand.colours()
    if doc.fmt == "html":
        style = "".join(f"--{name}: {value}; " for name, value in colours.items())
        css = (THEME / "report.css").read_text(encoding="utf-8")
        (folder / "evalkit.css").write_text(f"{css}:root {{ {style}}}", encoding="utf-8")
        settings |= {"theme": "default", "css": "evalkit.css", "embed-resources": True, "html-math-method": "mathml"}
    elif doc.fmt == "pdf":
        values = ", ".join(f'{name}: rgb("{value}")' for name, value in colours.items())
        boxes = (THEME / "blocks.typ").read_text(encoding="utf-8")
        (folder / "boxes.typ").write_text(f"#let brand = ({values})\n{boxes}", encoding="utf-8")
        settings |= {
            "include-in-header": "boxes.typ",
            "papersize": "a4",
            "mainfont": FONT_FAMILY,
            "font-paths": [str(FONTS)],
        }
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= TRIED:
            settings["pdf-standard"] = "ua-1"
    else:
        (folder / "reference.docx").write_bytes(reference_docx(brand))
        settings |= {"reference-doc": "reference.docx"}
    (folder / "layout.yml").write_text(yaml.safe_dump(settings, sort_keys=True), encoding="utf-8")
