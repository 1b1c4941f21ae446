"""The pages of what comes in: sources, what is held and how it is mended, what counts, how to connect."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.accounts.intake import naming
from app.accounts.models import AccountAlias
from app.accounts.queries import account_ids_by_external_id
from app.connectors import replaying
from app.connectors.segment.translating import PROTOCOL
from app.connectors.taking import take
from app.core import clock
from app.core.queue import Job
from app.desk.data.guides import GUIDES, KEY
from app.extensions import db
from app.usage import backfilling, metering, queries
from app.usage.intake.sourcing import fold_intake, note_intake
from app.usage.models import Meter, MeterRule
from tests.books import write_accounts
from tests.connectors.product.conftest import counted, held, people

AT = "2026-11-20T12:00:00Z"
SOURCE = "segment: web app"


def track(n, group="acme", event="Report Exported", **fields):
    context = {"groupId": group} if group else {}
    return {
        "type": "track",
        "messageId": f"m-{n}",
        "userId": "ada",
        "timestamp": AT,
        "event": event,
        "context": context,
    } | fields


@pytest.fixture
def engineer(cast, sign_in):
    write_accounts("acme")
    return sign_in(cast.billing_engineer)


@pytest.fixture
def send(cast, engineer):
    def post(*messages):
        take(SOURCE, PROTOCOL, messages, cast.workspace, clock.utc_now())
        db.session.commit()

    return post


@pytest.fixture
def work(cast):
    """Do the replays and backfills that the pages have asked for."""

    def run():
        for job in db.session.scalars(select(Job).where(Job.state == "ready", Job.name == "match_held")):
            replaying.replay_what_is_mended()
            job.state = "done"
        for job in db.session.scalars(select(Job).where(Job.state == "ready", Job.name == "replay_held")):
            replaying.replay(cast.workspace, clock.utc_now(), job.args["reason"], job.args["value"])
            job.state = "done"
        for job in db.session.scalars(select(Job).where(Job.state == "ready", Job.name == "backfill_rule")):
            backfilling.backfill(metering.find_rule(job.args["rule_id"]), "UTC", clock.utc_now(), None)
            job.state = "done"
        db.session.flush()

    return run


def test_an_empty_data_page_teaches_how_to_connect(engineer):
    page = engineer.get("/data").text
    assert "Nothing has sent usage yet" in page
    assert 'href="/data/connect"' in page


def test_a_source_shows_what_it_sent_before_and_after_the_fold(engineer, send):
    send(track(1), track(2), track(3, group="nowhere"))
    for _ in range(2):
        page = engineer.get("/data/live").text
        row = re.search(r"segment: web app</td>.*?</tr>", page, re.DOTALL)[0]
        assert re.findall(r'num[^>]*">(?:<a[^>]*>)?(\d+)', row) == ["0", "2", "0", "1"]
        assert "Report Exported" in page
        fold_intake(clock.utc_now())


def test_events_a_minute_are_those_of_the_last_minute_that_is_over(engineer, send):
    send(track(1))
    now = clock.utc_now()
    for minutes, accepted in ((0, 5), (1, 7), (2, 11), (90, 13)):
        note_intake(SOURCE, accepted, 0, 0, now - timedelta(minutes=minutes))
    (sender,) = queries.senders(now)
    assert (sender.a_minute, sender.minutes[-3], sum(sender.minutes)) == (7, 11, 5 + 7 + 11 + 1)
    fold_intake(now)
    (folded,) = queries.senders(now)
    assert (folded.minutes, folded.accepted) == (sender.minutes, sender.accepted)


def test_a_replay_is_not_taken_for_another_try_of_the_sender(cast, engineer, send):
    send(track(1, group="acme-inc"))
    send(track(1, group="acme-inc"))
    before = db.session.execute(text("SELECT times, last_at FROM held_event")).one()
    replaying.replay(cast.workspace, clock.utc_now())
    assert db.session.execute(text("SELECT times, last_at FROM held_event")).one() == before
    assert before.times == 2


def test_an_unknown_account_is_matched_and_counted(engineer, send, work):
    send(track(1, group="acme-inc"), track(2, group="acme-inc"))
    page = engineer.get("/data/held?reason=account&value=acme-inc").text
    assert "There is no account" in page
    answer = engineer.post("/data/held/match", data={"reason": "account", "value": "acme-inc", "account": "acme"})
    assert answer.status_code == 302
    work()
    assert (counted("product_events"), held()) == (2, [])
    assert db.session.scalars(select(AccountAlias.alias)).all() == ["acme-inc"]
    send(track(3, group="acme-inc"))
    assert counted("product_events") == 3


def test_a_rule_matches_names_that_are_held_and_those_to_come(engineer, send, work):
    write_accounts("beta")
    send(
        track(1, group="prod_acme"),
        track(2, group="prod_beta"),
        track(3, group="prod_gamma"),
        track(4, group="acme_eu"),
    )
    assert "No rule yet" in engineer.get("/data/held").text
    answer = engineer.post("/data/held/rules", data={"pattern": "prod_*", "means": "*"}, follow_redirects=True)
    assert "2 names that are held mean an account now" in answer.text
    assert "Names like <code>prod_*</code> mean the account <code>*</code>" in answer.text
    work()
    assert [counted("product_events", account) for account in ("acme", "beta")] == [1, 1]
    assert {value for *_, value in held()} == {"prod_gamma", "acme_eu"}
    send(track(5, group="prod_gamma"), {"type": "group", "messageId": "g", "userId": "bob", "groupId": "gamma",
                                        "timestamp": AT, "traits": {"name": "Gamma"}})  # fmt: skip
    work()
    assert (counted("product_events", "gamma"), [value for *_, value in held()]) == (2, ["acme_eu"])
    assert set(db.session.scalars(select(AccountAlias.alias))) == {"prod_acme", "prod_beta", "prod_gamma"}


def test_the_first_rule_that_leads_to_an_account_counts_and_one_may_be_removed(engineer, send, work):
    for pattern, means in (("*_eu", "nobody-*"), ("*_eu", "*"), ("acme*", "beta")):
        engineer.post("/data/held/rules", data={"pattern": pattern, "means": means})
    write_accounts("beta")
    send(track(1, group="acme_eu"))
    work()
    assert naming.match_names(["acme_eu", "_eu", "acme"]) == {"acme_eu": account_ids_by_external_id(["acme"])["acme"]}
    assert held() == []
    rule_id = naming.rules()[0].id
    answer = engineer.post(f"/data/held/rules/{rule_id}/removal", follow_redirects=True)
    assert "Names it has matched stay matched" in answer.text
    assert len(naming.rules()) == 2
    assert engineer.post(f"/data/held/rules/{rule_id}/removal").status_code == 404


@pytest.mark.parametrize(
    ("pattern", "means", "why"),
    [
        ("acme", "acme", "with one *"),
        ("a*b*", "*", "with one *"),
        ("a*", "", "the id of the account"),
        ("a*", "**", "the id of the account"),
        ("a*", "a*", "mean itself"),
        ("*", "acme", "Every unknown name"),
    ],
)
def test_a_rule_that_would_mean_nothing_or_everything_is_refused(engineer, pattern, means, why):
    answer = engineer.post("/data/held/rules", data={"pattern": pattern, "means": means})
    assert answer.status_code == 422
    assert why in answer.text
    assert naming.rules() == []


def test_only_who_may_change_data_makes_rules(cast, sign_in):
    answer = sign_in(cast.executive).post("/data/held/rules", data={"pattern": "a*", "means": "*"})
    assert answer.status_code == 403


def test_an_unknown_account_is_made_and_counted(engineer, send, work):
    send(track(1, group="new-co"))
    engineer.post("/data/held/account", data={"reason": "account", "value": "new-co"})
    work()
    assert (counted("product_events", "new-co"), held()) == (1, [])


def test_a_person_is_put_at_an_account_by_its_name(engineer, send, work):
    send(track(1, group=None))
    engineer.post("/data/held/match", data={"reason": "person", "value": "ada", "account": "Acme"})
    work()
    assert (counted("product_events"), people()["ada"][0]) == (1, "acme")


def test_a_match_with_no_account_or_several_is_refused_and_changes_nothing(engineer, send):
    write_accounts("twin-1", "twin-2")
    db.session.execute(text("UPDATE account SET name = 'Twin' WHERE external_id LIKE 'twin%'"))
    send(track(1, group="x"))
    for named in ("nobody", "Twin", ""):
        answer = engineer.post("/data/held/match", data={"reason": "account", "value": "x", "account": named})
        assert answer.status_code == 422, named
    assert held() == [("segment", "account", "x")]


def test_what_is_discarded_is_gone_and_noted(engineer, send, work):
    send(track(1, group="x"), track(2, group="y"))
    engineer.post("/data/held/discard", data={"reason": "account", "value": "x"})
    engineer.post("/data/held/replay", data={})
    work()
    assert held() == [("segment", "account", "y")]
    audit = db.session.execute(text("SELECT act, changes FROM audit_entry WHERE act = 'discard'")).one()
    assert audit.changes == {"count": 1}


def test_a_meter_that_is_missing_is_made_with_its_kind(engineer, cast, work):
    from app.connectors.cloudevents.translating import PROTOCOL as CLOUDEVENTS

    event = {"id": "1", "source": "/a", "specversion": "1.0", "type": "seats", "subject": "acme", "time": AT}
    take("cloudevents: x", CLOUDEVENTS, [event], cast.workspace, clock.utc_now())
    engineer.post("/data/held/meter", data={"reason": "meter", "value": "seats", "kind": "max"})
    work()
    assert counted("seats") == 1
    assert db.session.scalars(select(Meter.kind).where(Meter.code == "seats")).one() == "max"


def test_a_new_rule_counts_the_past_once_and_what_comes_next(engineer, send, work):
    send(track(1, properties={"format": "pdf"}), track(2, properties={"format": "csv"}), track(3, event="Other"))
    engineer.post("/data/meters", data={"code": "reports", "kind": "sum"})
    meter = db.session.scalars(select(Meter.id).where(Meter.code == "reports")).one()
    form = {"event_name": "Report Exported", "meter_id": str(meter), "property": "format", "equals": "pdf"}
    engineer.post("/data/counting/rules", data=form)
    work()
    assert counted("reports") == 1
    send(track(4, properties={"format": "pdf"}), track(1, properties={"format": "pdf"}))
    assert (counted("reports"), counted("product_events")) == (2, 4)
    assert "Report Exported where format is pdf" in engineer.get("/data/counting").text


def test_the_times_of_an_event_leave_out_repeats_and_replays(engineer, send, work):
    send(track(1), track(2), track(3, group="nobody"))
    send(track(1), track(4, event="Other"))
    write_accounts("nobody")
    replaying.replay_what_is_mended()
    work()
    fold_intake(clock.utc_now())
    times = {row.name: row.seen for row in db.session.execute(text("SELECT name, seen FROM event_name"))}
    assert times == {"Report Exported": 3, "Other": 1}
    assert counted("product_events") == 3


def test_a_removed_rule_counts_no_more_and_keeps_what_it_counted(engineer, send):
    send(track(1))
    rule = db.session.scalars(select(MeterRule.id)).one()
    engineer.post(f"/data/counting/rules/{rule}/removal")
    send(track(2))
    assert counted("product_events") == 1
    assert db.session.scalars(select(MeterRule)).all() == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.code)
def test_a_guide_gives_lines_with_our_address_an_account_and_the_key_just_made(engineer, guide):
    page = engineer.get(f"/data/connect/{guide.code}").text
    assert (KEY in page, "localhost" in page) == (True, True)
    made = engineer.post(f"/data/connect/{guide.code}/key", data={"name": "web app"}).text
    (key,) = set(re.findall(r"prn_\d+_[\w-]{40,}", made))
    assert made.count(key) > len(guide.samples)
    assert "{" + "key}" not in made


def test_a_key_without_a_name_is_asked_for_one(engineer):
    answer = engineer.post("/data/connect/segment/key", data={"name": ""})
    assert (answer.status_code, "Name what will use the key" in answer.text) == (422, True)


def test_the_first_event_is_waited_for_and_shown(engineer, send):
    since = (clock.utc_now() - timedelta(seconds=1)).isoformat()
    wait = {"since": since}
    asked = engineer.get("/data/connect/segment/first", query_string=wait, headers={"HX-Request": "true"})
    assert ("Nothing yet" in asked.text, "every 2s" in asked.text) == (True, True)
    send(track(1), track(2, group="nowhere"))
    shown = engineer.get("/data/connect/segment/first", query_string=wait, headers={"HX-Request": "true"}).text
    assert "It came." in shown
    assert "every 2s" not in shown
    assert "There is no account &#39;nowhere&#39;" in shown
    plain = engineer.get("/data/connect/segment/first", query_string=wait)
    assert plain.status_code == 302
    assert "It came." in engineer.get(plain.location).text


def test_there_is_no_guide_for_what_we_do_not_speak(engineer):
    assert engineer.get("/data/connect/telex").status_code == 404


def test_an_outsider_sees_nothing_of_it(send, cast, sign_in):
    send(track(1, event="Secret Act"), track(2, group="secret-co"))
    outsider = sign_in(cast.outsider)
    for path in ("/data", "/data/live", "/data/held", "/data/counting", "/data/connect/segment?since=2020-01-01"):
        page = outsider.get(path).text
        assert "Secret Act" not in page, path
        assert "secret-co" not in page, path
