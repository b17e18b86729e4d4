"""The queue: one promise for one target, leases that run out, an ending that counts once."""

import uuid
from datetime import timedelta

from django.utils import timezone

from evalkit.errors import UploadError
from evalkit.portal.jobs import worker
from evalkit.portal.jobs.queue import MOST_ATTEMPTS, end, enqueue, renew, take
from evalkit.portal.models import Job

from .conftest import World


def _promise(world: World, kind: Job.Kind = Job.Kind.CHECK) -> Job:
    return enqueue(kind, uuid.uuid4(), programme=world.one, school=world.mine)


def test_the_same_promise_is_made_once(world: World) -> None:
    first = _promise(world)
    assert enqueue(first.kind, first.target, programme=world.one) == first
    taken = take("a")
    assert taken == first
    assert end(taken)
    assert enqueue(first.kind, first.target, programme=world.one) != first


def test_checks_go_before_reports(world: World) -> None:
    _promise(world, Job.Kind.REPORT)
    check = _promise(world)
    assert take("a") == check
    assert take("a").kind == Job.Kind.REPORT
    assert take("a") is None


def test_a_dead_workers_lease_runs_out_and_its_ending_does_not_count(world: World) -> None:
    _promise(world)
    dead = take("dead")
    assert take("other") is None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    alive = take("other")
    assert alive is not None
    assert alive.attempts == 2
    assert not renew(dead)
    assert not end(dead)
    assert end(alive)
    assert not end(alive)


def test_work_that_never_ends_fails_after_three_attempts(world: World) -> None:
    _promise(world)
    for _ in range(MOST_ATTEMPTS):
        assert take("w") is not None
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert take("w") is None
    job = Job.objects.get()
    assert job.state == Job.State.FAILED
    assert "three times" in job.failure


def test_failures_become_records_without_values(world: World, monkeypatch) -> None:
    outcomes = iter([UploadError("The file is empty."), ValueError("pupil Q7X4 ticked 3"), OSError("disk full")])

    def work_of(kind):
        def fail(job):
            raise next(outcomes)

        return fail

    monkeypatch.setattr(worker, "work_of", work_of)
    jobs = [_promise(world) for _ in range(3)]
    assert worker.work(until_idle=True) == 3
    told, unforeseen, later = (Job.objects.get(pk=job.pk) for job in jobs)
    assert told.failure == "The file is empty."
    assert "code" in unforeseen.failure
    assert "Q7X4" not in unforeseen.failure
    assert later.state == Job.State.WAITING
    assert later.not_before > timezone.now()
