"""Every route says who may come in, and means it."""

import pytest

from app.core.http import machines
from app.extensions import csrf
from app.identity.api import ANY_KEY
from app.identity.guard import ROLES, SCOPES, May

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
OWN_BUSINESS = {
    "identity.rename",
    "identity.change_password",
    "identity.sign_out_everywhere",
    "identity.switch_workspace",
    "announcements.choose",
    "announcements.open_calendar",
    "announcements.close_calendar",
}
"""What everyone may change, executives too: their own name, password, sessions, letters and where they are."""
WITH_A_SECRET = {"announcements.calendar", "announcements.ask_to_leave", "announcements.leave"}
"""What a secret in the address opens, for calendar and mail programs: they have no session, and take none."""
PERSON_OF_ROLE = {
    "admin": "admin",
    "leader": "leader",
    "csm": "owner",
    "executive": "executive",
    "billing engineer": "billing_engineer",
}


class Door:
    """A route with one of its methods."""

    def __init__(self, app, rule, method):
        self.endpoint, self.method, self.path = rule.endpoint, method, rule.rule
        self.guard = getattr(app.view_functions[rule.endpoint], "guard", None)
        values = {name: _sample(name) for name in rule.arguments}
        self.address = app.url_map.bind("localhost").build(rule.endpoint, values, method=method)

    def __repr__(self):
        return f"{self.method} {self.path} ({self.endpoint}: {self.guard})"

    @property
    def is_for_people(self):
        return isinstance(self.guard, May)

    @property
    def is_for_machines(self):
        return self.guard in SCOPES or self.guard == ANY_KEY

    @property
    def is_for_signers(self):
        return self.guard == "signature"

    def knock(self, browser, **kwargs):
        return browser.open(self.address, method=self.method, **kwargs)


def _sample(name):
    return "2026-11-20" if "day" in name else 1


@pytest.fixture
def doors(app):
    return [
        Door(app, rule, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def test_every_route_has_a_guard(doors):
    known = [door for door in doors if door.is_for_people or door.is_for_machines or door.is_for_signers]
    assert [door for door in doors if door not in known and door.guard != "anyone"] == []
    assert len(doors) > 20


def test_only_doors_operations_and_the_description_of_the_api_are_open_to_anyone(doors):
    opened = {door.endpoint for door in doors if door.guard == "anyone"} - WITH_A_SECRET
    assert {endpoint.split(".")[0] for endpoint in opened} == {"identity", "operations", "reference"}


def test_a_secret_that_nobody_gave_opens_nothing(doors, sign_in, cast):
    for door in doors:
        if door.endpoint in WITH_A_SECRET:
            assert door.knock(sign_in(cast.admin)).status_code in {400, 404}, door


def test_nobody_changes_anything_by_a_link(doors):
    """What changes something is a POST, so that a link or an image elsewhere cannot do it."""
    both = {door.endpoint for door in doors if door.method == "GET"} & {
        door.endpoint for door in doors if door.method in UNSAFE
    }
    assert both == set()


def test_reading_is_not_enough_to_change_anything_but_ones_own(doors):
    loose = {door.endpoint for door in doors if door.method in UNSAFE and door.guard == May.READ}
    assert loose - OWN_BUSINESS == set()


def test_who_is_not_signed_in_is_asked_to(doors, client):
    for door in doors:
        if door.is_for_people:
            answer = door.knock(client)
            assert answer.status_code == 302, door
            assert answer.location.startswith("/sign-in"), door


def test_a_machine_without_a_key_is_told_so_even_with_a_persons_cookie(doors, sign_in, cast):
    browser = sign_in(cast.admin)
    for door in doors:
        if door.is_for_machines:
            answer = door.knock(browser, json={})
            assert (answer.status_code, answer.mimetype) == (401, "application/problem+json"), door


def test_what_must_be_signed_is_no_persons_or_keys_business(doors, sign_in, cast):
    signed = [door for door in doors if door.is_for_signers]
    assert [(door.endpoint, door.method) for door in signed] == [("hooks.receive", "POST")]
    for door in signed:
        answer = door.knock(sign_in(cast.admin), json={})
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), door


def test_every_form_needs_its_token_and_only_machines_go_without(doors, sign_in, cast, app):
    for door in doors:
        if door.method in UNSAFE and not (door.is_for_machines or door.is_for_signers):
            answer = door.knock(sign_in(cast.admin), headers={"X-CSRFToken": ""})
            assert answer.status_code == 400, door
    exempt = {blueprint.name for blueprint in csrf._exempt_blueprints} | machines.DOORS
    assert {
        door.endpoint
        for door in doors
        if door.endpoint.split(".")[0] in exempt and not (door.is_for_machines or door.is_for_signers)
    } == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_it_may_and_nothing_more(role, doors, sign_in, cast):
    for door in doors:
        if door.is_for_people:
            answer = door.knock(sign_in(getattr(cast, PERSON_OF_ROLE[role])))
            assert answer.status_code < 500, (door, answer.text[:2000])
            assert (answer.status_code == 403) == (door.guard not in ROLES[role]), door


def test_an_executive_reads_everything_of_a_csm_and_changes_nothing(doors, sign_in, cast):
    for door in doors:
        if door.is_for_people and door.method in UNSAFE and door.endpoint not in OWN_BUSINESS:
            assert door.knock(sign_in(cast.executive)).status_code == 403, door
    assert ROLES["executive"] == {May.READ}


def test_a_billing_engineer_reaches_the_data_and_no_peoples_settings(doors, sign_in, cast):
    data = [door for door in doors if door.guard == May.DATA]
    assert "settings.make_key" in {door.endpoint for door in data}
    for door in data:
        assert door.knock(sign_in(cast.billing_engineer)).status_code != 403, door
    assert sign_in(cast.billing_engineer).get("/settings/audit").status_code == 403


def test_an_outsider_finds_no_row_of_this_workspace(doors, sign_in, cast):
    browser = sign_in(cast.outsider)
    for door in doors:
        if door.is_for_people and door.method == "GET":
            assert "Meridian" not in door.knock(browser).text, door
