"""What was sent and is not in the book yet, mended by a machine: a rule for names, and the replay it brings."""

import pytest
from sqlalchemy import select

from app.connectors import replaying
from app.connectors.segment.translating import PROTOCOL
from app.connectors.taking import take
from app.core.clock import utc_now
from app.core.queue import Job
from app.extensions import db
from app.usage.intake import taking
from tests.api.conftest import problem, trail

RULE = {"pattern": "prod_*", "means": "*"}


@pytest.fixture
def sent(accounts):
    """Usage of an account under the name that only the product gives it, and of one that nobody has."""
    names = (f"prod_{accounts.thriving.external_id}", "prod_nobody")
    raws = [b'{"id": "%d", "account": "%b", "meter": "logins"}' % (n, name.encode()) for n, name in enumerate(names)]
    taking.take("product", raws, utc_now(), "UTC")
    db.session.commit()
    return names


def open_names(ask):
    return {each["value"] for each in ask("GET", "/held-events").json["data"] if each["reason"] == "account"}


def test_a_rule_leads_what_is_held_to_its_account(ask, sent, cast):
    answer = ask("POST", "/account-rules", json=RULE)
    assert (answer.status_code, answer.json["pattern"], answer.json["matched"]) == (201, "prod_*", 1)
    assert replays() == ["account"]
    replaying.replay(cast.workspace, utc_now(), "account")
    assert open_names(ask) & set(sent) == {"prod_nobody"}
    assert trail()[-1].changes["matched"] == 1


def test_a_rule_is_made_once_and_tried_again_when_it_is_sent_again(ask, accounts):
    first = ask("POST", "/account-rules", json=RULE)
    taking.take("product", [b'{"id": "1", "account": "prod_acme-new", "meter": "logins"}'], utc_now(), "UTC")
    ask("POST", "/accounts", json={"external_id": "acme-new", "name": "Acme"})
    again = ask("POST", "/account-rules", json=RULE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json["id"], again.json["matched"]) == (first.json["id"], 1)
    assert [each["pattern"] for each in ask("GET", "/account-rules").json["data"]] == ["test_*", "prod_*"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"pattern": "prod"}, "/pattern"),
        ({"pattern": "*"} | {"means": "acme"}, "/pattern"),
        ({"means": "**"}, "/means"),
        ({"means": "prod_*"}, "/means"),
        ({"means": ""}, "/means"),
    ],
)
def test_a_rule_that_cannot_be_is_pointed_at(ask, accounts, change, pointer):
    assert problem(ask("POST", "/account-rules", json=RULE | change))[::2] == (422, [pointer])


def test_a_rule_is_removed_once(ask, accounts):
    made = ask("POST", "/account-rules", json=RULE).json["id"]
    assert ask("DELETE", f"/account-rules/{made}").status_code == 204
    assert problem(ask("DELETE", f"/account-rules/{made}"))[0] == 404


def test_what_is_held_is_read_one_by_one_as_it_came(ask, sent):
    first = ask("GET", "/held-events/records?reason=account&limit=1").json
    (newest,) = first["data"]
    assert (newest["source"], newest["protocol"], newest["value"], newest["times"]) == (
        "product",
        "perennial",
        sent[1],
        1,
    )
    assert newest["message"] == {"id": "1", "account": sent[1], "meter": "logins"}
    second = ask("GET", f"/held-events/records?reason=account&limit=1&cursor={first['next_cursor']}").json["data"]
    assert [each["value"] for each in second] == [sent[0]]
    only = ask("GET", f"/held-events/records?reason=account&value={sent[0]}").json
    assert ([each["value"] for each in only["data"]], only["next_cursor"]) == ([sent[0]], None)
    refused = ask("GET", "/held-events/records?value=acme")
    assert (refused.status_code, refused.json["errors"][0]["parameter"]) == (422, "value")


def test_what_is_discarded_by_key_is_gone_and_noted(ask, sent):
    answer = ask("POST", "/held-events/discard", json={"reason": "account", "value": sent[1]})
    assert (answer.status_code, answer.json) == (200, {"discarded": 1})
    assert sent[0] in open_names(ask)
    assert sent[1] not in open_names(ask)
    assert trail()[-1].changes == {"count": 1}


def test_what_is_held_for_a_value_that_cannot_be_is_discarded_too(ask, accounts):
    taking.take("product", [b'{"id": "1", "account": "acme", "meter": "logins", "quantity": "many"}'], utc_now(), "UTC")
    (group,) = (each for each in ask("GET", "/held-events").json["data"] if each["reason"] == "value")
    which = {"reason": "value", "value": group["value"]}
    assert len(ask("GET", "/held-events/records", query_string=which).json["data"]) == group["held"]
    assert ask("POST", "/held-events/discard", json=which).json == {"discarded": group["held"]}


def test_what_waits_for_an_account_a_person_or_a_meter_is_replayed_once_it_is_there(ask, accounts, cast):
    raws = [b'{"id": "1", "account": "acme-new", "meter": "logins"}']
    raws += [b'{"id": "2", "account": "%b", "meter": "seats"}' % accounts.thriving.external_id.encode()]
    taking.take("product", raws, utc_now(), "UTC")
    track = {"type": "track", "event": "Exported", "messageId": "3", "userId": "eve"}
    take("web", PROTOCOL, [track], cast.workspace, utc_now())
    replaying.replay_what_is_mended()
    assert replays() == []
    ask("POST", "/contacts", json={"external_id": "eve", "account": accounts.thriving.external_id, "name": "Eve"})
    ask("POST", "/accounts", json={"external_id": "acme-new", "name": "Acme"})
    ask("POST", "/meters", json={"code": "seats"})
    replaying.replay_what_is_mended()
    assert replays() == ["account", "meter", "person"]
    replaying.replay(cast.workspace, utc_now())
    assert {each["value"] for each in ask("GET", "/held-events").json["data"]} == {"nobody"}


def test_what_has_no_id_is_kept_once_however_often_it_is_sent_or_replayed(ask, accounts, cast):
    raws = [
        b'{"meter":  "logins", "quantity": 1e3, "account": "acme"}',
        b'{"id": 6, "account": "acme", "meter": "logins"}',
    ]
    before = held(ask)
    taking.take("product", raws, utc_now(), "UTC")
    taking.take("product", raws[:1], utc_now(), "UTC")
    replaying.replay(cast.workspace, utc_now())
    replaying.replay(cast.workspace, utc_now())
    assert held(ask) == before + 2


def held(ask):
    return sum(each["held"] for each in ask("GET", "/held-events").json["data"])


def replays():
    return sorted(db.session.scalars(select(Job.args["reason"].astext).where(Job.name == "replay_held")))
