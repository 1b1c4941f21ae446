"""Signing in and out, and what a cookie is worth."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from structlog.testing import capture_logs

from app.core import clock
from app.core.queue import Job
from app.extensions import db, limiter
from app.identity.entering import resetting
from app.identity.entering.passwords import hash_password
from app.identity.models import AuditEntry, PasswordReset

PASSWORD = "correct horse battery staple"


@pytest.fixture
def ada(cast):
    cast.admin.password_hash = hash_password(PASSWORD)
    db.session.commit()
    return cast.admin


def enter(browser, email, password=PASSWORD, **form):
    return browser.post("/sign-in", data={"email": email, "password": password, **form})


def is_in(browser):
    return browser.get("/account").status_code == 200


def test_the_right_password_opens_the_door_whatever_the_case_of_the_address(client, ada):
    answer = enter(client, "  ADA@Example.com ", next="/account")
    assert (answer.status_code, answer.location) == (302, "/account")
    assert is_in(client)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com", ""])
def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client, ada, email):
    answer = enter(client, email, "not her password")
    assert answer.status_code == 422
    assert "The e-mail address or the password is wrong" in answer.text
    assert not is_in(client)


def test_a_person_without_a_password_cannot_sign_in_with_an_empty_one(client, cast):
    assert enter(client, cast.owner.email, "").status_code == 422


def test_an_old_hash_is_renewed_when_its_owner_signs_in(client, ada):
    ada.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert enter(client, ada.email).status_code == 302
    assert "m=19456,t=2,p=1" in ada.password_hash
    assert is_in(client)


def test_signing_in_begins_a_new_session(client, ada):
    with client.session_transaction() as session:
        session["workspace_id"], session["planted"] = 1, "by somebody else"
    enter(client, ada.email)
    with client.session_transaction() as session:
        assert session.permanent
        assert not {"planted", "workspace_id", "csrf_token"} & set(session)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:x",
        "",
    ],
)
def test_signing_in_never_leads_to_another_site(client, ada, wanted):
    assert enter(client, ada.email, next=wanted).location == "/"


def test_who_is_sent_to_sign_in_comes_back_to_the_page_they_wanted(client, ada):
    asked = client.get("/settings/audit?cursor=x")
    assert asked.location == "/sign-in?next=/settings/audit?cursor%3Dx"
    field = re.search(r'name="next" value="([^"]*)"', client.get(asked.location).text)
    assert field
    assert field[1] == "/settings/audit?cursor=x"


def test_signing_out_forgets_the_cookie(sign_in, cast):
    browser = sign_in(cast.owner)
    assert browser.post("/sign-out").location == "/sign-in"
    assert not is_in(browser)


def test_signing_out_everywhere_ends_a_copied_cookie_too(sign_in, cast):
    here, copied = sign_in(cast.owner), sign_in(cast.owner)
    assert is_in(copied)
    here.post("/account/sign-out-everywhere")
    assert not is_in(copied)
    assert not is_in(here)
    assert is_in(sign_in(cast.owner))


@pytest.mark.parametrize("cookie", ["", "1", "x.1", "1.x", "1.1.1", "-1.1"])
def test_a_session_that_names_nobody_is_nobodys(client, cast, cookie):
    with client.session_transaction() as session:
        session["_user_id"] = cookie
    assert client.get("/account").status_code == 302


def test_a_changed_password_ends_every_other_session_and_keeps_this_one(sign_in, ada):
    here, there = sign_in(ada), sign_in(ada)
    form = {"present": PASSWORD, "password": "four quite unrelated words"}
    assert here.post("/account/password", data=form).status_code == 302
    assert is_in(here)
    assert not is_in(there)


def test_a_password_is_changed_only_by_who_knows_the_present_one(sign_in, ada):
    before = ada.password_hash
    answer = sign_in(ada).post(
        "/account/password", data={"present": "a guess", "password": "four quite unrelated words"}
    )
    assert answer.status_code == 422
    assert "not your present password" in answer.text
    assert ada.password_hash == before


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 characters"),
        ("a" * 40, "different characters"),
        ("Ada@Example.com", "other than"),
        ("xyzäö" * 99, "fewer"),
    ],
)
def test_a_weak_password_is_refused_with_its_remedy(sign_in, ada, password, why):
    answer = sign_in(ada).post("/account/password", data={"present": PASSWORD, "password": password})
    assert answer.status_code == 422
    assert why in answer.text


def test_a_person_is_called_what_they_wish(sign_in, cast):
    browser = sign_in(cast.owner)
    assert browser.post("/account/name", data={"name": "  Olive  "}).status_code == 302
    assert "Olive" in browser.get("/account").text
    assert browser.post("/account/name", data={"name": "  "}).status_code == 422
    assert cast.owner.name == "Olive"


def test_every_form_at_the_door_needs_its_token(client, ada):
    answer = client.post("/sign-in", data={"email": ada.email, "password": PASSWORD}, headers={"X-CSRFToken": ""})
    assert answer.status_code == 400
    assert not is_in(client)


def test_five_wrong_tries_for_an_address_close_the_door_before_any_hashing(client, ada, monkeypatch):
    for _ in range(5):
        assert enter(client, ada.email, "wrong wrong wrong").status_code == 422
    monkeypatch.setattr("app.identity.entering.signing_in.is_right", lambda *_: pytest.fail("hashed"))
    answer = client.post(
        "/sign-in", data={"email": "ADA@example.com", "password": PASSWORD}, headers={"X-Forwarded-For": "9.9.9.9"}
    )
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    assert 'value="ADA@example.com"' in answer.text
    assert int(answer.headers["Retry-After"]) <= 60


def test_ten_tries_from_one_machine_close_the_door_for_it(client, ada):
    for number in range(10):
        enter(client, f"guess{number}@example.com", "wrong wrong wrong")
    assert enter(client, ada.email).status_code == 429
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    form = {"email": ada.email, "password": PASSWORD}
    assert client.post("/sign-in", data=form, environ_overrides=elsewhere).status_code == 302


# --- a forgotten password ---


def letters():
    return db.session.execute(select(Job).where(Job.name == "send_mail").order_by(Job.id)).scalars().all()


def secret_in(letter):
    return re.search(r"secret=(\S+)", letter.args["body"])[1]


def test_a_forgotten_password_is_replaced_over_mail_once(client, sign_in, ada):
    elsewhere = sign_in(ada)
    assert "Look in your mail" in client.post("/forgot", data={"email": "ADA@example.com"}).text
    (letter,) = letters()
    assert letter.args["to"] == ada.email
    secret = secret_in(letter)
    assert client.get(f"/reset?secret={secret}").status_code == 200
    form = {"secret": secret, "password": "four quite unrelated words"}
    assert client.post("/reset", data=form).location == "/sign-in"
    assert not is_in(elsewhere)
    assert not is_in(client)
    assert enter(client, ada.email).status_code == 422
    assert enter(client, ada.email, "four quite unrelated words").status_code == 302
    assert client.post("/reset", data=form).status_code == 404
    assert [letter.args["subject"] for letter in letters()][1:] == ["Your Perennial password was changed"]
    assert db.session.execute(select(AuditEntry.act).where(AuditEntry.subject == "password")).scalars().all() == [
        "reset"
    ]


def test_an_unknown_address_gets_the_same_answer_and_no_letter(client, cast):
    known = client.post("/forgot", data={"email": cast.owner.email}).text
    unknown = client.post("/forgot", data={"email": "nobody@example.com"}).text
    assert known.replace(cast.owner.email, "-") == unknown.replace("nobody@example.com", "-")
    assert [letter.args["to"] for letter in letters()] == [cast.owner.email]


def test_a_link_for_a_new_password_ends_after_an_hour_and_when_another_was_used(client, ada):
    now = clock.utc_now()
    for _ in range(2):
        resetting.ask_for_reset(ada.email, "", now)
    first, second = map(secret_in, letters())
    assert resetting.find_reset(first, now + timedelta(minutes=59))
    assert resetting.find_reset(first, now + timedelta(minutes=61)) is None
    resetting.reset(resetting.find_reset(second, now), "four quite unrelated words", now)
    assert resetting.find_reset(first, now) is None


def test_only_the_hash_of_a_reset_is_kept(client, ada):
    resetting.ask_for_reset(ada.email, "", clock.utc_now())
    kept = db.session.execute(select(PasswordReset)).scalar_one()
    assert secret_in(letters()[0]) not in repr(vars(kept))


def test_the_links_that_open_doors_stay_out_of_paths_for_paths_are_logged(client, ada):
    resetting.ask_for_reset(ada.email, "", clock.utc_now())
    secret = secret_in(letters()[0])
    with capture_logs() as lines:
        client.get(f"/reset?secret={secret}")
        client.post("/reset", data={"secret": secret, "password": "weak"})
        enter(client, ada.email, "a mistyped password")
    assert [line["path"] for line in lines] == ["/reset", "/reset", "/sign-in"]
    assert secret not in repr(lines)
    assert "mistyped" not in repr(lines)


def test_the_limits_live_in_valkey(app):
    assert limiter.storage.check()
    assert "redis" in type(limiter.storage).__name__.lower()
