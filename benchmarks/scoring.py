"""Time scoring and reliability beside psych and pingouin in one run and print the ratios.

    python benchmarks/scoring.py        # needs Rscript with psych and jsonlite; some minutes, nearly all of it R

290,000 pupils, the 44 items of mslq44, two waves, 2% of answers missing. CPU time, one BLAS thread, medians (5 rounds
here, 3 in R), no file read or written inside the clock. R and pingouin do one wave, and so do we for the ratios. A
ratio of 30 means that they took 30 times as long. Targets are printed, not enforced.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded

import gc  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pingouin  # noqa: E402

from evalkit.records.evaluation import Evaluation, Study  # noqa: E402
from evalkit.records.instrument import load_instrument  # noqa: E402
from evalkit.records.release import Manifest, Release  # noqa: E402
from evalkit.scoring.reliability import reliability  # noqa: E402
from evalkit.scoring.score import score, score_items  # noqa: E402

ROUNDS, PUPILS = 5, 290_000
TARGETS = {"score": 2.0, "reliability": 3.0, "memory": 2.0, "ratio": 5}
INSTRUMENT = load_instrument("mslq44")
SCALE = INSTRUMENT.response_of(INSTRUMENT.items[0].id)


def wave(seed):
    """Made-up answers as printed, empty where missing, in the type that a release has (Int16)."""
    rng = np.random.default_rng(seed)
    k = len(INSTRUMENT.items)
    latent = 0.8 * rng.normal(size=(PUPILS, 1)) + rng.normal(size=(PUPILS, k))
    middle = (SCALE.min + SCALE.max) / 2
    answers = np.clip(np.round(middle + 1.5 * latent), SCALE.min, SCALE.max)
    answers[rng.random(answers.shape) < 0.02] = np.nan
    return pd.DataFrame(answers, columns=[item.id for item in INSTRUMENT.items]).astype("Int16")


def release_and_plan(waves):
    """The two waves as a release, and the plan that scores all scales."""
    estimand = dict.fromkeys(("population", "contrast", "measure", "non_compliance", "drop_out"), "made up")
    outcomes = [
        {"id": one.id, "label": one.label, "instrument": INSTRUMENT.id, "score": one.id, "role": "primary",
         "estimand": estimand}
        for one in INSTRUMENT.scores
    ]  # fmt: skip
    plan = Evaluation.model_validate({
        "schema": "evalkit-evaluation/1", "id": "made-up", "title": "Made up", "design": "single_group_prepost",
        "programme": {"name": "Made up", "description": "For a benchmark."}, "arms": [{"id": "all", "label": "All"}],
        "waves": [{"id": "pre", "label": "Before"}, {"id": "post", "label": "After"}], "outcomes": outcomes, "seed": 1,
    })  # fmt: skip
    manifest = Manifest.model_validate({
        "schema": "evalkit-release/1", "evaluation": plan.id, "evalkit": "0", "instruments": [INSTRUMENT.identity],
        "waves": {"pre": PUPILS, "post": PUPILS}, "linked": PUPILS, "only_in": {}, "tables": [], "sources": [],
    })  # fmt: skip
    pupils = pd.array([f"p{number:06d}" for number in range(PUPILS)], dtype="str")
    frames = [
        one.add_prefix(f"{INSTRUMENT.id}.").assign(pupil=pupils, wave=name)
        for name, one in zip(("pre", "post"), waves, strict=True)
    ]
    responses = pd.concat(frames, ignore_index=True).astype({"wave": "str"})
    return Release(responses, pd.DataFrame({"pupil": pupils}), manifest, "made-up"), Study(
        plan, Path(), (INSTRUMENT,), {}
    )


def timed(work):
    """Median CPU seconds of one call."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times))


def by_r(answers):
    """Have R score and describe one wave."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answers.to_numpy().T.tofile(folder / "answers.bin")
        keys = {score.id: [str(key) for key in score.keys] for score in INSTRUMENT.scores}
        case = {"rows": len(answers), "items": list(answers), "keys": keys, "min": SCALE.min, "max": SCALE.max}
        (folder / "case.json").write_text(json.dumps(case))
        subprocess.run(["Rscript", str(Path(__file__).with_name("scoring.R")), str(folder)], check=True)
        return json.loads((folder / "r.json").read_text())


def check(theirs, numbers, table):
    """The same work is timed: alpha is pairwise in psych, and scores agree where a pupil answered everything."""
    ours = reliability(numbers, families=["alpha"], missing="pairwise")["estimate"].iloc[0]
    assert abs(ours - theirs["alpha_value"]) < 1e-9, (ours, theirs["alpha_value"])
    first = INSTRUMENT.scores[0].id
    given = table[first].iloc[:50].to_numpy()
    them = np.array([np.nan if one is None else one for one in theirs["first"]], dtype=float)
    both = ~np.isnan(given)
    assert np.allclose(given[both], them[both])


def main():
    waves = [wave(1), wave(2)]
    numbers = waves[0].astype("float64")
    table = score_items(waves[0], INSTRUMENT)
    families = ("alpha", "omega")
    ours = {
        "score": timed(lambda: [score_items(one, INSTRUMENT) for one in waves]),
        "reliability": timed(lambda: [reliability(one, families=families) for one in waves]),
        "score one": timed(lambda: score_items(waves[0], INSTRUMENT)),
        "alpha one": timed(lambda: reliability(numbers, families=["alpha"])),
        "alpha pairwise": timed(lambda: reliability(numbers, families=["alpha"], missing="pairwise")),
    }
    release, study = release_and_plan(waves)
    ours["whole"] = timed(lambda: score(release, study))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairwise = timed(lambda: pingouin.cronbach_alpha(numbers))
        listwise = timed(lambda: pingouin.cronbach_alpha(numbers, nan_policy="listwise"))
    theirs = by_r(numbers)
    check(theirs, numbers, table)
    print(f"{PUPILS:,} pupils x {len(INSTRUMENT.items)} items, CPU seconds; targets in brackets\n")
    print("| work | evalkit |\n|---|---|")
    scales = f"{len(INSTRUMENT.scores)} scales with missing rules"
    print(f"| score two waves, {scales} | {ours['score']:.2f} s [{TARGETS['score']}] |")
    print(f"| alpha and omega with limits, two waves | {ours['reliability']:.2f} s [{TARGETS['reliability']}] |")
    print(f"| ek.score: all that, careless answers, factor models and invariance | {ours['whole']:.2f} s |")
    print(f"| highest memory of the run, answers included | {memory:.2f} GB [{TARGETS['memory']}] |\n")
    print(f"| one wave | theirs | evalkit | ratio [{TARGETS['ratio']}] |\n|---|---|---|---|")
    for name, them, us in (
        ("psych::scoreItems", theirs["scoreItems"], ours["score one"]),
        ("psych::scoreVeryFast (no missing rule, no reasons)", theirs["scoreVeryFast"], ours["score one"]),
        ("psych::alpha (pairwise, item statistics too)", theirs["alpha"], ours["alpha pairwise"]),
        ("pingouin.cronbach_alpha, as it comes (pairwise) / ours as it comes", pairwise, ours["alpha one"]),
        ("pingouin.cronbach_alpha, pairwise / ours pairwise", pairwise, ours["alpha pairwise"]),
        ("pingouin.cronbach_alpha, listwise / ours complete", listwise, ours["alpha one"]),
    ):
        print(f"| {name} | {them:.2f} s | {us:.2f} s | {them / us:.1f}x |")
    versions = f"psych {theirs['session']['psych']}, pingouin {pingouin.__version__}, numpy {np.__version__}"
    print(f"\n{theirs['session']['R']}, {versions}")


if __name__ == "__main__":
    main()
