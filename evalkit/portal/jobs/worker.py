"""The worker: takes work from the queue, one piece at a time, until it is told to stop."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from django.db import OperationalError, close_old_connections, connections
from django.utils.module_loading import import_string

from evalkit.errors import EvalkitError
from evalkit.portal.jobs.queue import LEASE, again_later, end, renew, take
from evalkit.portal.models import Job
from evalkit.portal.sweeping import sweep
from evalkit.portal.tenancy import everything
from evalkit.progress import reporting_to
from evalkit.trace import save_trace

IDLE_SECONDS = 0.5
RETRY_SECONDS = 30.0
SWEEP_SECONDS = 3600.0


# Loaded when first needed: a worker that only checks files never loads the report.
WORK = {
    Job.Kind.CHECK: "evalkit.portal.jobs.checking.check",
    Job.Kind.RELEASE: "evalkit.portal.jobs.releasing.make_programme_release",
    Job.Kind.REPORT: "evalkit.portal.jobs.reporting.make_report",
}


def work_of(kind: Job.Kind) -> Callable[[Job], None]:
    """What does a kind of work."""
    return import_string(WORK[kind])


def work(*, until_idle: bool = False) -> int:
    """Do the work of the queue.

    Parameters
    ----------
    until_idle : stop when nothing is waiting (tests, `evalkit portal worker --once`); else go on until SIGTERM

    Returns
    -------
    int - how many pieces were done
    """
    name = f"{socket.gethostname()}:{os.getpid()}"
    stopping = threading.Event()
    if threading.current_thread() is threading.main_thread() and not until_idle:

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
    done = 0
    swept = -SWEEP_SECONDS
    while not stopping.is_set():
        if not until_idle:
            close_old_connections()
            if time.monotonic() - swept > SWEEP_SECONDS:
                sweep()
                swept = time.monotonic()
        try:
            with everything():
                job = take(name)
            if job is not None:
                do(job)
                done += 1
        except OperationalError:  # the database was restarted, or is not there yet; the lease keeps what was begun
            if until_idle:
                raise
            connections.close_all()
            stopping.wait(RETRY_SECONDS / 10)
            continue
        if job is not None:
            continue
        if until_idle:
            break
        stopping.wait(IDLE_SECONDS)
    return done


def do(job: Job) -> None:
    """Do one piece of work and say how it ended. The boundary of the queue: a failure becomes a record."""
    try:
        with _kept_alive(job):
            work_of(Job.Kind(job.kind))(job)
    except EvalkitError as error:
        failure = str(error)
    except OSError:
        with everything():
            again_later(job, seconds=RETRY_SECONDS)
        return
    except OperationalError:
        raise
    except Exception as error:  # the boundary of the queue: a code for the person, a trace without values for us
        code, _ = save_trace(error)
        failure = f"Something went wrong inside evalkit (code {code}). Please tell the operator."
    else:
        failure = ""
    with everything():
        end(job, failure=failure)


@contextmanager
def _kept_alive(job: Job) -> Generator[None]:
    """Renew the lease while the work goes on, and pass its progress to the page."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(LEASE.total_seconds() / 3):
            with everything():
                renew(job)
        connections.close_all()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    said = 0.0

    def told(step: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said > 0.3:
            said = time.monotonic()
            with everything():
                renew(job, step=step, done=done, total=total)

    try:
        with reporting_to(told):
            yield
    finally:
        ended.set()
        thread.join(timeout=5)
