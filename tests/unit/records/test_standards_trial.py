"""The blocks that rate a trial: every value has a source, tables have the published length, bands rise."""

import pytest

from evalkit.errors import SpecError
from evalkit.records.spec_file import parse_yaml, validate_spec
from evalkit.records.standards import STANDARDS_FILE, Standards, load_standards


def leaves(spec, path=""):
    """Every part with a source, with its path."""
    if isinstance(spec, tuple):
        for number, part in enumerate(spec):
            yield from leaves(part, f"{path}{number}.")
    elif hasattr(type(spec), "model_fields"):
        if "source" in type(spec).model_fields:
            yield path, spec
        for name in type(spec).model_fields:
            yield from leaves(getattr(spec, name), f"{path}{name}.")


def test_every_value_names_its_source():
    found = dict(leaves(load_standards()))
    assert len(found) >= 60
    for path, part in found.items():
        assert len(part.source) > 15, path
        assert part.status in ("V", "D", "M"), path
        # A value from memory never poses as read.
        if "from memory" in part.source and "was read" not in part.source:
            assert part.status == "M", path


def test_statuses_are_those_of_the_sources():
    standards = load_standards()
    assert standards.padlocks.mdes.status == standards.padlocks.attrition.status == "M"
    assert (standards.months.toolkit.status, standards.months.project.status) == ("V", "M")
    assert standards.cost.bounds.status == standards.wwc.attrition_cautious.status == "V"
    assert standards.compliance.weak_first_stage.status == standards.missing.analyse_above.status == "M"


def test_tables_have_their_published_length():
    wwc = load_standards().wwc
    cautious, optimistic = wwc.attrition_cautious.values, wwc.attrition_optimistic.values
    assert (len(cautious), len(optimistic)) == (58, 66)
    assert (cautious[0], cautious[10], cautious[57]) == (5.7, 6.3, 0.0)
    assert (optimistic[0], optimistic[20], optimistic[65]) == (10.0, 10.0, 0.3)
    assert all(high > low for low, high in zip(cautious, optimistic, strict=False))


def test_bands_differ_only_at_no_progress():
    months = load_standards().months
    assert len(months.project.values) == len(months.toolkit.values) == 13
    assert months.project.values[1:] == months.toolkit.values[1:]
    assert [rung.padlocks for rung in load_standards().padlocks.designs] == [5, 4, 3, 2, 1, 0]
    assert len({threat.id for threat in load_standards().security_threats}) == 7


def test_bands_that_fall_are_refused():
    text = STANDARDS_FILE.read_text(encoding="utf-8").replace("[80, 200, 720, 1200]", "[80, 200, 200, 1200]")
    with pytest.raises(SpecError, match="above the one before"):
        validate_spec(parse_yaml(text, name="standards.yaml"), Standards)
