"""The work `report`: a data release is scored and analysed; the report is made in every format.

With it the reports of every school, and the pages of every hub and trust.
"""

from evalkit.custody.editions import REMEMBERED, edition_of, later_edition
from evalkit.custody.release import load_release
from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import EvalkitError
from evalkit.portal.jobs.place_reporting import make_place_pages
from evalkit.portal.jobs.school_reporting import make_own_reports
from evalkit.portal.models import Job, Report
from evalkit.portal.models.outcomes import Making
from evalkit.portal.plan_files import without_folder
from evalkit.portal.record import record
from evalkit.portal.tenancy import everything
from evalkit.progress import tick
from evalkit.records.evaluation import Study
from evalkit.records.release import Release
from evalkit.records.results import RESULTS_FILE, Results, load_results
from evalkit.report.any_design import any_answer
from evalkit.report.render import FORMAT_NAMES
from evalkit.road import report_all, results_of
from evalkit.road_hub_list import with_places
from evalkit.scoring.score import score

STEPS = 4


def make_report(job: Job) -> None:
    """Make the report of a job; its folder gets its name once every file is whole.

    Raises
    ------
    EvalkitError
        The data cannot be analysed as the plan asks, or the report cannot be made.
    """
    with everything():
        made = Report.objects.select_related("programme", "release", "made_by").get(pk=job.target)
    if made.state == Making.READY:
        return
    try:
        answer = _report(made)
    except EvalkitError as error:
        sentence = without_folder(error.message, made.programme.folder)
        with everything():
            Report.objects.filter(pk=made.pk).update(state=Making.FAILED, failure=sentence)
        raise type(error)(sentence) from None
    with everything():
        Report.objects.filter(pk=made.pk).update(state=Making.READY, failure="", answer=answer)
    record(made.made_by, "report_made", programme=made.programme, target=str(made.pk))


def _report(made: Report) -> str:
    """Fill the report's folder. Returns the answer in one sentence."""
    tick("Reading the release", 0, STEPS)
    release = load_release(made.release.folder)
    results = _results(release, made.programme.study)
    tick("Writing the report", 3, STEPS)
    shown = _beside_earlier(made, results)
    with folder_in_making(made.folder) as fresh:
        (fresh / RESULTS_FILE).write_text(results.to_json(), encoding="utf-8")
        report_all(shown, folder=fresh, formats=FORMAT_NAMES)
    make_own_reports(made, release, results)
    make_place_pages(made, release, results)
    tick("Done", STEPS, STEPS)
    return any_answer(results)


def _results(release: Release, study: Study) -> Results:
    """Score and analyse. A wrong list of hubs, told beside the report, costs its pictures of schools and no more."""
    try:
        return results_of(release, study)
    except EvalkitError:
        if not _is_list_wrong(release, study):
            raise
        return results_of(release, study, listed=False)


def _is_list_wrong(release: Release, study: Study) -> bool:
    if study.plan.data is None or study.plan.data.hubs is None:
        return False
    scores = score(release, study)
    try:
        with_places(scores, study)
    except EvalkitError:
        return True
    return False


def _beside_earlier(made: Report, results: Results) -> Results:
    """Results without what the programme's published reports beside them would give away.

    Raises
    ------
    ReportError
        Only few pupils joined or left since one of them.
    """
    profile = results.plan.disclosure_profile
    if profile not in REMEMBERED:
        return results
    with everything():
        others = made.programme.reports.filter(school=None, state=Making.READY).exclude(pk=made.pk)
        earlier = list(others.exclude(to_leads_at=None, to_schools_at=None).order_by("made_at"))
    before = [edition_of(load_results(one.folder / RESULTS_FILE), profile) for one in earlier]
    return later_edition(results, profile, before)
