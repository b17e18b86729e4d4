"""Who may open what. Every page says which roles open it; a page that says nothing opens to nobody.

A page's address names the programme and the school it is about. A person opens it with a role that holds just there;
what is not theirs is answered as if it did not exist.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from evalkit.errors import EvalkitError
from evalkit.portal.models import Membership, Participation, Person, Programme, Role, School
from evalkit.portal.models.people import SCHOOL_ROLES
from evalkit.portal.tenancy import Scope, set_scope
from evalkit.trace import save_trace

SIGN_IN_PAGES = frozenset(
    {
        "account_login", "account_logout", "account_reauthenticate", "account_change_password",
        "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
        "account_reset_password_from_key_done", "mfa_authenticate", "mfa_reauthenticate", "mfa_index",
        "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
    }
)  # fmt: skip
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is looking, in which roles, at which programme and school. Made by `page`; views trust it."""

    person: Person
    roles: frozenset[Role]
    memberships: tuple[Membership, ...]
    programme: Programme | None = None
    school: School | None = None

    @property
    def the_programme(self) -> Programme:
        """The programme that the address names."""
        assert self.programme is not None
        return self.programme

    @property
    def the_school(self) -> School:
        """The school that the address names."""
        assert self.school is not None
        return self.school


def page(*roles: Role) -> Callable[[View], View]:
    """Open a view to people who hold one of these roles at the place that its address names.

    The view is called with the request, a `Visit`, and the other parts of the address. A place is `programme` and/or
    `school` in the address; without them a role anywhere is enough.
    """

    def opened(view: View) -> View:
        @wraps(view)
        def guarded(
            request: HttpRequest, *, programme: UUID | None = None, school: UUID | None = None, **parts: Any
        ) -> HttpResponse:
            person = request.user
            if not isinstance(person, Person) or not person.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if settings.MFA_DEMANDED and not is_mfa_enabled(person):
                return redirect("mfa_activate_totp")
            visit = visit_of(person, roles, programme=programme, school=school)
            return view(request, visit, **parts)

        guarded.access = frozenset(roles)  # type: ignore[attr-defined]
        return guarded

    return opened


def open_page(view: View) -> View:
    """Open a view to everybody, signed in or not."""
    view.access = frozenset()  # type: ignore[attr-defined]
    return view


def visit_of(
    person: Person, roles: Iterable[Role], *, programme: UUID | None = None, school: UUID | None = None
) -> Visit:
    """The visit of a person to a place.

    Raises
    ------
    Http404
        The place is not theirs, or does not exist: the same answer to both.
    PermissionDenied
        No place is named and they hold none of the roles anywhere.
    """
    everything = tuple(person.memberships.all())
    set_scope(scope_of(everything))
    fitting = [one for one in everything if one.role in roles and _holds_at(one, programme, school)]
    if not fitting:
        if programme or school:
            raise Http404
        raise PermissionDenied
    at = Programme.objects.filter(pk=programme).first() if programme else None
    of = School.objects.filter(pk=school).first() if school else None
    if (programme and at is None) or (school and of is None):
        raise Http404
    if at and of and not Participation.objects.filter(programme=at, school=of).exists():
        raise Http404
    return Visit(person, frozenset(Role(one.role) for one in fitting), everything, at, of)


def scope_of(memberships: Iterable[Membership]) -> Scope:
    """What the database shows to somebody with these memberships."""
    held = list(memberships)
    return Scope(
        everything=any(one.role == Role.OFFICER for one in held),
        queue=any(one.role == Role.OPERATOR for one in held),
        schools=frozenset(str(one.school_id) for one in held if one.role in SCHOOL_ROLES),
        programmes=frozenset(str(one.programme_id) for one in held if one.role == Role.EVALUATOR and one.programme_id),
        led=frozenset(str(one.programme_id) for one in held if one.role == Role.PROGRAMME_LEAD),
    )


def _holds_at(one: Membership, programme: UUID | None, school: UUID | None) -> bool:
    """Whether a membership holds at the place that an address names: leads see no single school, operators no data."""
    if one.role in SCHOOL_ROLES:
        if programme and not school:
            return False
        return (school is None or one.school_id == school) and (
            programme is None or one.programme_id in (None, programme)
        )
    if one.role == Role.EVALUATOR or (one.role == Role.PROGRAMME_LEAD and school is None):
        return (one.programme_id == programme) if programme else school is None
    return one.role == Role.OFFICER or (one.role == Role.OPERATOR and programme is None and school is None)


class DefaultDeny:
    """Refuses every view that does not say who may open it; of the sign-in package only the pages that are used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Raises Http404 for a view that is open to nobody."""
        if hasattr(view, "access"):
            return
        match = request.resolver_match
        if match is not None and match.url_name in SIGN_IN_PAGES:
            return
        raise Http404

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What could not be kept (a full disk, a log that was tampered with) is a page, not a broken one."""
        if not isinstance(exception, EvalkitError):
            return None
        from evalkit.portal.pages.faults import cannot_keep

        _, note = save_trace(exception)
        logging.getLogger(__name__).error("a page could not keep what it had to; see %s", note.name)
        return cannot_keep(request)
