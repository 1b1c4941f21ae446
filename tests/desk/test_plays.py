"""The playbook screens."""

import pytest
from sqlalchemy import select

from app.extensions import db
from app.identity.models import AuditEntry
from app.playbooks.defaults import ensure_defaults
from app.playbooks.matching import match
from app.playbooks.models import Playbook, Task
from tests.cast import NOW, TODAY, book_of

FORM = {
    "name": "Rescue",
    "aim": "Keep them.",
    "kind": "risk_threshold",
    "risk_threshold.risk": "25",
    "risk_threshold.within_days": "",
    "renewal_window.days": "90",
    "renewal_window.band": "any",
    "after_days": ["0", "3", "0"],
    "role": ["owner", "leader", "owner"],
    "title": ["Call", "Write to the sponsor", " "],
    "advice": ["Today", "", "left out with its step"],
    "holdout_share": "0.2",
    "cooldown_days": "30",
    "outcome_days": "60",
    "daily_limit": "5",
    "is_on": "1",
}


@pytest.fixture
def book(cast):
    cast.workspace.book_day = TODAY
    return book_of(cast)


@pytest.fixture
def leader(cast, sign_in):
    return sign_in(cast.leader)


@pytest.fixture
def playbooks(book):
    ensure_defaults(NOW)
    return db.session.scalars(select(Playbook).order_by(Playbook.id)).all()


def rescue():
    return db.session.scalars(select(Playbook).where(Playbook.name == "Rescue")).one_or_none()


def test_an_empty_list_offers_three_playbooks_to_those_who_may_make_them(cast, leader, sign_in):
    assert "Begin with these three" in leader.get("/playbooks").text
    assert "Begin with these three" not in sign_in(cast.owner).get("/playbooks").text
    assert leader.post("/playbooks/defaults").status_code == 302
    assert "Save a slipping account" in leader.get("/playbooks").text


def test_the_list_says_what_each_is_for_when_it_fires_and_what_it_has_proven(cast, playbooks, sign_in):
    page = sign_in(cast.executive).get("/playbooks").text
    assert "Fires when the band falls to watch or below." in page
    assert "Not enough data yet: needs about" in page
    assert "New playbook" not in page


def test_the_page_shows_trigger_steps_and_who_would_match(playbooks, leader):
    page = leader.get(f"/playbooks/{playbooks[2].id}").text
    assert "Each time the contract renews within 90 days." in page
    assert "Ask the sponsor what would make renewing an easy yes" in page
    assert "Account owner, after 5 working days" in page
    assert "<strong>1 account</strong>" in page
    assert "Slate &amp; Sons" in page


def test_the_page_shows_enrolments_by_arm_and_tasks(cast, book, playbooks, leader):
    playbooks[1].trigger = {"kind": "risk_threshold", "risk": 0.3, "within_days": None}
    match(NOW, TODAY)
    page = leader.get(f"/playbooks/{playbooks[1].id}").text
    assert "Silva Imports" in page
    assert "Slate &amp; Sons" in page
    assert "Find out who decides on this renewal" in page
    held = leader.get(f"/playbooks/{playbooks[1].id}?arm=held+out").text
    assert (
        held.count("Risk 58 %") + leader.get(f"/playbooks/{playbooks[1].id}?arm=treated").text.count("Risk 58 %") == 1
    )


def test_the_page_of_a_proven_playbook_shows_lift_interval_and_evidence(playbooks, leader):
    playbooks[0].tally = {
        "complete": [[400, 60, 100, 30], [400, 56, 100, 29]],
        "under_way": 7,
        "mean_risk": 0.3,
        "counted_on": "2026-11-19",
    }
    page = leader.get(f"/playbooks/{playbooks[0].id}").text
    assert "It works: 15 points more accounts stay (95 % interval 9 to 22)." in page
    assert 'aria-label="Lift 15 points, 95 % interval 9 to 22"' in page
    assert "7 more accounts are inside their 90 days" in page


def test_the_power_calculator_answers_for_this_share_and_an_even_split(playbooks, leader):
    page = leader.get(f"/playbooks/{playbooks[0].id}?rate=30&cut=33.3333333").text
    assert "To tell 20 % from 30 % at 80 % power" in page
    assert "588" in page
    assert "1,546" in page


@pytest.mark.parametrize("asked", ["rate=nonsense", "rate=0&cut=0", "rate=1e300&cut=-5", "rate=nan", "before=x&arm=no"])
def test_nonsense_in_the_address_breaks_nothing(playbooks, leader, asked):
    assert leader.get(f"/playbooks/{playbooks[0].id}?{asked}").status_code == 200


def test_a_playbook_is_made_in_the_editor(leader, cast):
    answer = leader.post("/playbooks/new", data=FORM)
    made = rescue()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/playbooks/{made.id}")
    assert made.trigger == {"kind": "risk_threshold", "risk": 0.25, "within_days": None}
    assert made.steps == [
        {"after_days": 0, "role": "owner", "title": "Call", "advice": "Today"},
        {"after_days": 3, "role": "leader", "title": "Write to the sponsor", "advice": ""},
    ]
    assert (made.holdout_share, made.cooldown_days, made.outcome_days, made.daily_limit) == (0.2, 30, 60, 5)
    assert db.session.scalars(select(AuditEntry.act)).all() == ["made"]


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("name", "", "Give it a name"),
        ("kind", "", "Choose when it fires"),
        ("risk_threshold.risk", "many", "Give a percentage"),
        ("risk_threshold.risk", "nan", "Give a percentage"),
        ("title", ["", "", ""], "at least one step"),
        ("after_days", ["x", "0", "0"], "0 to 250 working days"),
        ("outcome_days", "1", "from 14 to 365"),
        ("cooldown_days", "nan", "from 0 to 730"),
        ("daily_limit", "1e400", "from 1 to 200"),
        ("holdout_share", "0.99", "Choose one of these shares"),
    ],
)
def test_a_wrong_field_is_said_in_the_editor_and_what_was_typed_is_kept(leader, field, value, remedy):
    answer = leader.post("/playbooks/new", data=FORM | {field: value})
    assert answer.status_code == 422
    assert remedy in answer.text
    assert "Keep them." in answer.text
    assert rescue() is None


def test_another_step_can_be_asked_for_without_losing_what_was_typed(leader):
    page = leader.post("/playbooks/new", data=FORM | {"more": "1"}).text
    assert page.count("<legend>Step") == 3
    assert "Write to the sponsor" in page
    assert rescue() is None


def test_editing_shows_what_is_stored_and_saving_it_unchanged_keeps_the_proof(leader):
    leader.post("/playbooks/new", data=FORM)
    made = rescue()
    page = leader.get(f"/playbooks/{made.id}/edit").text
    assert 'value="25"' in page
    assert "Write to the sponsor" in page
    leader.post(f"/playbooks/{made.id}/edit", data=FORM)
    assert rescue().revision == 1
    answer = leader.post(f"/playbooks/{made.id}/edit", data=FORM | {"holdout_share": "0.5"}, follow_redirects=True)
    assert "Its proof begins anew" in answer.text
    assert rescue().revision == 2


def test_the_preview_says_who_would_match_what_is_being_typed(book, leader):
    page = leader.post("/playbooks/preview", data=FORM).text
    assert "<strong>2 accounts</strong>" in page
    assert "Silva Imports" in page
    assert "Fill the trigger in" in leader.post("/playbooks/preview", data=FORM | {"risk_threshold.risk": ""}).text


def test_a_playbook_is_turned_off_and_its_tasks_withdrawn(playbooks, leader):
    playbooks[1].trigger, playbooks[1].holdout_share = {"kind": "risk_threshold", "risk": 0.3, "within_days": None}, 0.0
    match(NOW, TODAY)
    address = f"/playbooks/{playbooks[1].id}"
    assert "enrols nobody new" in leader.post(f"{address}/switch", follow_redirects=True).text
    page = leader.post(f"{address}/withdrawal", follow_redirects=True).text
    assert "2 enrolments are ended" in page
    assert db.session.scalars(select(Task).where(Task.is_open, Task.playbook_id == playbooks[1].id)).all() == []
    assert leader.post(f"{address}/switch", data={"on": "1"}, follow_redirects=True).text.count("Turn off") == 1


@pytest.mark.parametrize("role", ["owner", "executive", "billing_engineer"])
def test_only_those_who_steer_change_playbooks(cast, playbooks, sign_in, role):
    browser, address = sign_in(getattr(cast, role)), f"/playbooks/{playbooks[0].id}"
    assert browser.get(address).status_code == 200
    assert browser.get(f"{address}/edit").status_code == 403
    for act in ("/edit", "/switch", "/withdrawal"):
        assert browser.post(address + act, data=FORM).status_code == 403
    assert browser.post("/playbooks/new", data=FORM).status_code == 403


def test_an_outsider_finds_no_playbook(cast, playbooks, sign_in):
    assert sign_in(cast.outsider).get(f"/playbooks/{playbooks[0].id}").status_code == 404
