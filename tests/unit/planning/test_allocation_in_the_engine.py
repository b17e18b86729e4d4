"""From the draw of schools to the randomisation test of the fitted model: the certificate holds all it needs."""

from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evalkit as ek

PLAN = """\
schema: evalkit-randomisation/1
id: tiny-trial
id_column: school
arms: [{{id: treatment, label: Training}}, {{id: control, label: As usual}}]
{method}
seed: {{value: 20261122, source: a number fixed before the list}}
"""
METHODS = {
    "stratified": "method: stratified\nstrata: [{column: region, values: [north, south]}]",
    "pairs": "method: pairs\npairs: {match_on: [size]}",
}


def schools() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    names = [f"s{number:02d}" for number in range(12)]
    return pd.DataFrame({"school": names, "region": ["north", "south"] * 6, "size": rng.integers(50, 400, 12)})


@pytest.mark.parametrize("method", ["stratified", "pairs"])
def test_the_certificate_is_enough_for_the_randomisation_test(method: str, tmp_path: Path) -> None:
    plan = tmp_path / "randomisation.yaml"
    plan.write_text(PLAN.format(method=METHODS[method]), encoding="utf-8")
    listed = schools()
    listed.to_csv(tmp_path / "schools.csv", index=False)
    made = ek.randomise(tmp_path / "schools.csv", plan, to=tmp_path / "draw", stated_date="2026-11-22")
    rng = np.random.default_rng(6)
    school = np.repeat(listed["school"].to_numpy(), 10)
    arm = made.allocation.set_index("school")["arm"].loc[school].to_numpy()
    effect = np.where(arm == "treatment", 3.0, 0.0)
    between = dict(zip(listed["school"], rng.normal(0, 0.3, 12), strict=True))
    post = effect + np.array([between[one] for one in school]) + rng.normal(0, 1, school.size)
    data = pd.DataFrame({"school": school, "arm": pd.Categorical(arm, ["control", "treatment"]), "post": post})
    facts = ek.allocation_facts(made.certificate)
    mechanism = ek.Mechanism(**{field.name: getattr(facts, field.name) for field in fields(facts)})
    test = ek.multilevel("post ~ arm + (1 | school)", data).permute("arm", 500, seed=1, mechanism=mechanism)
    allocations = {"stratified": 20 * 20, "pairs": 2**6}[method]
    assert asdict(mechanism)["level"] == "school"
    assert test.tidy()["p_value"].iloc[0] == pytest.approx(2 / allocations), "the two most extreme of all allocations"
