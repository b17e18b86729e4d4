"""Resampling through Dask's own local cluster gives the same bytes as in one process."""

import numpy as np
import pandas as pd
import pytest
from dask.distributed import Client, LocalCluster
from joblib import parallel_config

from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.multilevel_permutation import permute
from evalkit.analysis.multilevel_resampling import bootstrap


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(4)
    school = np.repeat(np.arange(10), 12)
    pre = rng.normal(0, 1, school.size)
    post = 0.5 * (school % 2) + 0.6 * pre + rng.normal(0, 0.5, 10)[school] + rng.normal(0, 1, school.size)
    data = pd.DataFrame({"school": school.astype(str), "treat": school % 2, "pre": pre, "post": post})
    return multilevel("post ~ treat + pre + (1 | school)", data)


@pytest.mark.filterwarnings("ignore")
def test_dask_gives_the_same_bytes(fit):
    here = bootstrap(fit.core, fit.sample, 300, seed=7).draws
    p_here = permute(fit.core, fit.sample, "treat", 300, seed=7, exact="never").tidy()
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster),
        parallel_config(backend="dask"),
    ):
        there = bootstrap(fit.core, fit.sample, 300, seed=7, workers=2).draws
        p_there = permute(fit.core, fit.sample, "treat", 300, seed=7, exact="never", workers=2).tidy()
    pd.testing.assert_frame_equal(here, there, check_exact=True)
    pd.testing.assert_frame_equal(p_here, p_there, check_exact=True)
