"""The settings pages: people, invitations, keys, the audit trail, the workspace."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.core import clock, tenancy
from app.core.problems import Problem
from app.core.queue import Job
from app.extensions import db
from app.identity import guard, queries, staffing
from app.identity.entering import inviting
from app.identity.entering.passwords import hash_password
from app.identity.founding import found
from app.identity.keys import make_key
from app.identity.models import ApiKey, AuditEntry, Invitation, Membership, User
from tests.cast import book_of

PASSWORD = "correct horse battery staple"


@pytest.fixture
def admins(sign_in, cast):
    return sign_in(cast.admin)


def trail():
    found = db.session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars()
    return [(entry.actor, entry.act, entry.subject, entry.changes) for entry in found]


def invited(admins, email="nora@example.com", role="csm"):
    page = admins.post("/settings/people", data={"email": email, "role": role}).text
    return re.search(r'<code id="link">[^<]*link=([^<]+)</code>', page)[1]


# --- invitations ---


def test_an_invited_person_chooses_name_and_password_and_is_in(admins, client, cast):
    link = invited(admins)
    assert "Join Meridian Software" in client.get(f"/invitation?link={link}").text
    form = {"link": link, "name": "Nora Nilsen", "password": "four quite unrelated words"}
    assert client.post("/invitation", data=form).location == "/"
    page = client.get("/settings/people").text
    assert "Nora Nilsen" in page
    assert [(actor, act, changes) for actor, act, _, changes in trail()] == [
        ("Ada Adeyemi", "invited", {"email": "nora@example.com", "role": "csm"}),
        ("Nora Nilsen", "accepted", {"role": "csm"}),
    ]


def test_an_invitation_works_once(admins, app):
    link = invited(admins)
    form = {"link": link, "name": "Nora", "password": "four quite unrelated words"}
    assert app.test_client().post("/invitation", data=form).status_code == 302
    assert app.test_client().post("/invitation", data=form).status_code == 404
    assert app.test_client().get(f"/invitation?link={link}").status_code == 404


def test_an_invitation_ends_after_seven_days(cast):
    now = clock.utc_now()
    link = inviting.invite("nora@example.com", "csm", cast.admin.id, now)
    assert inviting.find_invitation(link, now + timedelta(days=7, seconds=-1))
    assert inviting.find_invitation(link, now + timedelta(days=7)) is None


def test_inviting_again_replaces_the_earlier_link(admins, client):
    first, second = invited(admins), invited(admins, role="leader")
    assert client.get(f"/invitation?link={first}").status_code == 404
    assert client.get(f"/invitation?link={second}").status_code == 200


def test_a_withdrawn_invitation_no_longer_works(admins, client):
    link = invited(admins)
    number = db.session.execute(select(Invitation.id)).scalar_one()
    assert admins.post(f"/settings/invitations/{number}/withdrawal").status_code == 302
    assert client.get(f"/invitation?link={link}").status_code == 404
    assert admins.post(f"/settings/invitations/{number}/withdrawal").status_code == 404


def test_who_has_an_account_elsewhere_joins_with_their_own_password(admins, client, cast):
    cast.outsider.password_hash = hash_password(PASSWORD)
    link = invited(admins, cast.outsider.email)
    assert "Password of your account" in client.get(f"/invitation?link={link}").text
    assert client.post("/invitation", data={"link": link, "password": "a guess at it"}).status_code == 422
    assert client.post("/invitation", data={"link": link, "password": PASSWORD}).status_code == 302
    page = client.get("/settings/people").text
    assert "Oscar Outis" in page
    assert "Go to Elsewhere Ltd" in page


@pytest.mark.parametrize("link", ["", "x", "1_", "_x", "1_guess", "99999999999999999999_x", "-1_x"])
def test_a_link_that_is_not_ours_has_ended(client, cast, link):
    assert client.get("/invitation", query_string={"link": link}).status_code == 404


def test_a_link_does_not_open_another_workspace(admins, client, cast):
    link = invited(admins)
    secret = link.partition("_")[2]
    assert client.get(f"/invitation?link={cast.elsewhere.id}_{secret}").status_code == 404


def test_an_invitation_of_a_member_or_to_no_address_is_refused_at_the_field(admins, cast):
    for email, role, why in [
        (cast.owner.email, "csm", "belongs to this workspace already"),
        ("not an address", "csm", "whole e-mail address"),
        ("nora@example.com", "king", "Choose one of"),
    ]:
        answer = admins.post("/settings/people", data={"email": email, "role": role})
        assert (answer.status_code, why in answer.text) == (422, True)
    assert db.session.execute(select(Invitation)).all() == []


def test_the_letter_of_an_invitation_is_a_job_of_the_workspace(admins):
    link = invited(admins)
    letter = db.session.execute(select(Job).where(Job.name == "send_mail")).scalar_one()
    assert letter.args["to"] == "nora@example.com"
    assert link in letter.args["body"]


# --- people ---


def test_a_role_is_changed_and_written_down(admins, cast):
    assert admins.post(f"/settings/people/{cast.owner.id}/role", data={"role": "leader"}).status_code == 302
    assert db.session.get_one(Membership, (cast.workspace.id, cast.owner.id)).role == "leader"
    assert trail() == [("Ada Adeyemi", "changed", "role", {"person": "Olivia Owens", "role": ["csm", "leader"]})]


def test_the_last_admin_can_neither_be_demoted_nor_removed(admins, cast):
    for act, form in (("role", {"role": "csm"}), ("removal", {})):
        answer = admins.post(f"/settings/people/{cast.admin.id}/{act}", data=form)
        assert answer.status_code == 409
        assert "A workspace needs an admin" in answer.text
    staffing.change_role(cast.leader.id, "admin")
    assert admins.post(f"/settings/people/{cast.admin.id}/removal").status_code == 302
    with pytest.raises(Problem):
        staffing.remove(cast.leader.id)


def test_two_admins_cannot_dismiss_each_other_at_the_same_moment(committed, at_once):
    both = [inviting.new_person(f"{name}@example.com", name, PASSWORD) for name in ("Ada", "Bea")]
    for person in both:
        inviting.join(person, "admin")
    db.session.commit()

    def dismiss(user_id, act):
        try:
            act(user_id)
        except Problem as problem:
            return problem.status
        db.session.commit()
        return 200

    first, second = (person.id for person in both)
    answers = at_once(
        lambda: dismiss(first, staffing.remove), lambda: dismiss(second, lambda one: staffing.change_role(one, "csm"))
    )
    assert sorted(answers) == [200, 409]


def test_a_removed_person_is_out_at_once_and_their_accounts_are_nobodys(admins, sign_in, cast):
    accounts = book_of(cast)
    hers = sign_in(cast.owner)
    assert hers.get("/account").status_code == 200
    admins.post(f"/settings/people/{cast.owner.id}/removal")
    assert hers.get("/account").status_code == 403
    assert db.session.get_one(Account, (cast.workspace.id, accounts.thriving.id)).owner_id is None


def test_removing_someone_here_leaves_their_place_elsewhere(admins, cast):
    with tenancy.workspace(cast.elsewhere.id):
        inviting.join(cast.owner, "csm")
    admins.post(f"/settings/people/{cast.owner.id}/removal")
    with tenancy.workspace(cast.elsewhere.id):
        assert {person.name for person, _ in queries.people()} == {"Oscar Outis", "Olivia Owens"}


def test_a_stranger_can_be_neither_promoted_nor_removed(admins, cast):
    assert admins.post(f"/settings/people/{cast.outsider.id}/role", data={"role": "csm"}).status_code == 404
    assert admins.post(f"/settings/people/{cast.outsider.id}/removal").status_code == 404


def test_people_are_listed_for_all_and_changed_by_admins_only(sign_in, cast):
    hers = sign_in(cast.owner)
    page = hers.get("/settings/people").text
    assert "Lena Lindqvist" in page
    assert "Oscar Outis" not in page
    assert "Invite a person" not in page
    assert hers.post("/settings/people", data={"email": "nora@example.com", "role": "admin"}).status_code == 403
    assert hers.post(f"/settings/people/{cast.owner.id}/role", data={"role": "admin"}).status_code == 403


def test_a_person_of_two_workspaces_switches_between_them(sign_in, cast):
    with tenancy.workspace(cast.elsewhere.id):
        inviting.join(cast.owner, "leader")
    browser = sign_in(cast.owner)
    assert "csm in Meridian Software" in browser.get("/account").text
    assert browser.get("/settings/people").text.count('<td class="name">Olivia Owens') == 1
    assert browser.post(f"/workspaces/{cast.elsewhere.id}").location == "/"
    assert "leader in Elsewhere Ltd" in browser.get("/account").text
    assert sign_in(cast.colleague).post(f"/workspaces/{cast.elsewhere.id}").status_code == 404


# --- keys ---


def test_a_key_is_shown_once_and_kept_as_a_hash(admins, cast):
    page = admins.post("/settings/keys", data={"name": "backend", "scopes": ["usage:write"]}).text
    shown = re.search(r'<code id="key">([^<]+)</code>', page)[1]
    assert shown.startswith(f"prn_{cast.workspace.id}_")
    key = db.session.execute(select(ApiKey)).scalar_one()
    assert key.secret_hash not in shown
    assert shown not in admins.get("/settings/keys").text
    assert key.prefix in admins.get("/settings/keys").text
    assert guard.find_key(shown, clock.utc_now()).id == key.id
    assert shown not in repr(trail())


def test_a_rotated_key_ends_at_once_and_the_new_one_may_the_same(admins, cast):
    key, old = make_key("backend", list(guard.SCOPES), None)
    page = admins.post(f"/settings/keys/{key.id}/rotation").text
    new = re.search(r'<code id="key">([^<]+)</code>', page)[1]
    now = clock.utc_now()
    assert guard.find_key(old, now) is None
    assert guard.find_key(new, now).scopes == list(guard.SCOPES)


def test_a_revoked_key_is_refused_and_cannot_be_revoked_again(admins, cast):
    key, shown = make_key("backend", ["usage:write"], None)
    assert admins.post(f"/settings/keys/{key.id}/revocation").status_code == 302
    assert guard.find_key(shown, clock.utc_now()) is None
    tenancy.enter_workspace(cast.workspace.id)
    assert admins.post(f"/settings/keys/{key.id}/revocation").status_code == 404
    assert [entry[1:3] for entry in trail()] == [("revoked", "key")]


def test_a_key_without_name_or_scope_is_refused_at_the_field(admins):
    assert "Name what will use" in admins.post("/settings/keys", data={"name": " ", "scopes": "usage:write"}).text
    assert "at least one thing" in admins.post("/settings/keys", data={"name": "x", "scopes": "everything"}).text
    assert db.session.execute(select(ApiKey)).all() == []


def test_a_key_of_another_workspace_does_not_exist_here(admins, cast):
    with tenancy.workspace(cast.elsewhere.id):
        number = make_key("theirs", ["usage:write"], None)[0].id
    assert "theirs" not in admins.get("/settings/keys").text
    assert admins.post(f"/settings/keys/{number}/revocation").status_code == 404


def test_billing_engineers_make_keys_and_csms_do_not(sign_in, cast):
    form = {"name": "warehouse", "scopes": ["usage:write"]}
    assert sign_in(cast.billing_engineer).post("/settings/keys", data=form).status_code == 200
    assert sign_in(cast.owner).post("/settings/keys", data=form).status_code == 403
    assert sign_in(cast.owner).get("/settings/keys").status_code == 403


# --- the audit trail ---


def test_the_trail_pages_through_every_entry_once_newest_first(admins, cast):
    for number in range(queries.PAGE * 2 + 3):
        db.session.add(AuditEntry(actor="system", act="counted", subject=f"row-{number:03}", changes={"a_b": [1, 2]}))
        db.session.flush()
    address, seen = "/settings/audit", []
    while address:
        page = admins.get(address).text
        seen += re.findall(r"row-(\d+)", page)
        older = re.search(r'href="(/settings/audit\?cursor=[^"]+)">Older', page)
        address = older and older[1]
    assert seen == [f"{number:03}" for number in reversed(range(queries.PAGE * 2 + 3))]
    assert "1 → 2" in page


@pytest.mark.parametrize(
    ("act", "subject", "changes", "told"),
    [
        (
            "call",
            "renewal of Acme",
            {"amount_minor": 10_000_000_000},
            "called the renewal of Acme | amount $100,000,000",
        ),
        ("overrode the score", "account", {}, "overrode the score of account | "),
        ("write down", "note on Acme", {}, "wrote down a note on Acme | "),
        ("write down", "e-mail on Acme", {}, "wrote down an e-mail on Acme | "),
        ("snoozed", "account", {"until": "2027-03-01"}, "snoozed account | until 1 Mar 2027"),
        ("changed", "card", {"by": -3.6999999999999997}, "changed card | by −3.7"),
        ("switched", "playbook", {"is_on": False, "before": None}, "switched playbook | is on no · before none"),
        ("snoozed", "account", {"reason": "2027-02-31"}, "snoozed account | reason 2027-02-31"),
        ("changed", "role", {"role": ["csm", "leader"]}, "changed role | role csm → leader"),
        ("made", "key", {"scopes": ["a", "b", "c"]}, "made key | scopes a, b, c"),
    ],
)
def test_an_entry_of_the_trail_reads_as_words(admins, cast, act, subject, changes, told):
    db.session.add(AuditEntry(actor="system", act=act, subject=subject, changes=changes))
    page = admins.get("/settings/audit").text
    cells = re.findall(r'<td class="details">(.*?)</td>', page, re.DOTALL)
    assert " | ".join(" ".join(re.sub("<[^>]*>", "", cell).split()) for cell in cells) == told


@pytest.mark.parametrize("cursor", ["rubbish", "WyJ4Il0", "WzEsMl0"])
def test_a_cursor_of_another_making_is_refused(admins, cursor):
    assert admins.get(f"/settings/audit?cursor={cursor}").status_code == 400


# --- the workspace ---


def test_the_workspace_is_renamed_and_moved_and_the_trail_says_from_what_to_what(admins, cast):
    form = {"name": "Meridian", "time_zone": "Asia/Tokyo", "currency": "eur"}
    assert admins.post("/settings/workspace", data=form).status_code == 302
    assert trail()[-1][3] == {
        "name": ["Meridian Software", "Meridian"],
        "time_zone": ["UTC", "Asia/Tokyo"],
        "currency": ["USD", "EUR"],
    }


def test_the_currency_stays_once_there_is_money(admins, cast):
    book_of(cast)
    admins.post("/settings/workspace", data={"name": "Meridian", "time_zone": "UTC", "currency": "EUR"})
    assert (cast.workspace.name, cast.workspace.currency) == ("Meridian", "USD")
    assert "Amounts are kept in it already" in admins.get("/settings/workspace").text


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", " ", "goes by"),
        ("time_zone", "Mars/Olympus", "IANA"),
        ("time_zone", "localtime", "IANA"),
        ("currency", "EU", "three letters"),
    ],
)
def test_a_workspace_is_not_changed_to_what_does_not_exist(admins, cast, field, value, why):
    form = {"name": "Changed", "time_zone": "UTC", "currency": "EUR"} | {field: value}
    answer = admins.post("/settings/workspace", data=form)
    assert (answer.status_code, why in answer.text) == (422, True)
    assert (cast.workspace.name, cast.workspace.currency) == ("Meridian Software", "USD")


def test_a_workspace_is_founded_with_its_first_people(app):
    made = found(
        "Fjord",
        "Europe/Oslo",
        "NOK",
        [("a@x.example", "Ann", "admin", PASSWORD), ("b@x.example", "Bo", "csm", PASSWORD)],
    )
    with tenancy.workspace(made.id):
        assert {(person.name, place.role) for person, place in queries.people()} == {("Ann", "admin"), ("Bo", "csm")}
    again = found("Second", "UTC", "USD", [("A@x.example", "Another name", "admin", "")])
    assert again.id != made.id
    assert db.session.execute(select(User.name).order_by(User.id)).scalars().all() == ["Ann", "Bo"]


def test_a_workspace_without_an_admin_is_not_founded(app):
    with pytest.raises(Problem, match="needs an admin"):
        found("Fjord", "Europe/Oslo", "NOK", [("b@x.example", "Bo", "csm", PASSWORD)])
