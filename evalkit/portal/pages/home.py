"""The first page after signing in: everything that a person may open, and nothing else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from evalkit.portal.access import Visit, open_page, page
from evalkit.portal.models import Role
from evalkit.portal.models.people import SCHOOL_ROLES


@open_page
def front(request: HttpRequest) -> HttpResponse:
    """Who is signed in goes to their own page; others to signing in."""
    return redirect("home" if request.user.is_authenticated else "account_login")


@page(*Role)
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The places of a person; one with a single place is taken there."""
    places: list[tuple[str, str, str]] = []
    led = sum(one.role == Role.PROGRAMME_LEAD for one in visit.memberships)
    for one in visit.memberships:
        if one.role in SCHOOL_ROLES and one.school:
            places.append((one.school.name, Role(one.role).label, f"/schools/{one.school_id}/"))
        elif one.role == Role.PROGRAMME_LEAD and led == 1:
            places.append((str(one.programme), Role(one.role).label, f"/lead/{one.programme_id}/"))
        elif one.role == Role.PROGRAMME_LEAD:
            places.append(("Programmes that I lead", Role(one.role).label, "/lead/"))
        elif one.role == Role.EVALUATOR:
            places.append(("Programmes that I evaluate", Role(one.role).label, "/programmes/"))
        elif one.role == Role.OFFICER:
            places.append(("Data protection", Role(one.role).label, "/officer/"))
        else:
            places.append(("The portal's state", Role(one.role).label, "/operator/"))
    distinct = list({place[2]: place for place in places}.values())
    if len(distinct) == 1:
        return redirect(distinct[0][2])
    return render(request, "portal/home.html", {"places": distinct})


@open_page
def privacy(request: HttpRequest) -> HttpResponse:
    """What the portal keeps about the people who use it."""
    return render(request, "portal/privacy.html")
