"""A multilevel fit as text, in lme4's order, and as HTML for Jupyter."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.multilevel_tables import caveats, groups_of, tidy, variances
from evalkit.analysis.sample import Sample
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.inference import Inference, Method

LIKELIHOOD = {True: "REML", False: "maximum likelihood"}
METHOD = {
    "kenward-roger": "t-tests use Kenward-Roger's method",
    "satterthwaite": "t-tests use Satterthwaite's method",
    "normal": "z-tests use the normal approximation",
}


def _random_lines(core: MixedFit) -> pd.DataFrame:
    table = variances(core).rename(
        columns={"group": "Groups", "term": "Name", "variance": "Variance", "sd": "Std.Dev."}
    )
    table["Corr"] = [f"{c:.2f}" if np.isfinite(c) else "" for c in table.pop("correlation")]
    repeated = table["Groups"].eq(table["Groups"].shift())
    table.loc[repeated, "Groups"] = ""
    for name in ("Variance", "Std.Dev."):
        table[name] = [f"{value:.4g}" for value in table[name]]
    return table if table["Corr"].ne("").any() else table.drop(columns="Corr")


def _fixed_lines(inference: Inference, names: Sequence[str]) -> pd.DataFrame:
    table = tidy(inference, names, 0.95)
    return pd.DataFrame(
        {
            "": table["term"],
            "Estimate": [f"{v:.5g}" for v in table["estimate"]],
            "Std. Error": [f"{v:.4g}" for v in table["std_error"]],
            "df": [f"{v:.1f}" if np.isfinite(v) else "Inf" for v in table["df"]],
            "t value": [f"{v:.3f}" for v in table["statistic"]],
            "Pr(>|t|)": [f"{v:.4f}" if v >= 1e-4 else "<0.0001" for v in table["p_value"]],
            "95% low": [f"{v:.4g}" for v in table["conf_low"]],
            "95% high": [f"{v:.4g}" for v in table["conf_high"]],
        }
    )


def _residual_line(core: MixedFit, sample: Sample) -> str:
    from evalkit.analysis.multilevel_new_data import fitted

    scale = np.sqrt(core.sigma2) / (1.0 if sample.weights is None else np.sqrt(sample.weights))
    values = (sample.outcome - fitted(core, sample).to_numpy()) / scale
    cuts = np.quantile(values, [0.0, 0.25, 0.5, 0.75, 1.0])
    heads = "".join(f"{name:>9}" for name in ("Min", "1Q", "Median", "3Q", "Max"))
    return f"Scaled residuals:\n{heads}\n" + "".join(f"{cut:>9.4f}" for cut in cuts)


def _headline(core: MixedFit, method: Method) -> str:
    return f"Linear mixed model fit by {LIKELIHOOD[core.reml]}. {METHOD[method]}."


def _sizes(core: MixedFit, sample: Sample) -> str:
    groups = "; ".join(f"{name}, {count}" for name, count in groups_of(sample).items())
    return f"Number of obs: {core.n_rows}, groups: {groups}"


def summary(core: MixedFit, sample: Sample, method: Method, names: Sequence[str], inference: Inference) -> str:
    """The whole model as text."""
    criterion = "REML criterion at convergence" if core.reml else "Deviance"
    blocks = [
        f"{_headline(core, method)}\nFormula: {sample.formula.text}",
        f"{criterion}: {-2.0 * core.loglik:.1f}",
        _residual_line(core, sample),
        "Random effects:\n" + _random_lines(core).to_string(index=False) + f"\n{_sizes(core, sample)}",
        "Fixed effects:\n" + _fixed_lines(inference, names).to_string(index=False),
    ]
    notes = caveats(core, sample, method)
    if len(notes):
        blocks.append("What to know:\n" + "\n".join(f"- {message}" for message in notes["message"]))
    return "\n\n".join(blocks)


def html(core: MixedFit, sample: Sample, method: Method, names: Sequence[str], inference: Inference) -> str:
    """The model as two small tables for a notebook."""
    from html import escape

    notes = caveats(core, sample, method)
    items = "".join(f"<li>{escape(message)}</li>" for message in notes["message"])
    return (
        f"<div><p><strong>{escape(sample.formula.text)}</strong><br>{escape(_headline(core, method))}<br>"
        f"{escape(_sizes(core, sample))}</p>"
        f"{_fixed_lines(inference, names).to_html(index=False, border=0)}"
        f"{_random_lines(core).to_html(index=False, border=0)}"
        f"{f'<ul>{items}</ul>' if items else ''}</div>"
    )
