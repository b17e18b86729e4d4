"""From a template and results to finished documents: run once, lay out in each format."""

import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from evalkit.errors import ReportError
from evalkit.report.brand import DEFAULT_BRAND, Brand
from evalkit.report.embedded import EmbeddedRenderer
from evalkit.report.execute import run_template
from evalkit.report.execute_parent import CellChild
from evalkit.report.quarto import QuartoRenderer
from evalkit.report.renderer import Renderer, RendererName
from evalkit.report.static import Format, static_document

FORMATS: Mapping[str, Format] = {".html": "html", ".pdf": "pdf", ".docx": "docx"}


def choose_renderer(name: RendererName) -> Renderer:
    """The layout engine: the named one or, for "auto", Quarto where it is installed and else the built-in one.

    Raises
    ------
    ReportError
        No such engine, or the named one cannot be used here; never another one instead.
    """
    if name == "auto":
        name = "quarto" if QuartoRenderer().available().found else "embedded"
    engines: Mapping[str, Renderer] = {"embedded": EmbeddedRenderer(), "quarto": QuartoRenderer()}
    if name not in engines:
        raise ReportError(f"There is no renderer {name!r}. Use auto, {', '.join(engines)}.")
    availability = engines[name].available()
    if not availability.found:
        raise ReportError(f"The renderer {name} cannot be used: {availability.reason}")
    if availability.reason:
        warnings.warn(availability.reason, stacklevel=2)
    return engines[name]


def render_document(
    template: Path,
    *,
    context: Mapping[str, object],
    params: Mapping[str, object],
    to: Path,
    renderer: RendererName = "auto",
    brand: Brand | None = None,
) -> Path:
    """Make one document; the suffix of `to` says the format. Returns `to`. See `render_documents`."""
    render_documents(template, context=context, params=params, to=[to], renderer=renderer, brand=brand)
    return to


def render_documents(
    template: Path,
    *,
    context: Mapping[str, object],
    params: Mapping[str, object],
    to: Sequence[Path],
    rounding: int = 1,
    renderer: RendererName = "auto",
    brand: Brand | None = None,
    child: CellChild | None = None,
) -> tuple[Path, ...]:
    """Run a template's cells once and lay the result out in one or several formats.

    Parameters
    ----------
    template : Path
        A `.qmd` file.
    context : mapping
        What the cells see, as in `run_template`.
    params : mapping
        Values for the template's parameters.
    to : sequence of Path
        Files ending in .html, .pdf or .docx; their folders exist. All are made before the first is put in its place.
    rounding : int
        As in `run_template`.
    renderer : "auto", "embedded" or "quarto"
    brand : Brand, optional
        Colours and logo; evalkit's own when None.
    child : CellChild, optional
        As in `run_template`.

    Raises
    ------
    ReportError
        Anything that stops a document, before any file is changed.
    """
    formats: list[Format] = [document_format(path) for path in to]
    engine = choose_renderer(renderer)
    executed = run_template(template, context=context, params=params, rounding=rounding, child=child)
    with tempfile.TemporaryDirectory(prefix="evalkit-report-") as name:
        made = [Path(name) / f"{rank}{path.suffix}" for rank, path in enumerate(to)]
        for fmt, out in zip(formats, made, strict=True):
            engine.render(static_document(executed, fmt), out, brand=brand or DEFAULT_BRAND)
        for out, path in zip(made, to, strict=True):
            put_in_place(out.read_bytes(), path)
    return tuple(to)


def document_format(path: Path) -> Format:
    """The format that a file name asks for."""
    fmt = FORMATS.get(path.suffix.lower())
    if fmt is None:
        raise ReportError(f"{path}: a report ends in {', '.join(FORMATS)}; found {path.suffix or 'no ending'}.")
    if not path.parent.is_dir():
        raise ReportError(f"{path}: the folder {path.parent} does not exist. Make it first or choose another place.")
    return fmt


def put_in_place(data: bytes, path: Path) -> None:
    """Write beside the target, then swap: readers see the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise ReportError(
            f"{path}: cannot be written ({reason}). Close it in other programs or choose another place."
        ) from None
