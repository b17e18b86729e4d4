"""The commands used before the data: power, randomise, seal. `evalkit.cli` mounts them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit import terminal

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(no_args_is_help=True)


class DesignChoice(StrEnum):
    """The designs that can be planned."""

    individual = "individual"
    multisite_constant = "multisite_constant"
    multisite_fixed = "multisite_fixed"
    multisite_random = "multisite_random"
    cluster = "cluster"
    cluster_three_level = "cluster_three_level"
    blocked_cluster_fixed = "blocked_cluster_fixed"
    blocked_cluster_random = "blocked_cluster_random"


class SizeChoice(StrEnum):
    """What a sample size is worked out for."""

    pupils = "pupils"
    classes = "classes"
    schools = "schools"
    blocks = "blocks"


class MethodChoice(StrEnum):
    """How power is worked out."""

    central = "central"
    noncentral = "noncentral"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def power(
    design: Annotated[DesignChoice, typer.Argument(help="Who is randomised; see 'Plan a trial' in the docs.")],
    effect: Annotated[
        float | None, typer.Option("--effect", help="Effect in SDs: print the power for it. Without: the MDES.")
    ] = None,
    solve: Annotated[
        SizeChoice | None, typer.Option("--solve", help="With --effect: print how many of these are needed.")
    ] = None,
    target: Annotated[float, typer.Option("--power", help="The power wanted.")] = 0.8,
    pupils: Annotated[float | None, typer.Option("--pupils", help="Pupils per smallest group (all if none).")] = None,
    classes: Annotated[float | None, typer.Option("--classes", help="Classes per school.")] = None,
    schools: Annotated[float | None, typer.Option("--schools", help="Schools (per block, with blocks).")] = None,
    blocks: Annotated[float | None, typer.Option("--blocks", help="Blocks.")] = None,
    icc: Annotated[float | None, typer.Option("--icc", help="Share of variance between schools.")] = None,
    icc_class: Annotated[float, typer.Option("--icc-class", help="Share between classes of a school.")] = 0.0,
    icc_block: Annotated[float, typer.Option("--icc-block", help="Share between blocks.")] = 0.0,
    r2_pupil: Annotated[float, typer.Option("--r2-pupil", help="Explained by covariates, pupils.")] = 0.0,
    r2_class: Annotated[float, typer.Option("--r2-class", help="Explained by covariates, classes.")] = 0.0,
    r2_school: Annotated[float, typer.Option("--r2-school", help="Explained by covariates, schools.")] = 0.0,
    effect_variation: Annotated[
        float, typer.Option("--effect-variation", help="Variance of the effect over that of the outcome.")
    ] = 0.0,
    covariates: Annotated[int, typer.Option("--covariates", help="Covariates and strata that cost df.")] = 0,
    share_treated: Annotated[float, typer.Option("--share-treated", help="Share that gets the programme.")] = 0.5,
    size_cv: Annotated[float, typer.Option("--size-cv", help="SD over mean of pupils per school.")] = 0.0,
    attrition_pupils: Annotated[float, typer.Option("--attrition-pupils", help="Share of pupils lost.")] = 0.0,
    attrition_schools: Annotated[float, typer.Option("--attrition-schools", help="Share of schools lost.")] = 0.0,
    subgroup_share: Annotated[float, typer.Option("--subgroup-share", help="Share of pupils in the group.")] = 1.0,
    alpha: Annotated[float, typer.Option("--alpha", help="Chance of a false positive.")] = 0.05,
    sides: Annotated[int, typer.Option("--sides", min=1, max=2, help="Sides of the test.")] = 2,
    outcomes: Annotated[int, typer.Option("--outcomes", help="Primary outcomes that share alpha.")] = 1,
    method: Annotated[MethodChoice, typer.Option("--method", help="central is PowerUp!'s.")] = MethodChoice.central,
    json: AsJson = False,
) -> None:
    """Smallest detectable effect, power or sample size of a trial."""
    from evalkit.planning.power import mdes, sample_size
    from evalkit.planning.power import power as power_of
    from evalkit.stats.power_designs import TrialDesign, size_names

    if solve is not None and effect is None:
        raise typer.BadParameter("--solve needs --effect: the effect that the trial should find.")
    given = {"pupils": pupils, "classes": classes, "schools": schools, "blocks": blocks}
    if effect is not None and solve is not None and solve.value in size_names(design.value):
        given[solve.value] = given[solve.value] or 1.0
    trial = TrialDesign(
        design.value,
        pupils=given["pupils"],
        classes=given["classes"],
        schools=given["schools"],
        blocks=given["blocks"],
        share_treated=share_treated,
        icc=icc,
        icc_class=icc_class,
        icc_block=icc_block,
        r2_pupil=r2_pupil,
        r2_class=r2_class,
        r2_school=r2_school,
        effect_variation=effect_variation,
        covariates=covariates,
        size_cv=size_cv,
        attrition_pupils=attrition_pupils,
        attrition_schools=attrition_schools,
        subgroup_share=subgroup_share,
        alpha=alpha,
        sides=1 if sides == 1 else 2,
        outcomes=outcomes,
    )
    if effect is None:
        _say_frame(mdes(trial, power=target, method=method.value), json=json)
    elif solve is None:
        _say_frame(power_of(trial, effect=effect, method=method.value), json=json)
    else:
        found = sample_size(trial, effect=effect, power=target, size=solve.value, method=method.value)
        _say_frame(found, json=json)


@app.command()
def randomise(
    schools: Annotated[Path, typer.Argument(help="The list of schools, CSV or XLSX.")],
    plan: Annotated[Path, typer.Option("--plan", "-p", help="The randomisation plan.")] = Path("randomisation.yaml"),
    to: Annotated[Path, typer.Option("--to", help="Folder for allocation, certificate, ledger.")] = Path(
        "randomisation"
    ),
    earlier: Annotated[Path | None, typer.Option("--earlier", help="Certificate of the batch before.")] = None,
    again: Annotated[str | None, typer.Option("--again", help="Why this batch is drawn once more.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="The date of the draw, as you state it.")] = None,
    json: AsJson = False,
) -> None:
    """Allocate schools at random: allocation, certificate, and a line in the ledger."""
    from evalkit.planning.randomise import randomise as draw

    made = draw(schools, plan, to=to, earlier=earlier, again_because=again, stated_date=date)
    if json:
        terminal.say_json(
            {
                "arms": made.certificate.arms,
                "draws": made.certificate.draws,
                "draw": made.entry.draw,
                "allocation": str(made.allocation_file),
                "certificate": str(made.certificate_file),
                "allocation_sha256": made.certificate.allocation_sha256,
                "notes": list(made.notes),
            }
        )
        return
    counts = ", ".join(f"{count} {arm}" for arm, count in made.certificate.arms.items())
    terminal.say(f"Drawn: {counts}.")
    for note in made.notes:
        terminal.say(f"Note: {note}")
    terminal.say(f"Allocation: {made.allocation_file}")
    terminal.say(f"Certificate: {made.certificate_file}")
    terminal.say(f"To deposit: {made.entry.sha256} (the ledger's last line)")
    _say_frame(made.balance, json=False)


@app.command()
def seal(
    folder: Annotated[Path, typer.Argument(help="The folder that holds evaluation.yaml.")] = Path(),
    check: Annotated[bool, typer.Option("--check", help="List what was changed since the plan was sealed.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="Write the seal here.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="Today's date, as you state it.")] = None,
    deposit: Annotated[
        str | None, typer.Option("--deposit", help="Where the hash is deposited, such as a DOI.")
    ] = None,
    after_data: Annotated[bool, typer.Option("--after-data", help="Seal although outcome data are there.")] = False,
    json: AsJson = False,
) -> None:
    """Seal the plan before the outcome data, or list what was changed since."""
    from evalkit.planning.seal import compare_with_seal
    from evalkit.planning.seal import seal as seal_plan
    from evalkit.records.evaluation import load_evaluation

    study = load_evaluation(folder)
    if check:
        found = compare_with_seal(study, sealed=to)
        if not json:
            terminal.say(f"Sealed: {found.seal.date_words}")
            terminal.say("The plan is as sealed." if found.unchanged else "Changed since it was sealed:")
        _say_frame(found.tidy(), json=json)
        return
    made = seal_plan(study, to=to, stated_date=date, deposit=deposit, after_data=after_data)
    if json:
        terminal.say_json({"sha256": made.sha256, "date": made.date_words, "outcome_files": list(made.outcome_files)})
        return
    terminal.say(f"Sealed '{made.evaluation}': {made.sha256}")
    terminal.say(f"Date: {made.date_words}")


def _say_frame(frame: "pd.DataFrame", *, json: bool) -> None:
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = [{str(name): cell for name, cell in row.items()} for row in records]
    terminal.say_json(rows) if json else terminal.say_table(rows)
