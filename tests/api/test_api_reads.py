"""Usage, scores with reasons and forecasts as a machine reads them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.clock import utc_now
from app.extensions import db
from app.forecast.models import RenewalForecast
from app.usage.intake.ingesting import ingest
from tests.api.conftest import problem, trail

TODAY = utc_now().date()


@pytest.fixture
def address(accounts):
    return f"/accounts/{accounts.slipping.id}"


# --- usage ---


def test_the_totals_of_each_day_are_shown_by_meter_with_the_people(ask, address):
    shown = ask("GET", f"{address}/usage").json
    assert (shown["since"], shown["until"]) == ((TODAY - timedelta(days=27)).isoformat(), TODAY.isoformat())
    (logins,) = shown["meters"]
    assert (logins["meter"], logins["kind"], len(logins["totals"])) == ("logins", "sum", 28)
    assert logins["totals"][-6:] == [0.0, 1.5, 1.5, 1.5, 1.5, 1.5]
    assert shown["active_people"] == {"daily": [0] * 23 + [1] * 5, "in_period": 2}


def test_a_period_over_the_end_of_a_month_has_every_day_once(ask, address):
    at = datetime(2026, 2, 28, 12, tzinfo=UTC)
    ingest(
        "test",
        [{"event_id": "x", "account": "slate", "meter": "exports", "quantity": 2.25, "happened_at": at, "person": "z"}],
        utc_now(),
    )
    shown = ask("GET", f"{address}/usage?since=2026-02-27&until=2026-03-02&meter=exports").json
    assert [each["totals"] for each in shown["meters"]] == [[0.0, 2.25, 0.0, 0.0]]
    assert shown["active_people"] == {"daily": [0, 1, 0, 0], "in_period": 1}


@pytest.mark.parametrize(
    "query", ["since=2026-03-02&until=2026-03-01", "since=2020-01-01", "until=2026-02-30", "meter=X"]
)
def test_a_period_must_be_one(ask, address, query):
    assert problem(ask("GET", f"{address}/usage?{query}"))[:2] == (422, "validation")


def test_a_month_of_the_whole_book_is_for_a_warehouse_to_copy(ask, accounts):
    for n, account in enumerate(("silva", "thornfield", "slate")):
        events = [{"event_id": f"{account}{meter}", "account": account, "meter": meter, "quantity": n + 1,
                   "happened_at": datetime(2026, 2, 3, 12, tzinfo=UTC), "person": None} for meter in ("logins", "exports")]  # fmt: skip
        ingest("test", events, utc_now())
    found, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"/usage?month=2026-02&limit=4{cursor and '&cursor=' + cursor}").json
        found, cursor = found + page["data"], page["next_cursor"]
    assert len({(each["account_id"], each["meter"]) for each in found}) == len(found) == 6
    assert {(len(each["totals"]), each["totals"][2] > 0, each["month"]) for each in found} == {(28, True, "2026-02-01")}
    assert ask("GET", "/usage?month=2026-13").status_code == 422


def test_a_meter_is_made_once_and_stays_as_it_is(ask, accounts):
    made = ask("POST", "/meters", json={"code": "seats", "kind": "max"})
    assert (made.status_code, made.json["kind"]) == (201, "max")
    again = ask("POST", "/meters", json={"code": "seats", "kind": "sum"})
    assert (again.status_code, again.json["kind"]) == (200, "max")
    assert [each["code"] for each in ask("GET", "/meters").json["data"]] == ["logins", "exports", "seats"]
    assert [entry.subject for entry in trail() if entry.act == "made"] == ["meter seats"]
    assert problem(ask("POST", "/meters", json={"code": "Seats"})) == (422, "validation", ["/code"])


def test_what_is_posted_to_the_usage_address_is_read_back(ask, address):
    event = {"id": "evt-1", "account": "slate", "meter": "logins", "quantity": 4, "at": utc_now().isoformat()}
    assert ask("POST", "/usage", json={"events": [event, event]}).status_code in {200, 207}
    assert ask("GET", f"{address}/usage").json["meters"][0]["totals"][-1] == 5.5


# --- scores ---


def test_a_score_opens_its_receipt_whose_lines_add_up(ask, address):
    health = ask("GET", f"{address}/health").json
    assert (health["score"], health["band"], health["week_before"]) == (67.4, "watch", 76.0)
    lines = [line for dimension in health["dimensions"] for line in dimension["measures"]]
    known = [line for line in lines if line["value"] is not None]
    assert known
    assert all((line["brings"] is None) == (line["value"] is None) for line in lines)
    weighed = sum(line["weight"] * line["points"] for line in known) / sum(line["weight"] for line in known)
    assert sum(line["brings"] for line in known) == pytest.approx(weighed)
    assert sum(part["points"] for part in health["moved"]) == pytest.approx(67.4 - 76.0)


def test_a_score_is_read_as_of_a_day(ask, address):
    earlier = ask("GET", f"{address}/health?day={TODAY - timedelta(days=3)}").json
    assert (earlier["score"], earlier["week_before"], earlier["moved"]) == (76.0, None, [])
    assert problem(ask("GET", f"{address}/health?day=2020-01-01"))[:2] == (404, "not_found")


def test_a_risk_comes_with_its_reasons(ask, address, accounts):
    risk = ask("GET", f"{address}/risk").json
    assert (risk["risk_90"], risk["average_90"], risk["basis"]) == (0.12, 0.05, "model")
    assert risk["reasons"] == [
        {"code": "usage_change", "sentence": "used 38 % less", "points": 4.2, "act": None, "hint": None}
    ]
    assert (risk["expansion_90"], risk["contraction_90"]) == (0.12, 0.04)
    assert risk["moves"]["expansion"] == {"basis": "base rate", "average": 0.08, "reasons": []}
    assert problem(ask("GET", f"/accounts/{accounts.silent.id}/risk"))[:2] == (404, "not_found")


def test_the_history_puts_health_and_risk_side_by_side(ask, address):
    days = ask("GET", f"{address}/scores").json["data"]
    assert [(each["score"], each["risk_90"]) for each in days] == [(76.0, None), (67.4, 0.12)]
    assert len(ask("GET", f"{address}/scores?since={TODAY}").json["data"]) == 1
    assert ask("GET", f"{address}/scores?since=2026-02-01&until=2026-01-01").status_code == 422


def test_changes_are_followed_from_where_one_left_off(ask, accounts):
    (change,) = ask("GET", "/score-changes").json["data"]
    assert (change["from_band"], change["to_band"], change["why"]) == ("steady", "watch", "used 38 % less")
    assert ask("GET", f"/score-changes?account_id={accounts.silent.id}").json["data"] == []


def test_the_trainings_of_the_model_are_listed_and_each_shows_its_report(ask, accounts, their_key):
    (model,) = ask("GET", "/models").json["data"]
    assert (model["state"], model["because"], "report" in model) == ("champion", "It passed its tests.", False)
    assert ask("GET", f"/models/{model['id']}").json["report"]["churns"] == 112
    assert problem(ask("GET", f"/models/{model['id'] + 1}"))[:2] == (404, "not_found")
    assert problem(ask("GET", f"/models/{model['id']}", secret=their_key))[:2] == (404, "not_found")


# --- forecast ---


def test_the_forecast_shows_this_quarter_and_the_next_three(ask, accounts):
    quarters = ask("GET", "/forecast").json["data"]
    assert len(quarters) == 4
    assert [each["quarter"] for each in quarters] == sorted(each["quarter"] for each in quarters)
    assert all(
        each["p10_minor"] <= each["p50_minor"] <= each["p90_minor"] <= each["due_minor"] + each["booked_minor"]
        for each in quarters
    )
    assert ask("GET", f"/forecast/snapshots?quarter={TODAY}").json["data"] == quarters[:1]
    assert ask("GET", "/forecast/snapshots?quarter=2020-02-02").json["data"] == []


@pytest.fixture
def renewals(accounts):
    """Three renewals of a day and one later."""
    db.session.query(RenewalForecast).delete()
    day = TODAY + timedelta(days=40)
    for n, account in enumerate((accounts.slipping, accounts.silent, accounts.thriving)):
        db.session.add(RenewalForecast(account_id=account.id, renews_on=day, arr_minor=1_000_00 * (n + 1), probability=0.5,
                                       basis="model", expected_minor=500_00 * (n + 1), projected_on=TODAY))  # fmt: skip
    later = RenewalForecast(
        account_id=accounts.new.id, renews_on=day + timedelta(days=1), arr_minor=9_00, probability=0.9
    )
    later.basis, later.expected_minor, later.projected_on = "model", 8_10, TODAY
    db.session.add(later)
    db.session.commit()
    return day


def test_renewals_put_the_model_the_call_and_what_counts_side_by_side(ask, accounts, renewals):
    call = {
        "renews_on": renewals.isoformat(),
        "category": "lost",
        "amount_minor": 700,
        "reason": "They said so",
        "by": "ann@example.com",
    }
    made = ask("POST", f"/accounts/{accounts.silent.id}/calls", json=call)
    assert (made.status_code, made.json["amount_minor"]) == (201, 0)
    found, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"/renewals?limit=2{cursor and '&cursor=' + cursor}").json
        found, cursor = found + page["data"], page["next_cursor"]
    assert [each["account"] for each in found] == [
        "Slate & Sons",
        "Silva Imports",
        "Thornfield Logistics",
        "Newbridge Health",
    ] or (sorted(each["account"] for each in found[:3]) == ["Silva Imports", "Slate & Sons", "Thornfield Logistics"])
    silva = next(each for each in found if each["account"] == "Silva Imports")
    assert (silva["model_minor"], silva["category"], silva["called_minor"], silva["final_minor"]) == (
        1_000_00,
        "lost",
        0,
        0,
    )
    slate = next(each for each in found if each["account"] == "Slate & Sons")
    assert (slate["category"], slate["final_minor"]) == (None, slate["model_minor"])


def test_renewals_are_narrowed_to_days_and_to_an_owner(ask, cast, renewals):
    after = (renewals + timedelta(days=1)).isoformat()
    assert len(ask("GET", f"/renewals?first={after}").json["data"]) == 1
    assert len(ask("GET", f"/renewals?before={after}").json["data"]) == 3
    assert len(ask("GET", "/renewals?owner=ann@example.com").json["data"]) == 4
    assert ask("GET", f"/renewals?owner={cast.colleague.id}").json["data"] == []


def test_calls_are_kept_beside_each_other_the_newest_first(ask, address, cast):
    for category in ("commit", "at risk"):
        body = {
            "renews_on": "2027-02-18",
            "category": category,
            "amount_minor": 5_00,
            "reason": "Because",
            "by": "ann@example.com",
        }
        assert ask("POST", f"{address}/calls", json=body).status_code == 201
    calls = ask("GET", f"{address}/calls").json["data"]
    assert [each["category"] for each in calls] == ["at risk", "commit", "likely"]
    assert calls[0]["made_by"] == cast.owner.id
    assert [entry.changes["by"] for entry in trail() if entry.act == "call"] == ["ann@example.com"] * 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"by": "stranger@example.com"}, "/by"), ({"reason": " "}, "/reason"), ({"category": "maybe"}, "/category"),
     ({"amount_minor": -1}, "/amount_minor"), ({"amount_minor": 10**12}, "/amount_minor"), ({"reason": "r" * 1_001}, "/reason"), ({"renews_on": "soon"}, "/renews_on")],
)  # fmt: skip
def test_a_call_that_says_too_little_is_pointed_at(ask, address, change, pointer):
    body = {
        "renews_on": "2027-02-18",
        "category": "likely",
        "amount_minor": 1,
        "reason": "Because",
        "by": "ann@example.com",
    }
    status, _, places = problem(ask("POST", f"{address}/calls", json=body | change))
    assert (status, places) == (422, [pointer])
