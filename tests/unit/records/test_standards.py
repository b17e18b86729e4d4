"""Every threshold has a value, a source and a status, and the records agree with them."""

import pytest
from pydantic import ValidationError

from evalkit.errors import SpecError
from evalkit.records.evaluation import Evaluation
from evalkit.records.outcome import Retest
from evalkit.records.spec_file import parse_yaml, validate_spec
from evalkit.records.standards import STANDARDS_FILE, Standards, Threshold, load_standards


def thresholds(spec, path=""):
    """Every threshold below a block, with its path."""
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if isinstance(value, Threshold):
            yield f"{path}{name}", value
        elif hasattr(type(value), "model_fields"):
            yield from thresholds(value, f"{path}{name}.")


def test_every_threshold_names_its_source():
    found = dict(thresholds(load_standards()))
    assert len(found) >= 20
    for path, threshold in found.items():
        assert len(threshold.source) > 15, path
        assert threshold.status in ("V", "D", "M"), path
        assert threshold.unit, path


def test_strong_is_never_easier_than_fair():
    checks = load_standards().checks
    assert checks.size.strong_pupils.value > checks.size.fair_pupils.value
    assert checks.size.strong_half_width.value < checks.size.fair_half_width.value
    assert checks.drop_out.strong_share_lost.value < checks.drop_out.fair_share_lost.value
    assert checks.measure.strong_reliability.value > checks.measure.fair_reliability.value
    assert checks.delivery.strong_share_delivered.value > checks.delivery.fair_share_delivered.value


def test_warnings_begin_where_a_rating_becomes_weak():
    standards = load_standards()
    assert standards.warnings.few_pupils.value == standards.checks.size.fair_pupils.value
    assert standards.warnings.wide_interval.value == standards.checks.size.fair_half_width.value
    assert standards.warnings.high_drop_out.value == standards.checks.drop_out.fair_share_lost.value
    assert standards.warnings.low_reliability.value == standards.checks.measure.fair_reliability.value


def test_the_plan_holds_the_same_limits():
    methods = load_standards().methods
    weeks = methods.retest_weeks.value
    assert Retest(value=0.8, weeks=weeks, source="x").weeks == weeks
    with pytest.raises(ValidationError, match="stability"):
        Retest(value=0.8, weeks=weeks + 0.1, source="x")
    assert Evaluation.model_fields["suppression_threshold"].default == methods.suppression_threshold.value


def test_a_threshold_without_a_source_is_refused():
    text = STANDARDS_FILE.read_text(encoding="utf-8").replace("    status: V\n", "", 1)
    with pytest.raises(SpecError, match="status"):
        validate_spec(parse_yaml(text, name="standards.yaml"), Standards)


def test_disclosure_profiles_grow_stricter_where_they_should():
    rules = load_standards().disclosure
    internal, standard, public = (rules.profile(name) for name in ("internal", "standard", "public"))
    assert (internal.threshold, standard.threshold, public.threshold) == (5, 10, 5)
    assert (internal.zeros, standard.zeros, public.zeros) == (False, True, True)
    assert (internal.mean_base, standard.mean_base, public.mean_base) == (5, 10, 8)
    assert (standard.share_base, public.share_base, public.rounding) == (20, 22.5, 5)
    assert standard.threshold == load_standards().methods.suppression_threshold.value
    assert rules.protection.value > 2
