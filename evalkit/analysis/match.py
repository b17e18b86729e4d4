"""`ek.match`: like compared with like, from a frame; what was matched, how alike it is, and the difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import pandas as pd
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evalkit.analysis.match_covariates import match_covariates, with_counterparts
from evalkit.analysis.match_curves import chosen_curves
from evalkit.analysis.match_units import PAIRED, MatchedUnits, WeightMethod, match_units, weigh_units
from evalkit.analysis.model_frames import check_level
from evalkit.errors import FitError, SpecError
from evalkit.records.comparison import Form, Matching, MatchMethod, Target
from evalkit.records.frames import need_frame, need_names
from evalkit.stats.balancing import effective_size
from evalkit.stats.doubly_robust import doubly_robust
from evalkit.stats.effect_size import hedges_correction
from evalkit.stats.group_balance import group_balance
from evalkit.stats.propensity import check_groups, fit_propensity
from evalkit.stats.weighted_difference import weighted_difference

Method = MatchMethod | WeightMethod
METHODS = (*get_args(MatchMethod), *get_args(WeightMethod))
DIFFERENCE_COLUMNS = (
    "outcome", "estimator", "estimand", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
    "effect_size", "es_low", "es_high", "n_treated", "n_control", "clusters_treated", "clusters_control",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Units matched or weighted so that the groups are alike in what was measured. It has looked at no outcome.

    Attributes
    ----------
    data : frame - the rows given, in the order of their index, so that ties fall the same way whatever their order was
    index : their order as given
    units : MatchedUnits - weights, sets, pairs, propensity
    treatment : the column that says who had the programme
    on : the columns matched on
    """

    data: pd.DataFrame
    index: pd.Index
    units: MatchedUnits
    treatment: str
    on: tuple[str, ...]

    def __repr__(self) -> str:
        way, whom = self.units.method, self.units.estimand.upper()
        return f"<Match {way} for the {whom}: {len(self.index)} rows, on {', '.join(map(str, self.on))}>"

    @property
    def weights(self) -> pd.Series:
        """How many units each one stands for, by the index of the data; 0 where unmatched. Not precision weights."""
        return self.tidy()["weight"]

    def tidy(self) -> pd.DataFrame:
        """A row per unit, by the index of the data: treated, weight, matched_set (-1: none), propensity."""
        scores = self.units.propensity.scores if self.units.propensity is not None else np.nan
        columns = {
            "treated": self.units.chosen,
            "weight": self.units.weights,
            "matched_set": self.units.sets,
            "propensity": scores,
        }
        return pd.DataFrame(columns, index=self.data.index).loc[self.index]

    def pairs(self) -> pd.DataFrame:
        """A row per pair: index of the programme unit, of its partner, and their distance."""
        index = self.data.index
        return pd.DataFrame(
            {
                "treated": index[self.units.pairs[:, 0]],
                "control": index[self.units.pairs[:, 1]],
                "distance": self.units.distances,
            }
        )

    def balance(self) -> pd.DataFrame:
        """How alike the groups are in what they were matched on, before and after.

        Returns
        -------
        frame
            A row per column matched on (curves and products too), after the propensity's linear predictor: means,
            standardised differences (over the pooled standard deviation before matching) and ratios of variances.
        """
        units = self.units
        names, values = list(units.covariates.names), units.covariates.values
        if units.propensity is not None:
            names, values = ["propensity", *names], np.column_stack([units.propensity.linear, values])
        before = group_balance(values, units.chosen)
        after = group_balance(values, units.chosen, weights=units.weights)
        return pd.DataFrame(
            {
                "variable": names,
                "mean_treated": after.mean_treated,
                "mean_control_before": before.mean_control,
                "mean_control": after.mean_control,
                "std_difference_before": before.std_differences,
                "std_difference": after.std_differences,
                "variance_ratio_before": before.variance_ratios,
                "variance_ratio": after.variance_ratios,
            }
        )

    def glance(self) -> pd.DataFrame:
        """One row: method, estimand, units before and after, sets, effective sample sizes, largest difference left."""
        units = self.units
        largest = np.nanmax(np.abs(self.balance()["std_difference"])) if units.covariates.names else np.nan
        row: dict[str, object] = {"method": units.method, "estimand": units.estimand}
        for group, rows in (("treated", units.chosen), ("control", ~units.chosen)):
            row |= {
                f"n_{group}": int(rows.sum()),
                f"matched_{group}": int((rows & units.matched).sum()),
                f"effective_{group}": effective_size(units.weights[rows]),
            }
        row |= {"sets": int(units.sets.max()) + 1, "caliper": units.caliper, "largest_difference": largest}
        return pd.DataFrame([row])

    def difference(
        self, outcome: str, *, cluster: str | None = None, adjust: bool = True, conf_level: float = 0.95
    ) -> pd.DataFrame:
        """The difference after matching, by weighted least squares with CR2 errors.

        Parameters
        ----------
        outcome : column of numbers; rows without one are left out
        cluster : column of what the programme was assigned to, such as the school. Without it errors are clustered by
            the matched set, where there are small sets without replacement, and otherwise not
        adjust : whether what was matched on stands in the model too
        conf_level : of the interval

        Returns
        -------
        frame, one row
            Difference in the outcome's unit and as Hedges' g of the pooled standard deviation within the matched
            groups. It is what the programme did only if nothing that was not measured lies behind both.

        Raises
        ------
        FitError
            Nobody with an outcome in one of the groups, or too few clusters.
        """
        check_level(conf_level)
        values, rows = self._outcome(outcome)
        units = self.units
        covariates = units.covariates.values[rows] if adjust and units.covariates.names else None
        found = weighted_difference(
            values[rows],
            units.chosen[rows],
            covariates=covariates,
            names=units.covariates.names if covariates is not None else None,
            weights=units.weights[rows],
            clusters=self._clusters(cluster, rows),
            level=conf_level,
        )
        scale = hedges_correction(found.n_treated + found.n_control - 2) / found.sd_pooled
        row = (
            outcome, "matched" if units.method in get_args(MatchMethod) else units.method, units.estimand,
            found.estimate, found.std_error, found.df, found.t_value, found.p_value, found.conf_low, found.conf_high,
            scale * found.estimate, scale * found.conf_low, scale * found.conf_high, found.n_treated, found.n_control,
            found.clusters_treated, found.clusters_control,
        )  # fmt: skip
        return pd.DataFrame([row], columns=list(DIFFERENCE_COLUMNS))

    def doubly_robust(self, outcome: str, *, cluster: str | None = None, conf_level: float = 0.95) -> pd.DataFrame:
        """The doubly robust difference (augmented inverse probability) of all units, with the estimand of the match.

        Parameters
        ----------
        outcome, cluster, conf_level : as for `difference`

        Returns
        -------
        frame, one row - as of `difference`; the propensity is fitted again to the rows with an outcome
        """
        check_level(conf_level)
        values, rows = self._outcome(outcome, everybody=True)
        units = self.units
        alike, kept = with_counterparts(units.covariates.rows(rows), units.chosen[rows])
        rows = np.flatnonzero(rows)[alike]
        again = fit_propensity(kept.values[alike], units.chosen[rows], names=kept.names)
        clusters = None if cluster is None else self._column(cluster)[rows]
        found = doubly_robust(
            values[rows], units.chosen[rows], again, clusters=clusters, estimand=units.estimand, level=conf_level
        )
        plain = weighted_difference(values[rows], units.chosen[rows], clusters=clusters)
        scale = hedges_correction(plain.n_treated + plain.n_control - 2) / plain.sd_pooled
        row = (
            outcome, "doubly_robust", units.estimand, found.estimate, found.std_error, found.df, found.t_value,
            found.p_value, found.conf_low, found.conf_high, scale * found.estimate, scale * found.conf_low,
            scale * found.conf_high, plain.n_treated, plain.n_control, plain.clusters_treated, plain.clusters_control,
        )  # fmt: skip
        return pd.DataFrame([row], columns=list(DIFFERENCE_COLUMNS))

    def _outcome(self, name: str, *, everybody: bool = False) -> tuple[np.ndarray, np.ndarray]:
        values = self._column(name)
        if not pd.api.types.is_numeric_dtype(values.dtype):
            raise FitError(f"The outcome '{name}' is no column of numbers.")
        numbers = values.astype(np.float64)
        return numbers, ~np.isnan(numbers) & (everybody | self.units.matched)

    def _column(self, name: str) -> np.ndarray:
        if name not in self.data.columns:
            raise FitError(
                f"There is no column '{name}'. The data have: {', '.join(map(str, self.data.columns[:20]))}."
            )
        return self.data[name].to_numpy()

    def _clusters(self, cluster: str | None, rows: np.ndarray) -> np.ndarray | None:
        if cluster is not None:
            return self._column(cluster)[rows]
        units = self.units
        shared = len(units.pairs) and len(np.unique(units.pairs[:, 1])) < len(units.pairs) and units.method == "nearest"
        return units.sets[rows] if units.method in PAIRED and not shared else None


def match(
    data: pd.DataFrame,
    treatment: str,
    *,
    on: Sequence[str],
    method: Method = "nearest",
    estimand: Target = "att",
    distance: Literal["propensity", "mahalanobis"] = "propensity",
    ratio: int = 1,
    replacement: bool = False,
    caliper: float | None = 0.2,
    exact: Sequence[str] = (),
    coarsen: Mapping[str, Sequence[float]] | None = None,
    bins: int = 5,
    form: Form = "curved",
) -> Match:
    """Match or weight two groups so that they are alike in what was measured before.

    Parameters
    ----------
    data : pandas.DataFrame
        A row per unit (pupil or school).
    treatment : str
        Column of 1 and 0, or true and false: who had the programme.
    on : sequence of str
        Columns to match on, all measured before the programme: numbers or categories. Gaps are filled and marked.
    method : {"nearest", "optimal", "full", "exact", "coarsened", "ipw", "overlap", "entropy"}
        How partners are found, or units weighted.
    estimand : {"att", "ate", "ato"}
        Whom the difference is about: those with the programme, everybody, or those for whom both were likely (overlap).
    distance : {"propensity", "mahalanobis"}
        For nearest, optimal and full.
    ratio : int
        Partners for each programme unit (nearest, optimal).
    replacement : bool
        Whether a unit may serve several (nearest).
    caliper : float or None
        Largest gap in standard deviations of the propensity's linear predictor.
    exact : sequence of str
        Columns on which partners must agree.
    coarsen : mapping, optional
        Column -> cut points between classes (coarsened); other numbers are cut into `bins` parts of equal width.
    bins : int
    form : {"curved", "linear"}
        curved: beside the columns as they are, curves of numbers and products of two columns enter the propensity, the
        weights and the model of `difference` where the groups differ in them. They are chosen without the outcome.
        linear: columns as they are.

    Returns
    -------
    Match
        With `tidy()`, `pairs()`, `balance()`, `glance()`, `difference()` and `doubly_robust()`.

    Raises
    ------
    SpecError
        Options that do not go together.
    FitError
        No overlap, perfect separation, columns missing for everybody, a group without anybody.

    Notes
    -----
    docs/explanation/matched-comparison.md has the equations, sources and what each number is held against.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(3)
    >>> pre = rng.normal(50, 10, 400)
    >>> took = rng.random(400) < 1 / (1 + np.exp((pre - 45) / 10))
    >>> pupils = pd.DataFrame({"took": took, "pre": pre, "post": pre + 3 * took + rng.normal(0, 4, 400)})
    >>> found = match(pupils, "took", on=["pre"], method="full")
    >>> found.balance()[["std_difference_before", "std_difference"]].abs().round(1).values.tolist()[1]
    [0.8, 0.0]
    >>> found.difference("post")[["estimate", "std_error"]].round(1).values.tolist()
    [[3.2, 0.5]]
    """
    if method not in METHODS:
        raise SpecError(f"method={method!r} is unknown. Use one of: {', '.join(METHODS)}.")
    if estimand not in get_args(Target):
        raise SpecError(f"estimand={estimand!r} is unknown. Use one of: {', '.join(get_args(Target))}.")
    data = need_frame(data, error=FitError)
    facts = need_names(on, called="on", error=SpecError)
    agree = need_names(exact, called="exact", error=SpecError)
    if treatment not in data.columns:
        raise FitError(f"There is no column '{treatment}'. The data have: {', '.join(map(str, data.columns[:20]))}.")
    if not data.index.is_unique:
        twice = [str(one) for one in data.index[data.index.duplicated()].unique()[:5]]
        raise FitError(
            f"{', '.join(twice)} stand twice in the index of the data, so a unit could be matched twice. "
            "Keep one row for each, or give rows new numbers with data.reset_index(drop=True)."
        )
    index = data.index
    data = data.sort_index(kind="stable", key=None if pd.api.types.is_numeric_dtype(index.dtype) else _as_text)
    chosen = check_groups(_programme(data[treatment]), length=len(data))
    covariates = match_covariates(data, facts)
    if form not in get_args(Form):
        raise SpecError(f"form={form!r} is unknown. Use one of: {', '.join(get_args(Form))}.")
    if form == "curved":
        covariates = covariates.joined(chosen_curves(covariates, chosen))
    if method in get_args(WeightMethod):
        units = weigh_units(covariates, chosen, cast("WeightMethod", method), estimand)
        return Match(data, index, units, treatment, facts)
    try:
        matching = Matching(
            method=cast("MatchMethod", method),
            estimand=estimand,
            distance=distance,
            ratio=ratio,
            replacement=replacement,
            caliper=caliper,
            bins=bins,
        )
    except ValidationError as error:
        raise SpecError(f"These options do not go together: {'; '.join(map(_said, error.errors()))}.") from None
    if coarsen and method != "coarsened":
        raise SpecError(f"'coarsen' belongs to the method coarsened; the method is {method}.")
    absent = [name for name in (*agree, *(coarsen or {})) if name not in data.columns]
    if absent:
        raise FitError(f"There is no column {', '.join(map(repr, absent))}.")
    cuts = {name: tuple(points) for name, points in (coarsen or {}).items()}
    # Columns of a frame may have any name, those of a plan are identifiers.
    matching = matching.model_copy(update={"exact": agree, "coarsen": cuts})
    units = match_units(covariates, chosen, matching, data=data)
    return Match(data, index, units, treatment, facts)


def _programme(column: pd.Series) -> pd.Series:
    """The indicator as numbers; texts are refused, because nothing says which of them is the programme."""
    known = column.dropna()
    numbers = pd.to_numeric(known, errors="coerce")
    if numbers.isna().any():
        words = sorted(map(str, known[numbers.isna()].unique()))
        shown = ", ".join(map(repr, words[:3])) + (", ..." if len(words) > 3 else "")
        raise FitError(
            f"The column '{column.name}' holds text ({shown}). Make a column of 1 for the programme and 0 for the "
            f"others, such as data['{column.name}'] == {words[0]!r}."
        )
    return pd.to_numeric(column, errors="coerce").astype("float64")


def _said(one: ErrorDetails) -> str:
    """One complaint of the options, with the option's name where it is about one."""
    message = str(one["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"{one['loc'][0]}={one['input']!r} {message}" if one["loc"] else message


def _as_text(labels: pd.Index) -> pd.Index:
    return labels.astype("str")
