"""Write the synthetic, seeded answer tables of the factor, invariance and item oracles. No real pupil is in them.

Run from the repository root: python tests/oracle/data/make_factor_answers.py
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def answers(latent, *, cuts):
    """Whole answers 1, 2, ... from latent responses and the cuts between the answers."""
    return 1.0 + (latent[..., np.newaxis] > np.asarray(cuts)).sum(axis=-1)


def write(name, table, header):
    lines = [",".join("" if np.isnan(value) else f"{value:g}" for value in row) for row in table]
    (HERE / f"{name}.csv").write_text("\n".join([",".join(header), *lines]) + "\n")


def factor_three():
    """Twelve items on three related factors, 500 pupils in 25 schools; answers skewed, 4% missing; two groups."""
    rng = np.random.default_rng(401)
    school = np.repeat(np.arange(25), 20)
    group = rng.integers(0, 2, 500)
    related = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])
    factors = rng.normal(size=(500, 3)) @ np.linalg.cholesky(related).T + 0.4 * rng.normal(size=(25, 3))[school]
    loading = np.zeros((12, 3))
    loading[np.arange(12), np.arange(12) // 4] = [0.8, 0.7, 0.6, 0.75, 0.65, 0.8, 0.55, 0.7, 0.6, 0.7, 0.8, 0.5]
    noise = rng.normal(size=(500, 12)) * 0.7
    noise[:, 1] += 0.4 * noise[:, 0]
    latent = factors @ loading.T + noise
    latent[:, 2] += 0.5 * group
    table = answers(latent, cuts=[-1.6, -0.9, -0.1, 0.8])
    table[rng.random(table.shape) < 0.04] = np.nan
    write("factor_three", np.column_stack([school, group, table]), ["school", "group", *_items("q", 12)])


def factor_waves():
    """Six items before and after, 400 pupils in 20 schools and two arms; one item easier after, gaps after."""
    rng = np.random.default_rng(402)
    school = np.repeat(np.arange(20), 20)
    arm = (school % 2).astype(float)
    before = rng.normal(size=400) + 0.4 * rng.normal(size=20)[school]
    after = 0.6 * before + 0.7 * rng.normal(size=400) + 0.3 + 0.2 * arm
    loading = np.array([0.8, 0.7, 0.65, 0.75, 0.6, 0.7])
    own = rng.normal(size=(400, 6))
    first = before[:, np.newaxis] * loading + 0.7 * own
    second = after[:, np.newaxis] * loading + 0.4 * own + 0.6 * rng.normal(size=(400, 6))
    second[:, 3] += 0.45
    cuts = [-1.1, -0.3, 0.5, 1.3]
    pre, post = answers(first, cuts=cuts), answers(second, cuts=cuts)
    gone = rng.random(400) < 0.08
    post[gone] = np.nan
    post[rng.random(post.shape) < 0.02] = np.nan
    header = ["school", "arm", *_items("pre_q", 6), *_items("post_q", 6)]
    write("factor_waves", np.column_stack([school, arm, pre, post]), header)


def _items(stem, count):
    return [f"{stem}{number + 1}" for number in range(count)]


if __name__ == "__main__":
    factor_three()
    factor_waves()
