"""Signing in by hand: passwords, two steps, links for a new password; every page of it in our own words."""

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from evalkit.errors import SpecError
from evalkit.portal.models import Role
from evalkit.portal.signing import password_link

from .conftest import PASSWORD, World


def _code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_two_steps_are_turned_on_and_then_asked_for(world: World) -> None:
    client = Client()
    address = world.people[Role.EVALUATOR].email
    assert client.post("/accounts/login/", {"login": address, "password": PASSWORD}).status_code == 302
    page = client.get("/accounts/2fa/totp/activate/")
    secret = re.search(r"Key: <code>(\w+)</code>", page.text)[1]
    wrong = client.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    assert "There is a problem" in wrong.text
    done = client.post("/accounts/2fa/totp/activate/", {"code": _code(secret)}, follow=True)
    codes = re.findall(r"<li><code>([\w-]+)</code>", done.text)
    assert len(codes) == 10
    again = Client()
    first = again.post("/accounts/login/", {"login": address, "password": PASSWORD}, follow=True)
    assert "Type the code from your app" in first.text
    assert again.get("/home/").status_code == 302  # not in yet
    assert again.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert "Show them" in again.get("/accounts/2fa/").text
    session = again.session
    session["signed_in_at"] -= 3600
    session.save()
    assert "Confirm that it is you" in again.get("/accounts/2fa/totp/deactivate/", follow=True).text


def test_a_link_for_a_new_password_works_once(world: World) -> None:
    address = world.people[Role.UPLOADER].email
    path = password_link(address)
    client = Client()
    page = client.get(path, follow=True)
    assert "Choose a new password" in page.text
    new = {"password1": "four other random words", "password2": "four other random words"}
    assert "is changed" in client.post(page.request["PATH_INFO"], new, follow=True).text
    assert "does not work any more" in Client().get(path, follow=True).text
    assert client.post("/accounts/login/", {"login": address, "password": new["password1"]}).status_code == 302
    with pytest.raises(SpecError, match="no account"):
        password_link("stranger@example.org")


def test_nobody_learns_whether_an_address_has_an_account(world: World) -> None:
    answers = [
        Client().post("/accounts/password/reset/", {"email": address}, follow=True)
        for address in (world.people[Role.UPLOADER].email, "stranger@example.org")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert "Look into your mail box" in answers[0].text


def test_a_new_session_comes_with_signing_in_and_none_stays_after_signing_out(world: World) -> None:
    client = Client()
    client.get("/accounts/login/")
    before = client.session.session_key
    client.post("/accounts/login/", {"login": world.people[Role.UPLOADER].email, "password": PASSWORD})
    inside = client.session.session_key
    assert inside != before
    client.post("/accounts/logout/")
    client.cookies["sessionid"] = inside
    assert client.get("/home/").status_code == 302


def test_signing_in_never_leads_to_another_site(world: World) -> None:
    answer = Client().post(
        "/accounts/login/?next=https://evil.example/",
        {"login": world.people[Role.UPLOADER].email, "password": PASSWORD, "next": "https://evil.example/"},
    )
    assert "evil" not in answer["Location"]


def test_pages_send_the_headers_that_protect_them(world: World) -> None:
    answer = Client().get("/accounts/login/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
