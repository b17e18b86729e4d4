"""The verbs render and render_all: results in, finished documents out."""

from collections.abc import Sequence
from pathlib import Path

from evalkit.errors import ReportError
from evalkit.records.portfolio import Portfolio
from evalkit.records.published import published, published_portfolio, rounding_of
from evalkit.records.results import Results
from evalkit.records.standards_disclosure import ProfileName
from evalkit.report.brand import Brand
from evalkit.report.layout import render_documents
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE_FILE = "template.qmd"
PORTFOLIO = "portfolio"
OF_DESIGN = ("programme", "trial", "comparison", "feedback", "national")
OF_PUPILS = ("brief", "measures")  # templates for designs with pupils' scores
OF_A_PLACE = {"school": "schools", "letter": "schools", "hub": "hubs"}  # templates that need a place's own record
FORMAT_NAMES: tuple[Format, ...] = ("html", "pdf", "docx")


def template_names() -> list[str]:
    """The names of the templates that come with evalkit, sorted."""
    return sorted(path.parent.name for path in TEMPLATES.glob(f"*/{TEMPLATE_FILE}"))


def template_path(template: str | Path) -> Path:
    """The file of a template, from its name or from the path of a `.qmd` file.

    Raises
    ------
    ReportError
        There is no such template; the message lists those there are.
    """
    own = Path(template)
    if own.suffix == ".qmd":
        return own
    path = TEMPLATES / str(template) / TEMPLATE_FILE
    if str(template) in template_names():
        return path
    raise ReportError(
        f"There is no template '{template}'. Use {', '.join(template_names())}, or the path of a .qmd file."
    )


def own_template(results: Results) -> str:
    """The template that belongs to the design of these results."""
    if results.plan.is_comparison:
        return "comparison"
    named = {"feedback_survey": "feedback", "national_comparison": "national"}
    return "trial" if results.plan.is_trial else named.get(results.plan.design, "programme")


def report_name(results: Results, template: str | Path | None) -> str:
    """What the files are called: report, or the template's name where it is not the design's own."""
    if template is None or str(template) == own_template(results):
        return "report"
    return Path(template).stem


def render(
    results: Results,
    *,
    to: str | Path,
    template: str | Path | None = None,
    profile: ProfileName | None = None,
    renderer: RendererName = "auto",
    brand: Brand | None = None,
) -> Path:
    """Make a report.

    Parameters
    ----------
    results : Results
    to : file ending in .html, .pdf or .docx; its folder exists
    template : name of a template that comes with evalkit, or the path of a `.qmd` file; when left out, the one of the
        design (programme, trial, comparison, feedback, national)
    profile : who reads it: "internal", "standard" or "public"; when left out, the plan's `disclosure_profile`
    renderer : "auto" (Quarto where it is installed, else the built-in one), "embedded" or "quarto"
    brand : colours and logo; evalkit's own when None

    Returns
    -------
    Path
        The file that was made.

    Raises
    ------
    ReportError
        The template, the renderer or the place cannot be used, or the results show smaller groups than the profile
        allows. Nothing is left half-written.
    """
    place = Path(to)
    _make(results, [place], template=template, profile=profile, renderer=renderer, brand=brand)
    return place


def render_all(
    results: Results,
    *,
    folder: str | Path,
    formats: Sequence[Format] = FORMAT_NAMES,
    name: str | None = None,
    template: str | Path | None = None,
    profile: ProfileName | None = None,
    renderer: RendererName = "auto",
    brand: Brand | None = None,
) -> list[Path]:
    """Make a report in several formats; the template runs once, so all show the same numbers.

    Parameters
    ----------
    results : Results
    folder : where the files go; it exists
    formats : any of "html", "pdf" and "docx"
    name : the files' name without its ending; when left out, "report", or the template's name where it is another than
        the design's own
    template, profile : as `render`

    Returns
    -------
    list of Path
        The files, in the order of `formats`.

    Raises
    ------
    ReportError
        As `render`; also for an unknown or missing format.
    """
    unknown = [one for one in formats if one not in FORMAT_NAMES]
    if unknown or not formats:
        found = f"'{unknown[0]}' is no format" if unknown else "no format was named"
        raise ReportError(f"{found}. Use one or more of: {', '.join(FORMAT_NAMES)}.")
    stem = name or report_name(results, template)
    places = [Path(folder) / f"{stem}.{one}" for one in dict.fromkeys(formats)]
    _make(results, places, template=template, profile=profile, renderer=renderer, brand=brand)
    return places


def render_portfolio(
    portfolio: Portfolio,
    *,
    folder: str | Path,
    formats: Sequence[Format] = FORMAT_NAMES,
    profile: ProfileName | None = None,
    renderer: RendererName = "auto",
    brand: Brand | None = None,
) -> list[Path]:
    """Make the page of several programmes side by side, `portfolio.html` and so on, into a folder that exists.

    Each programme's numbers are shown by `profile`; when left out, by its own plan's `disclosure_profile`.

    Raises
    ------
    ReportError
        The renderer or the place cannot be used. Nothing is left half-written.
    """
    places = [Path(folder) / f"{PORTFOLIO}.{one}" for one in dict.fromkeys(formats)]
    steps = [rounding_of(one, profile or one.plan.disclosure_profile) for one in portfolio.results]
    render_documents(
        template_path(PORTFOLIO), context={"portfolio": published_portfolio(portfolio, profile)}, params={}, to=places,
        rounding=max(steps), renderer=renderer, brand=brand,
    )  # fmt: skip
    return places


def _make(
    results: Results,
    places: Sequence[Path],
    *,
    template: str | Path | None,
    profile: ProfileName | None,
    renderer: RendererName,
    brand: Brand | None,
) -> None:
    if str(template) == PORTFOLIO:
        raise ReportError("The template 'portfolio' is for several programmes. Use 'evalkit compare'.")
    chosen = own_template(results) if template is None else template
    own = own_template(results)
    if str(chosen) in OF_A_PLACE:
        about = OF_A_PLACE[str(chosen)]
        raise ReportError(
            f"The template '{chosen}' is about one {about[:-1]}. Make it for every one: evalkit report FOLDER "
            f"--all-{about}."
        )
    of_pupils = own in ("programme", "trial", "comparison")
    if (str(chosen) in OF_DESIGN and str(chosen) != own) or (str(chosen) in OF_PUPILS and not of_pupils):
        raise ReportError(
            f"The template '{chosen}' is not made for the design {results.plan.design}. "
            f"Use {own}{' or brief' if of_pupils else ''}, or leave the template out."
        )
    if str(chosen) == "measures" and results.plan.has_groups:
        raise ReportError(
            "The template 'measures' is made for studies without arms. The design's own report says how well its "
            "questionnaires worked: leave the template out."
        )
    readers = profile or results.plan.disclosure_profile
    render_documents(
        template_path(chosen), context={"results": published(results, readers)}, params={}, to=places,
        rounding=rounding_of(results, readers), renderer=renderer, brand=brand,
    )  # fmt: skip
