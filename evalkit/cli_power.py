"""`evalkit power`: how large a trial must be, by formula or by simulation. `evalkit.cli` mounts it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from evalkit import terminal

if TYPE_CHECKING:
    import pandas as pd

    from evalkit.stats.power_designs import TrialDesign

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
    simulation = "simulation"


class UnequalChoice(StrEnum):
    """How the formulas count schools of unequal size."""

    pupil_weighted = "pupil_weighted"
    mixed_model = "mixed_model"


CURVE_SHOWN = ("value", "power", "power_low", "power_high", "power_formula", "mdes", "std_error", "df")


class Drawn(NamedTuple):
    """How power is worked out, and the particulars of a simulation."""

    method: Literal["central", "noncentral", "simulation"]
    draws: int
    seed: int
    workers: int


@app.command()
def power(
    design: Annotated[
        DesignChoice | None, typer.Argument(help="Who is randomised; see 'Plan a trial' in the docs.")
    ] = None,
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
    r2_effect: Annotated[float, typer.Option("--r2-effect", help="Of that variance, explained by covariates.")] = 0.0,
    covariates: Annotated[int, typer.Option("--covariates", help="Covariates and strata that cost df.")] = 0,
    share_treated: Annotated[float, typer.Option("--share-treated", help="Share that gets the programme.")] = 0.5,
    size_cv: Annotated[float, typer.Option("--size-cv", help="SD over mean of pupils per school.")] = 0.0,
    unequal_sizes: Annotated[
        UnequalChoice, typer.Option("--unequal-sizes", help="How the formulas count schools of unequal size.")
    ] = UnequalChoice.pupil_weighted,
    attrition_pupils: Annotated[float, typer.Option("--attrition-pupils", help="Share of pupils lost.")] = 0.0,
    attrition_schools: Annotated[float, typer.Option("--attrition-schools", help="Share of schools lost.")] = 0.0,
    subgroup_share: Annotated[float, typer.Option("--subgroup-share", help="Share of pupils in the group.")] = 1.0,
    alpha: Annotated[float, typer.Option("--alpha", help="Chance of a false positive.")] = 0.05,
    sides: Annotated[int, typer.Option("--sides", min=1, max=2, help="Sides of the test.")] = 2,
    outcomes: Annotated[int, typer.Option("--outcomes", help="Primary outcomes that share alpha.")] = 1,
    method: Annotated[
        MethodChoice, typer.Option("--method", help="central is PowerUp!'s; simulation draws and analyses trials.")
    ] = MethodChoice.central,
    draws: Annotated[int, typer.Option("--draws", help="With simulation: trials drawn.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="With simulation: equal seeds, equal numbers.")] = 1,
    workers: Annotated[int, typer.Option("--workers", help="With simulation: processes; -1: one per core.")] = 1,
    curve: Annotated[
        str | None,
        typer.Option("--curve", help="Numbers to try, as 40,60,80 or 40:120:20: power for each (of --solve)."),
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw that curve into this .svg or .png file.")] = None,
    table: Annotated[
        Path | None, typer.Option("--table", help="The EEF's MDES table of a plan: the folder with evaluation.yaml.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Smallest detectable effect, power, sample size or power curve of a trial; or the MDES table of a plan."""
    from evalkit.planning.power import mdes, sample_size
    from evalkit.planning.power import power as power_of
    from evalkit.stats.power_designs import TrialDesign, size_names

    if table is not None:
        _say_mdes_table(table, json=json)
        return
    if design is None:
        raise typer.BadParameter("Name a design, such as cluster, or a plan with --table.")
    if (solve or curve or plot) and effect is None:
        raise typer.BadParameter("--solve, --curve and --plot need --effect: the effect that the trial should find.")
    given = {"pupils": pupils, "classes": classes, "schools": schools, "blocks": blocks}
    names = size_names(design.value)
    varied = solve.value if solve is not None else names[0]
    if (solve or curve or plot) and varied in names:
        given[varied] = given[varied] or 1.0
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
        r2_effect=r2_effect,
        covariates=covariates,
        size_cv=size_cv,
        unequal_sizes=unequal_sizes.value,
        attrition_pupils=attrition_pupils,
        attrition_schools=attrition_schools,
        subgroup_share=subgroup_share,
        alpha=alpha,
        sides=1 if sides == 1 else 2,
        outcomes=outcomes,
    )
    drawn = Drawn(method.value, draws, seed, workers)
    if effect is None:
        with terminal.progress_shown():
            found = mdes(trial, power=target, method=method.value, draws=draws, seed=seed, workers=workers)
        _say_found(found, json=json)
    elif curve is not None or plot is not None:
        _say_curve(trial, effect, varied, target, drawn, curve=curve, plot=plot, json=json)
    elif solve is None:
        with terminal.progress_shown():
            found = power_of(trial, effect=effect, method=method.value, draws=draws, seed=seed, workers=workers)
        _say_found(found, json=json)
    else:
        found = sample_size(trial, effect=effect, power=target, size=solve.value, method=method.value)
        terminal.say_frame(found, json=json)


def _say_found(found: "pd.DataFrame", *, json: bool) -> None:
    """One row: as a table or, from a simulation, in words."""
    if json or "draws" not in found:
        terminal.say_frame(found, json=json)
        return
    row = found.iloc[0]
    trials = f"{row['draws']:,} simulated trials" + (f", {row['failed']} not analysed" if row["failed"] else "")
    if "mdes" in found:
        terminal.say(
            f"Smallest detectable effect: {row['mdes']:.3f} SD ({row['mdes_low']:.3f} to {row['mdes_high']:.3f})"
        )
        terminal.say(f"The range is the error of the simulation at 95%; {trials}, seed {row['seed']}.")
        return
    formula = "" if row["power_formula"] != row["power_formula"] else f"; by formula {row['power_formula']:.1%}"
    terminal.say(f"Power: {row['power']:.1%} ({row['power_low']:.1%} to {row['power_high']:.1%}){formula}")
    terminal.say(f"Bias: {row['bias']:+.4f} SD (standard error {row['bias_error']:.4f})")
    terminal.say(
        f"Intervals that hold the true effect: {row['coverage']:.1%} ({row['coverage_low']:.1%} to "
        f"{row['coverage_high']:.1%}); wanted {1 - row['alpha']:.1%}"
    )
    terminal.say(
        f"Standard error: {row['std_error']:.4f} SD; as the trials report it {row['std_error_reported']:.4f}; "
        f"df {row['df']:.1f}"
    )
    terminal.say(f"Ranges are the error of the simulation at 95%; {trials}, seed {row['seed']}.")


def _say_curve(
    trial: "TrialDesign", effect: float, varied: str, target: float, drawn: Drawn, *,
    curve: str | None, plot: Path | None, json: bool,
) -> None:  # fmt: skip
    from evalkit.planning.power import power_curve, values_around

    size = SizeChoice(varied).value
    values = _values(curve) if curve is not None else values_around(trial, effect=effect, power=target, size=size)
    with terminal.progress_shown():
        found = power_curve(
            trial,
            effect=effect,
            values=values,
            size=size,
            power=target,
            method=drawn.method,
            draws=drawn.draws,
            seed=drawn.seed,
            workers=drawn.workers,
        )
    shown = [name for name in CURVE_SHOWN if name in found]
    terminal.say_frame(found if json else found[shown].round(3), json=json)
    if plot is not None:
        from evalkit.report.figure_power import power_plot

        made = power_plot(found, to=plot)
        if not json:
            terminal.say(f"{plot}: {made.alt}")


def _values(text: str) -> list[int]:
    """40,60,80 or from:to:step."""
    try:
        if ":" not in text:
            return [int(part) for part in text.split(",")]
        start, stop, step = (int(part) for part in text.split(":"))
        return list(range(start, stop + 1, step))
    except ValueError:
        raise typer.BadParameter(f"--curve {text}: write numbers as 40,60,80 or from:to:step as 40:120:20.") from None


def _say_mdes_table(place: Path, *, json: bool) -> None:
    from evalkit.planning.plan_mdes import plan_mdes_table
    from evalkit.records.evaluation import load_evaluation
    from evalkit.records.results import load_results

    study = load_evaluation(place)
    kept = study.folder / "results.json"
    found = plan_mdes_table(study.plan, load_results(kept) if kept.is_file() else None)
    terminal.say_frame(found if json else found.drop(columns="row").round(3), json=json)
