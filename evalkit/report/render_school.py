"""The verb render_school: one school's page and letter."""

from collections.abc import Sequence
from pathlib import Path

from evalkit.records.published import published, published_school, rounding_of
from evalkit.records.results import Results
from evalkit.records.school_results import SchoolResults
from evalkit.records.standards_disclosure import ProfileName
from evalkit.report.brand import Brand
from evalkit.report.execute_parent import CellChild
from evalkit.report.layout import render_documents
from evalkit.report.render import template_path
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format

FILES = {"school": "report", "letter": "letter"}  # template -> name of its files


def render_school(
    school: SchoolResults,
    results: Results,
    *,
    folder: Path,
    formats: Sequence[Format],
    profile: ProfileName | None = None,
    renderer: RendererName = "auto",
    brand: Brand | None = None,
    child: CellChild | None = None,
) -> list[Path]:
    """Make a school's page (`report`) and its letter (`letter`) in every format.

    Parameters
    ----------
    school : SchoolResults
    results : Results - the programme's
    folder : where the files go; it exists
    profile : as `render`
    child : CellChild, optional
        The process for the cells, where it stays for several schools

    Raises
    ------
    ReportError
        As `render`.
    """
    readers = profile or results.plan.disclosure_profile
    shown = {"results": published(results, readers), "school": published_school(school, readers)}
    made: list[Path] = []
    for template, stem in FILES.items():
        places = [folder / f"{stem}.{one}" for one in dict.fromkeys(formats)]
        made += render_documents(
            template_path(template), context=shown, params={}, to=places, rounding=rounding_of(results, readers),
            renderer=renderer, brand=brand, child=child,
        )  # fmt: skip
    return made
