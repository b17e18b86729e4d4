"""The verb render_place: the pages of one school, hub or trust."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from evalkit.records.place_results import Level, PlaceResults
from evalkit.records.published import published, published_place, rounding_of
from evalkit.records.results import Results
from evalkit.records.standards_disclosure import ProfileName
from evalkit.report.brand import Brand
from evalkit.report.execute_parent import CellChild
from evalkit.report.layout import render_documents
from evalkit.report.render import template_path
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format

OF_SCHOOLS = {"hub": "report"}
FILES: Mapping[Level, Mapping[str, str]] = {  # level -> template -> name of its files
    "school": {"school": "report", "letter": "letter"},
    "hub": OF_SCHOOLS,
    "trust": OF_SCHOOLS,
}


def render_place(
    place: PlaceResults,
    results: Results,
    *,
    folder: Path,
    formats: Sequence[Format],
    profile: ProfileName | None = None,
    renderer: RendererName = "auto",
    brand: Brand | None = None,
    child: CellChild | None = None,
) -> list[Path]:
    """Make a place's page (`report`), and for a school its letter (`letter`), in every format.

    Parameters
    ----------
    place : PlaceResults
    results : Results - the programme's
    folder : where the files go; it exists
    profile : as `render`
    child : CellChild, optional
        The process for the cells, where it stays for several places

    Raises
    ------
    ReportError
        As `render`.
    """
    readers = profile or results.plan.disclosure_profile
    shown = {"results": published(results, readers), "place": published_place(place, readers)}
    made: list[Path] = []
    for template, stem in FILES[place.level].items():
        files = [folder / f"{stem}.{one}" for one in dict.fromkeys(formats)]
        made += render_documents(
            template_path(template), context=shown, params={}, to=files, rounding=rounding_of(results, readers),
            renderer=renderer, brand=brand, child=child,
        )  # fmt: skip
    return made
