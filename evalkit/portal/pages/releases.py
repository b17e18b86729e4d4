"""Lock the data, make data releases, take them into Jupyter."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from evalkit.custody.audit import Action
from evalkit.custody.data_lock import data_lock, lock_data, unlock_data
from evalkit.custody.keys import make_key, read_keys
from evalkit.portal.access import Visit, page
from evalkit.portal.jobs.releasing import problems_of
from evalkit.portal.making import progress_of, promise, promise_again
from evalkit.portal.models import DataRelease, Job, Programme, Role, SurveyUpload
from evalkit.portal.models.outcomes import Making
from evalkit.portal.once import changing, new_id, reading, sent_id
from evalkit.portal.record import record
from evalkit.portal.served import zip_of


@page(Role.EVALUATOR)
def lock(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Lock the data, or unlock them; both with a reason. What is asked for and is so already changes nothing."""
    programme = visit.the_programme
    study, held = programme.study, data_lock(programme.study)
    wrong = ""
    if request.method == "POST":
        reason = " ".join(request.POST.get("reason", "").split())[:300]
        wanted = request.POST.get("wanted")
        if not reason:
            wrong = "Enter the reason, in a few words"
        else:
            done: Action | None = None
            if wanted == "locked" and held is None:
                today = timezone.localdate().isoformat()
                lock_data(study, by=str(visit.person), stated_date=today, reason=reason)
                done = "data_locked"
            elif wanted == "unlocked" and held is not None:
                unlock_data(study)
                done = "data_unlocked"
            if done:
                record(visit.person, done, programme=programme, reason=reason)
                messages.success(request, "The data are locked." if wanted == "locked" else "The data are unlocked.")
            return redirect("lock", programme=programme.pk)
    context = {"programme": programme, "lock": held, "tab": "lock", "wrong": wrong}
    return render(request, "portal/programme/lock.html", context, status=422 if wrong else 200)


@page(Role.EVALUATOR)
def releases(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The data releases; on POST promise one more."""
    programme = visit.the_programme
    if request.method == "POST":
        made = promise(DataRelease, Job.Kind.RELEASE, sent_id(request), programme=programme, by=visit.person)
        return redirect("release", programme=programme.pk, release=made.pk)
    needs_key, has_key = _key(programme)
    context = {
        "programme": programme, "releases": programme.releases.all(), "tab": "releases", "id": new_id(),
        "files": programme.uploads.filter(state=SurveyUpload.State.CONFIRMED).count(),
        "lock": data_lock(programme.study), "needs_key": needs_key and not has_key,
    }  # fmt: skip
    return render(request, "portal/programme/releases.html", context)


@page(Role.EVALUATOR)
def release(request: HttpRequest, visit: Visit, *, release: UUID) -> HttpResponse:
    """One release: how far it is, what is wrong with it, or what it holds; on POST try again."""
    programme, made = visit.the_programme, _of(visit, release)
    now = progress_of(made, Job.Kind.RELEASE)
    if request.method == "POST":
        if now.is_failed:
            promise_again(made, Job.Kind.RELEASE)
        return redirect("release", programme=programme.pk, release=made.pk)
    if now.is_ready or now.is_failed:
        record(visit.person, "view", programme=programme, target=f"release {made.pk}")
    waves = [(wave.label, made.counts.get(wave.id)) for wave in programme.study.plan.waves]
    context = {
        "programme": programme, "release": made, "now": now, "waves": waves, "tab": "releases", "id": new_id(),
        "problems": [] if now.is_running else problems_of(made), "reports": made.reports.filter(school=None),
    }  # fmt: skip
    return render(request, "portal/programme/release.html", context)


@page(Role.EVALUATOR)
@reading
def download(request: HttpRequest, visit: Visit, *, release: UUID) -> StreamingHttpResponse:
    """The frozen folder as a zip file."""
    made = _of(visit, release)
    if made.state != Making.READY or not made.folder.is_dir():
        raise Http404
    record(visit.person, "download", programme=visit.the_programme, target=f"release {made.pk}", sha256=made.sha256)
    name = f"{visit.the_programme.plan_id}-release-{made.sha256[:8]}"
    return zip_of(made.folder, name=name)


@page(Role.EVALUATOR)
@changing
def first_key(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Make the key of a plan that asks for pseudonyms, if there is none yet."""
    programme = visit.the_programme
    needed, there = _key(programme)
    if needed and not there:
        made = make_key(read_keys(programme.study.plan.id, data=programme.folder))
        record(visit.person, "key_made", programme=programme, target=f"version {made.version}")
        messages.success(request, "The key was made. The operator keeps it apart from the data.")
    return redirect("releases", programme=programme.pk)


def _key(programme: Programme) -> tuple[bool, bool]:
    """Whether the plan asks for pseudonyms, and whether there is a key."""
    protection = programme.study.plan.data_protection
    if protection is None or not protection.pseudonymise:
        return False, False
    return True, bool(read_keys(programme.study.plan.id, data=programme.folder).keys)


def _of(visit: Visit, release: UUID) -> DataRelease:
    made = DataRelease.objects.filter(pk=release, programme=visit.the_programme).first()
    if made is None:
        raise Http404
    return made
