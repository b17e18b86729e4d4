"""The command line. Every command is thin: it calls the road or a flow and prints what came back.

Exit codes: 0 done, 1 the input has problems (all are listed), 2 the command was used wrongly.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from evalkit import (
    __version__,
    cli_custody,
    cli_files,
    cli_forms,
    cli_instruments,
    cli_places,
    cli_planning,
    cli_portal,
    cli_portfolio,
    cli_power,
    cli_verify,
    terminal,
)
from evalkit.errors import EvalkitError, SpecError

if TYPE_CHECKING:
    from evalkit.records.evaluation import Study
    from evalkit.records.place_results import Level
    from evalkit.report.renderer import RendererName
    from evalkit.report.static import Format

app = typer.Typer(
    name="evalkit",
    help="Did the programme work, for whom, how sure are we? From a school's survey files to a report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class PlanDesign(StrEnum):
    """The study designs that `evalkit new` can write a plan for."""

    single_group_prepost = "single_group_prepost"
    comparison_prepost = "comparison_prepost"
    cluster_trial = "cluster_trial"
    individual_trial = "individual_trial"
    multisite_trial = "multisite_trial"
    matched_comparison = "matched_comparison"
    feedback_survey = "feedback_survey"
    national_comparison = "national_comparison"


PREPOST = (PlanDesign.single_group_prepost, PlanDesign.comparison_prepost)


class RendererChoice(StrEnum):
    """How the report is laid out."""

    auto = "auto"
    embedded = "embedded"
    quarto = "quarto"


class ReportFormat(StrEnum):
    """The formats a report can have."""

    html = "html"
    pdf = "pdf"
    docx = "docx"


Folder = Annotated[Path, typer.Argument(help="The folder that holds evaluation.yaml.")]
Evaluation = Annotated[Path, typer.Option("--evaluation", "-e", help="The folder that holds evaluation.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Formats = Annotated[
    list[ReportFormat] | None, typer.Option("--format", "-f", help="Report format; may be given more than once.")
]
Renderer = Annotated[RendererChoice, typer.Option("--renderer", help="auto takes quarto when it is on PATH.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        terminal.say(f"evalkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options that stand before the command."""


@app.command()
def demo(
    to: Annotated[Path, typer.Option("--to", help="The folder to make or renew.")] = Path("evalkit-demo"),
    renderer: Renderer = RendererChoice.auto,
) -> None:
    """Run the whole road on the synthetic example: survey files in, report out."""
    from evalkit.demo import make_demo

    with terminal.progress_shown():
        outcome = make_demo(to, renderer=_renderer(renderer))
    terminal.say(f"Made {outcome.pupils} synthetic pupils' survey files in {outcome.data_folder}")
    terminal.say(f"Checked {outcome.files} files: {outcome.problems} things found and settled.")
    terminal.say("")
    terminal.say(outcome.answer)
    terminal.say("")
    for report in outcome.reports:
        terminal.say(f"Report: {report}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The evaluation's id, such as oakfield-resilience; also the new folder.")],
    design: Annotated[PlanDesign, typer.Option("--design", help="The study design.")] = PlanDesign.single_group_prepost,
    to: Annotated[Path, typer.Option("--to", help="The folder in which the new folder is made.")] = Path(),
) -> None:
    """Write a commented evaluation plan to fill in."""
    from evalkit.records.new_plan import write_plan

    path = write_plan(name, design=design.value, folder=to)
    if design == PlanDesign.national_comparison:
        terminal.say(f"Wrote {path}. Put the figures in, then: evalkit run {path.parent}")
        return
    if design == PlanDesign.feedback_survey:
        terminal.say(f"Wrote {path}. Fill it in, then: evalkit check --evaluation {path.parent} survey=FILE")
        return
    files = "pre=FILE post=FILE" if design in PREPOST else "PUPILS.csv --schools SCHOOLS.csv"
    terminal.say(f"Wrote {path}. Fill it in, then: evalkit check --evaluation {path.parent} {files}")


@app.command()
def score(
    release: Annotated[Path, typer.Argument(help="A release folder.")],
    evaluation: Evaluation = Path(),
    to: Annotated[Path | None, typer.Option("--to", help="Write all scores to this new CSV file.")] = None,
    json: AsJson = False,
) -> None:
    """Score a release: how many scores there are and how well each measure worked."""
    import pandas as pd

    from evalkit.custody.release import load_release
    from evalkit.records.whole_file import write_whole
    from evalkit.scoring.score import score as score_release

    study = _load(evaluation)
    scores = score_release(load_release(release), study)
    if to is not None:
        write_whole(to, scores.frame.to_csv(index=False, lineterminator="\n"))
    table = scores.quality.scales.rename(columns={"n": "n_complete"})
    columns = ["scale", "wave", "n_complete", "mean", "sd", "alpha", "omega", "missing_percent"]
    table = table[columns].astype(object)
    rows = [
        {column: None if pd.isna(cell) else cell for column, cell in zip(columns, row, strict=True)}
        for row in table.itertuples(index=False, name=None)
    ]
    terminal.say_json(rows) if json else terminal.say_table(rows)


@app.command()
def run(
    folder: Folder = Path(),
    formats: Formats = None,
    renderer: Renderer = RendererChoice.auto,
    to: Annotated[Path | None, typer.Option("--to", help="Where results and reports go; default: the folder.")] = None,
) -> None:
    """Go the whole road: check, release, score, analyse, report."""
    from evalkit.road import report_all
    from evalkit.road import run as run_road

    target = to or folder
    with terminal.progress_shown():
        results = run_road(folder, to=target)
        reports = report_all(
            results, folder=target, formats=_formats(formats), renderer=_renderer(renderer), kept=target
        )
    terminal.say(f"Results: {target / 'results.json'}")
    for path in reports:
        terminal.say(f"Report: {path}")


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A results.json, or the folder that holds it.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder for the reports; default: beside the results.")
    ] = None,
    formats: Formats = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template", "-t", help="brief (one page), measures, or a .qmd file; default: the design's report."
        ),
    ] = None,
    profile: Annotated[
        cli_custody.ProfileChoice | None,
        typer.Option("--profile", help="Who reads it; default: the plan's disclosure_profile."),
    ] = None,
    renderer: Renderer = RendererChoice.auto,
    all_schools: Annotated[
        bool, typer.Option("--all-schools", help="A page and a letter for every school, each in a folder of its own.")
    ] = False,
    all_hubs: Annotated[bool, typer.Option("--all-hubs", help="A page for every hub of schools.")] = False,
    all_trusts: Annotated[bool, typer.Option("--all-trusts", help="A page for every trust.")] = False,
    listed: Annotated[
        Path | None,
        typer.Option(
            "--list", help="With --all-...: the list of schools by hub and trust; default: the one that the plan names."
        ),
    ] = None,
    evaluation: Annotated[
        Path | None,
        typer.Option("--evaluation", "-e", help="With --all-...: the folder with evaluation.yaml, if another."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="With --all-...: processes; -1: one per core.")] = 1,
) -> None:
    """Make the report from results that were kept; or one for every school, hub or trust."""
    asked: dict[Level, bool] = {"school": all_schools, "hub": all_hubs, "trust": all_trusts}
    levels: list[Level] = [level for level, wanted in asked.items() if wanted]
    if levels:
        if template is not None:
            raise SpecError(f"--all-{levels[0]}s makes each {levels[0]}'s own pages. Leave --template out.")
        if profile is not None:
            raise SpecError(f"--all-{levels[0]}s follows the plan's disclosure_profile. Leave --profile out.")
        cli_places.report_every_place(
            results, levels, evaluation=evaluation, listed=listed, to=to,
            formats=_formats(formats or [ReportFormat.html, ReportFormat.pdf]),
            workers=workers, renderer=_renderer(renderer),
        )  # fmt: skip
        return
    from evalkit.records.results import load_results
    from evalkit.road import report_all

    path = results / "results.json" if results.is_dir() else results
    with terminal.progress_shown():
        made = report_all(
            load_results(path), folder=to or path.parent, formats=_formats(formats), renderer=_renderer(renderer),
            template=template, profile=profile.value if profile else None,
            kept=path.parent,
        )  # fmt: skip
    for one in made:
        terminal.say(f"Report: {one}")


GROUPS = (
    cli_files, cli_verify, cli_instruments, cli_forms, cli_portfolio, cli_power, cli_planning, cli_custody,
)  # fmt: skip
for group in GROUPS:
    app.registered_commands.extend(group.app.registered_commands)
app.add_typer(cli_portal.portal)


def _load(folder: Path) -> "Study":
    from evalkit.records.evaluation import load_evaluation

    return load_evaluation(folder)


def _formats(chosen: list[ReportFormat] | None) -> "list[Format]":
    return [cast("Format", one.value) for one in dict.fromkeys(chosen or [ReportFormat.html])]


def _renderer(chosen: RendererChoice) -> "RendererName":
    return cast("RendererName", chosen.value)


def main() -> None:
    """Run the command line; every error that evalkit foresees is one clear message and exit code 1."""
    try:
        app(standalone_mode=True)
    except EvalkitError as error:
        terminal.complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:  # the outermost boundary: a code for the person, a trace without values for us
        from evalkit.trace import save_trace

        code, path = save_trace(error)
        terminal.complain(
            f"Something went wrong inside evalkit (code {code}). Please send us this note; "
            f"it holds none of your data: {path}"
        )
        sys.exit(1)
