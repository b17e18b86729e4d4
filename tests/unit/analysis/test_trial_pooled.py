"""The pooled answer of a trial: all imputed data sets at once gives what one after the other gives."""

import numpy as np
import pytest

from evalkit.analysis import trial_pooled
from evalkit.analysis.trial_missing import impute_sample
from evalkit.analysis.trial_model import coefficients, fit_trial
from evalkit.analysis.trial_pooled import first_model, pooled
from evalkit.analysis.trial_sample import trial_sample
from evalkit.stats.missing_sensitivity import shift_imputed
from tests.unit.analysis.trial_scores import MadeDesign, make_trial


def imputed_trial(design: MadeDesign, arms: int = 2, outcome: int = 0):
    changes = {"missing_data": {"strategy": "multiple_imputation", "imputations": 4}}
    study, scores = make_trial(design=design, seed=7, schools=18, pupils=16, arms=arms, changes=changes)
    return impute_sample(trial_sample(scores, study, study.plan.outcomes[outcome]), ())


@pytest.mark.parametrize("arms", [2, 3])
def test_at_once_equals_one_by_one(arms: int) -> None:
    imputed = imputed_trial("cluster", arms)
    assert imputed.arms == list(imputed.sample.treated)
    moved = shift_imputed(
        imputed.imputations, variable="outcome", delta=-0.4, sd=3.0,
        rows=(imputed.rows["arm"] == imputed.arms[0]).to_numpy(dtype=bool),
    )  # fmt: skip
    for imputations in (imputed.imputations, moved):
        together = trial_pooled._at_once(imputed, imputations, first_model(imputed))
        single = trial_pooled._one_by_one(imputed, imputations)
        assert together is not None
        for ours, theirs in zip(together, single, strict=True):
            assert ours.shape == (4, arms - 1)
            np.testing.assert_allclose(ours, theirs, rtol=1e-8)
        table = coefficients(fit_trial(imputed.sample, rows=imputed.completed(imputations, 2), terms=imputed.terms))
        assert together[0][2, 0] == pytest.approx(float(table[f"arm[T.{imputed.arms[0]}]"]["estimate"]), rel=1e-9)


@pytest.mark.parametrize("design", ["classes", "individual"])
def test_other_models_are_fitted_one_by_one(design: MadeDesign) -> None:
    imputed = imputed_trial(design)
    assert trial_pooled._at_once(imputed, imputed.imputations, first_model(imputed)) is None
    found = pooled(imputed, imputed.imputations)
    assert found.n_imputations == 4
    assert np.isfinite(found.std_errors).all()
