"""A programme's later report beside one that leads or schools were shown: few who joined or left stop it."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from evalkit.errors import ReportError
from evalkit.portal.jobs import reporting
from evalkit.portal.models import DataRelease, Job, Report
from evalkit.portal.models.outcomes import Making
from evalkit.records.results import RESULTS_FILE, load_results

from .conftest import World
from .small_survey import give_small_plan

EXAMPLE = Path(__file__).parents[2] / "analyses" / "keyham-resilience" / RESULTS_FILE


def test_a_report_that_would_tell_about_few_is_not_made_while_the_earlier_one_is_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_small_plan(world.one)
    kept = load_results(EXAMPLE)
    first = replace(
        kept, plan=kept.plan.model_copy(update={"disclosure_profile": "standard"}), estimates=kept.estimates.head(5),
        displays={name: kept.displays[name] for name in ("change", "flow", "means")},
    )  # fmt: skip
    later = replace(first, models=first.models.assign(n_linked=first.models["n_linked"] + 2))
    release = DataRelease.objects.create(programme=world.one, state=Making.READY)
    earlier = Report.objects.create(
        programme=world.one, release=release, state=Making.READY, to_leads_at=timezone.now()
    )
    earlier.folder.mkdir(parents=True)
    (earlier.folder / RESULTS_FILE).write_text(first.to_json(), encoding="utf-8")
    made = Report.objects.create(programme=world.one, release=release)
    monkeypatch.setattr(reporting, "load_release", lambda folder: None)
    monkeypatch.setattr(reporting, "results_of", lambda data, study: later)
    monkeypatch.setattr(reporting, "report_all", lambda results, **_: [])
    monkeypatch.setattr(reporting, "make_own_reports", lambda *_: None)
    with_places: list[Report] = []
    monkeypatch.setattr(reporting, "make_place_pages", lambda made, *_: with_places.append(made))
    job = Job(kind=Job.Kind.REPORT, target=made.pk)
    with pytest.raises(ReportError, match="joined or left"):
        reporting.make_report(job)
    made.refresh_from_db()
    assert made.state == Making.FAILED
    assert not with_places
    assert "Let the earlier edition stand" in made.failure
    Report.objects.filter(pk=earlier.pk).update(to_leads_at=None)
    reporting.make_report(job)
    made.refresh_from_db()
    assert made.state == Making.READY
    assert with_places == [made]
