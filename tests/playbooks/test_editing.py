"""Playbooks are made, checked and changed; a change of what they do begins their proof anew."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.core.problems import Problem
from app.extensions import db
from app.identity.refusals import by_field
from app.playbooks.defaults import HIGH_RISK, RENEWAL, SAVE, ensure_defaults
from app.playbooks.editing import change, make
from app.playbooks.models import Playbook
from app.playbooks.triggers import trigger_of
from tests.cast import NOW


def test_a_new_workspace_gets_three_playbooks_once(workspace):
    ensure_defaults(NOW)
    ensure_defaults(NOW)
    made = db.session.scalars(select(Playbook).order_by(Playbook.id)).all()
    assert [each.name for each in made] == [
        "Save a slipping account",
        "High risk before renewal",
        "Prepare the renewal",
    ]
    assert [trigger_of(each.trigger).sentence(each.trigger) for each in made] == [
        "the band falls to watch or below",
        "the risk of leaving within 90 days is 30 % or more and the contract renews within 120 days",
        "the contract renews within 90 days",
    ]
    assert len({each.salt for each in made}) == 3
    assert all(each.holdout_share == 0.1 and each.is_on for each in made)


def test_the_defaults_do_not_come_back_beside_ones_own(workspace):
    make(replace(SAVE, name="Ours"), NOW)
    ensure_defaults(NOW)
    assert db.session.scalars(select(Playbook.name)).all() == ["Ours"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"trigger": {"kind": "moon"}}, "kind"),
        ({"trigger": {"kind": "band_change", "band": "thriving"}}, "band_change.band"),
        ({"trigger": {"kind": "risk_threshold", "risk": 1.5, "within_days": None}}, "risk_threshold.risk"),
        ({"trigger": {"kind": "risk_threshold", "risk": None, "within_days": None}}, "risk_threshold.risk"),
        ({"trigger": {"kind": "renewal_window", "days": 0, "band": "any"}}, "renewal_window.days"),
        ({"trigger": {"kind": "renewal_window", "days": None, "band": "any"}}, "renewal_window.days"),
        ({"steps": []}, "steps"),
        ({"steps": [SAVE.steps[0] | {"role": "king"}]}, "steps"),
        ({"steps": [SAVE.steps[0] | {"after_days": -1}]}, "steps"),
        ({"holdout_share": 0.12}, "holdout_share"),
        ({"holdout_share": 1.0}, "holdout_share"),
        ({"outcome_days": 7}, "outcome_days"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"cooldown_days": -1}, "cooldown_days"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(workspace, wrong, field):
    with pytest.raises(Problem) as refused:
        make(replace(SAVE, **wrong), NOW)
    assert list(by_field(refused.value)) == [field]
    assert db.session.scalars(select(Playbook)).all() == []


def test_two_playbooks_may_not_share_a_name_but_one_may_keep_its_own(workspace):
    first = make(SAVE, NOW)
    with pytest.raises(Problem) as refused:
        make(replace(RENEWAL, name=SAVE.name), NOW)
    assert list(by_field(refused.value)) == ["name"]
    assert change(first, replace(SAVE, aim="Another")) == {"aim": [SAVE.aim, "Another"]}


@pytest.mark.parametrize(
    ("changed", "anew"),
    [
        ({"name": "Other", "aim": "Other", "cooldown_days": 5, "daily_limit": 5, "is_on": False}, False),
        ({"steps": [step | {"title": "Reworded"} for step in HIGH_RISK.steps]}, False),
        ({"steps": HIGH_RISK.steps[1:]}, True),
        ({"steps": [HIGH_RISK.steps[0] | {"after_days": 9}, *HIGH_RISK.steps[1:]]}, True),
        ({"trigger": HIGH_RISK.trigger | {"risk": 0.4}}, True),
        ({"holdout_share": 0.2}, True),
        ({"outcome_days": 60}, True),
    ],
)
def test_the_proof_begins_anew_when_what_is_done_changes_and_not_when_its_words_do(workspace, changed, anew):
    playbook = make(HIGH_RISK, NOW)
    playbook.tally = {"complete": [[9, 1, 1, 0]]}
    change(playbook, replace(HIGH_RISK, **changed))
    assert (playbook.revision, playbook.tally) == ((2, {}) if anew else (1, {"complete": [[9, 1, 1, 0]]}))
