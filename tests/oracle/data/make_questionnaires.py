"""Write the synthetic, seeded answer tables that the reliability and paired oracles share. No real pupil is in them.

Run from the repository root: python tests/oracle/data/make_questionnaires.py
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def answers(seed, *, n, loadings, points):
    """Whole answers 1..points of n pupils to items that share one factor."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(n, 1))
    noise = rng.normal(size=(n, len(loadings))) * np.sqrt(1 - np.square(loadings))
    latent = factor * np.array(loadings) + noise
    return np.clip(np.round((points + 1) / 2 + latent * points / 4), 1, points)


def cut(seed, *, n, loadings, cuts):
    """Answers 0, 1, ... of n pupils to items that share one factor; each item has its own cut points."""
    rng = np.random.default_rng(seed)
    loadings = np.array(loadings)
    latent = rng.normal(size=(n, 1)) * loadings + rng.normal(size=(n, len(loadings))) * np.sqrt(1 - loadings**2)
    return np.column_stack([np.digitize(column, steps) for column, steps in zip(latent.T, cuts, strict=True)])


def write(name, table, header):
    lines = [",".join("" if np.isnan(value) else f"{value:g}" for value in row) for row in table]
    (HERE / f"{name}.csv").write_text("\n".join([",".join(header), *lines]) + "\n")


def item_names(table):
    return [f"q{number + 1}" for number in range(table.shape[1])]


def main():
    eight = answers(101, n=60, loadings=[0.7, 0.6, 0.8, 0.5, 0.4, 0.75, 0.65, 0.3], points=5)
    write("items_eight", eight, item_names(eight))
    gaps = answers(102, n=400, loadings=[0.6] * 10, points=4)
    gaps[np.random.default_rng(103).random(gaps.shape) < 0.02] = np.nan
    write("items_gaps", gaps, item_names(gaps))
    three = answers(104, n=35, loadings=[0.8, 0.7, 0.6], points=7)
    write("items_three", three, item_names(three))
    # The second half of this scale was left unreversed: alpha is low and some item-rest correlations are negative.
    unreversed = answers(105, n=50, loadings=[0.7, 0.6, 0.65, -0.6, -0.7, -0.65], points=5)
    write("items_unreversed", unreversed, item_names(unreversed))
    # Right or wrong answers; some tables of two items have an empty cell.
    two = cut(107, n=60, loadings=[0.9, 0.7, 0.6, 0.8, 0.5], cuts=[[1.2], [-0.3], [1.3], [0], [-1.1]])
    write("items_two", two, item_names(two))
    mixed_cuts = [[0.3], [-0.5, 0.5], [-1, 0.2, 0.9], [-1.2, -0.4, 0.3, 1.1], [-1.5, -0.8, 0, 0.8, 1.4]]
    mixed = cut(108, n=150, loadings=[0.7, 0.6, -0.5, 0.8, 0.65], cuts=mixed_cuts)
    write("items_mixed", mixed, item_names(mixed))
    # Six items worded one way and six the other, none reversed yet; the last rows answer at random or all alike.
    opposite = answers(109, n=90, loadings=[0.9, -0.9] * 6, points=7)
    opposite[80:88] = np.random.default_rng(110).integers(1, 8, size=(8, 12))
    opposite[88], opposite[89] = 7, 4
    opposite[np.random.default_rng(111).random(opposite.shape) < 0.03] = np.nan
    write("items_opposite", opposite, item_names(opposite))
    rng = np.random.default_rng(106)
    pre = np.clip(np.round(28 + 5 * rng.normal(size=56)), 10, 40)
    post = np.clip(np.round(28 + 0.6 * (pre - 28) + 1.5 + 4.5 * rng.normal(size=56)), 10, 40)
    write("paired_fifty_six", np.column_stack([pre, post]), ["pre", "post"])
    pre, post = np.array([12.0, 15, 11, 18, 14, 13]), np.array([14.0, 15, 14, 17, 18, 16])
    write("paired_six", np.column_stack([pre, post]), ["pre", "post"])


if __name__ == "__main__":
    main()
