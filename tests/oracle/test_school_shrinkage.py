"""Schools' predicted changes in hubs against R (r/school_shrinkage.R): mixed-model equations on pupils' rows."""

import json
from pathlib import Path

import numpy as np

from evalkit.stats.shrinkage import predict_schools
from tests.oracle.compare import compare

EXPECTED = json.loads((Path(__file__).parent / "expected/school_shrinkage.json").read_text())


def test_predictions_and_their_error_variances_equal_the_mixed_model_equations() -> None:
    schools = EXPECTED["schools"]
    found = predict_schools(
        np.array(schools["mean"]),
        EXPECTED["sigma2"] / np.array(schools["n"]),
        np.array(schools["hub"]),
        school_variance=EXPECTED["school_variance"],
        hub_variance=EXPECTED["hub_variance"],
    )
    assert len(set(schools["n"])) > 1
    only = {name: getattr(found, name)[0] for name in ("middle", "middle_variance")}
    compare(only, {name: EXPECTED[name] for name in only})
    rows = {name: getattr(found, name)[0] for name in ("deviation", "deviation_variance", "value_variance")}
    compare(rows, {name: schools[name] for name in rows})
