"""Every address of the portal. A part of it has a module `urls_*`, so that each reader's pages stand together."""

from django.urls import URLPattern, URLResolver, include, path

from evalkit.portal.pages import answering, faults, home, invitations

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.front, name="front"),
    path("home/", home.home, name="home"),
    path("privacy/", home.privacy, name="privacy"),
    path("invitations/<str:token>/", invitations.open_invitation, name="invitation"),
    path("answer/<str:token>/", answering.answer, name="answer"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("schools/<uuid:school>/", include("evalkit.portal.urls_school")),
    path("", include("evalkit.portal.urls_programme")),
]
handler404 = faults.not_found
handler403 = faults.not_allowed
handler500 = faults.broken
