"""Frozen results: read back byte for byte, and made again with the same numbers."""

import importlib.util
from dataclasses import replace
from pathlib import Path

from evalkit.records.results import load_results
from evalkit.records.verification import compare_results

FOLDER = Path(__file__).parent
FROZEN = FOLDER / "results_single_group_prepost.json"


def synthetic_results():
    spec = importlib.util.spec_from_file_location("make_results", FOLDER / "make_results.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    return maker.synthetic_results()


def test_the_frozen_file_reads_back_byte_for_byte():
    assert load_results(FROZEN).to_json() == FROZEN.read_text(encoding="utf-8")


def test_the_same_study_gives_the_same_numbers():
    now, frozen = synthetic_results(), load_results(FROZEN)
    # The instruments' files and the environment may change; the numbers may not.
    found = compare_results(replace(frozen, instruments=now.instruments, provenance=now.provenance), now)
    assert found.reproduced, found.differences


def test_a_changed_number_is_noticed():
    frozen = load_results(FROZEN)
    estimates = frozen.tidy()
    estimates.loc[0, "estimate"] *= 1 + 1e-6
    assert not compare_results(frozen, replace(frozen, estimates=estimates)).reproduced
