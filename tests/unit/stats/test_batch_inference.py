"""Kenward-Roger for many fits at once is Kenward-Roger for each."""

import numpy as np
import pytest

from evalkit.stats.batch_inference import kenward_roger
from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.inference import infer, single_tests
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.resample_two_level import Batch, fit_batch

CLUSTERS, DRAWS = 14, 12
CONTRAST = np.array([0.0, 1.0, 0.5])


def drawn():
    """Replicates of other sizes each, some clusters empty, the last ones without any variance between clusters."""
    rng = np.random.default_rng(8)
    sizes = rng.integers(0, 9, (CLUSTERS, DRAWS))
    mean, within, rows = np.zeros((4, CLUSTERS, DRAWS)), np.zeros((4, 4, DRAWS)), []
    for draw in range(DRAWS):
        code = np.repeat(np.arange(CLUSTERS), sizes[:, draw])
        treat = (rng.permutation(CLUSTERS) % 2).astype(float)[code]
        pre = rng.normal(size=code.size)
        between = rng.normal(size=CLUSTERS)[code] * (0.7 if draw < 8 else 0.0)
        columns = np.stack([np.ones(code.size), treat, pre, 0.4 * pre + between + rng.normal(size=code.size)])
        for cluster in np.unique(code):
            own = columns[:, code == cluster]
            mean[:, cluster, draw] = own.mean(axis=1)
            left = own - own.mean(axis=1, keepdims=True)
            within[:, :, draw] += left @ left.T
        rows.append((columns, code))
    size = sizes.astype(float)
    return Batch(size, size.sum(axis=0), within, (), np.zeros((0, CLUSTERS)), (0, 1, 2, 3), mean, None), rows


def test_each_replicate_equals_a_fit_of_its_own():
    batch, rows = drawn()
    fits = fit_batch(batch)
    found = kenward_roger(batch, fits, contrast=CONTRAST)
    assert (fits.ratio == 0).any()
    assert (fits.ratio > 0).any()
    for draw, (columns, code) in enumerate(rows):
        levels, codes = np.unique(code, return_inverse=True)
        single = fit_mixed(columns[3], columns[:3], [RandomTerm("school", ("(Intercept)",), codes, len(levels))])
        test = single_tests(infer(single), CONTRAST[None])[0]
        ours = found.estimate[draw], found.std_error[draw], found.df[draw]
        assert ours == pytest.approx((test.estimate, test.std_error, test.df), rel=1e-8)


def test_a_replicate_that_cannot_be_fitted_has_no_test():
    batch, _ = drawn()
    batch.moving_mean[1, :, 0] = 1.0  # everybody treated: the arm is the constant
    found = kenward_roger(batch, fit_batch(batch), contrast=CONTRAST)
    assert np.isnan([found.estimate[0], found.std_error[0], found.df[0]]).all()
    assert np.isfinite(found.df[1:]).all()
