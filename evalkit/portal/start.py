"""Start the portal for a trial: database, an evaluator's one-time link, the demonstration programme, web and worker."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from evalkit.shipped import EXAMPLE, shipped

TRIAL_FOLDER = Path("evalkit-portal")
TRIAL_SECRET = "secret.txt"
EVALUATOR = "evaluator@example.org"
DEMO_SCHOOLS = (("100001", "Example Academy"), ("100002", "Sample Primary School"))


def set_up(data: Path | None = None, *, trial: bool = False) -> None:
    """Load Django with the settings of the environment. `trial` : this machine only, without HTTPS."""
    if data is not None:
        os.environ["EVALKIT_PORTAL_DATA"] = str(data.absolute())
    if trial:
        os.environ["EVALKIT_PORTAL_TRIAL"] = "1"
        os.environ.setdefault("EVALKIT_KEYS", f"{(data or TRIAL_FOLDER).absolute()}-keys")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalkit.portal.settings")
    import django

    django.setup()


def choose(data: Path | None) -> None:
    """Choose the portal that a command is about: the folder given, what the environment says, or the trial here."""
    if data is None and ("EVALKIT_PORTAL_DATA" in os.environ or "EVALKIT_PORTAL_SECRET" in os.environ):
        return
    place = (data or TRIAL_FOLDER).absolute()
    os.environ["EVALKIT_PORTAL_DATA"] = str(place)
    if (place / TRIAL_SECRET).is_file():
        os.environ.setdefault("EVALKIT_PORTAL_TRIAL", "1")
        os.environ.setdefault("EVALKIT_KEYS", f"{place}-keys")


def make_ready() -> None:
    """Create or upgrade the database."""
    from django.conf import settings
    from django.core.management import call_command

    Path(settings.DATA).mkdir(parents=True, exist_ok=True, mode=0o700)
    call_command("migrate", verbosity=0)


def first_link(address: str) -> str | None:
    """A one-time link that makes the first evaluator's account; None once somebody has one."""
    from evalkit.portal.models import Invitation, Membership, Role
    from evalkit.portal.tenancy import everything

    with everything():
        if Membership.objects.filter(role=Role.EVALUATOR).exists():
            return None
        Invitation.objects.filter(role=Role.EVALUATOR, programme=None, used_at=None).delete()
        _, token = Invitation.make(email=EVALUATOR, role=Role.EVALUATOR)
    return f"{address}/invitations/{token}/"


def add_demo() -> None:
    """Add the demonstration programme with two schools, once."""
    from evalkit.portal.models import Participation, Programme, School
    from evalkit.portal.tenancy import everything
    from evalkit.records.evaluation import EVALUATION_FILE, load_evaluation

    with everything():
        if Programme.objects.filter(is_demo=True).exists():
            return
        study = load_evaluation(shipped("analyses") / EXAMPLE)
        programme = Programme.objects.create(plan_id=study.plan.id, title=study.plan.title, is_demo=True)
        programme.folder.mkdir(parents=True)
        shutil.copyfile(study.folder / EVALUATION_FILE, programme.folder / EVALUATION_FILE)
        for urn, name in DEMO_SCHOOLS:
            school, _ = School.objects.get_or_create(urn=urn, defaults={"name": name})
            Participation.objects.create(programme=programme, school=school)


def serve(*, host: str, port: int) -> int:
    """Run gunicorn and a worker until one of them ends or the person stops them."""
    web = [
        sys.executable, "-m", "gunicorn", "evalkit.portal.wsgi", "--bind", f"{host}:{port}", "--workers", "2",
        "--threads", "4", "--timeout", "60", "--log-level", "warning",
    ]  # fmt: skip
    worker = [sys.executable, "-m", "evalkit.portal.jobs"]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))  # ends both, as Ctrl+C does
    running = [subprocess.Popen(web), subprocess.Popen(worker)]
    try:
        while all(one.poll() is None for one in running):
            try:
                running[0].wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
    except KeyboardInterrupt:
        pass
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(timeout=20)
    return max(one.returncode or 0 for one in running)
