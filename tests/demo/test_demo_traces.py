"""What hidden causes leave to be seen, and what they do not."""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from tests.demo.conftest import day_of
from tests.demo_facts import facts_of, sentiment_of


def churns_for(company, reason):
    churns = company.truth.churns
    mine = churns[churns["reason"] == reason]
    return mine["account"].to_numpy(), day_of(company, mine["churned_on"])


def test_a_hidden_cause_begins_before_the_customer_leaves(large):
    churns = large.truth.churns.query("reason != 'none'")
    pairs = churns.merge(large.truth.episodes, left_on=["account", "reason"], right_on=["account", "cause"])
    first = pairs.groupby(["account", "churned_on"])["onset_on"].min().reset_index()
    assert len(first) == len(churns.drop_duplicates(["account", "churned_on"]))
    assert (first["onset_on"] < first["churned_on"]).all()


def test_use_falls_before_those_leave_who_use_less(large):
    account, day = churns_for(large, "usage_decline")
    old = day >= 300
    sessions = large.usage[:, 0]
    ratios = [
        sessions[a, d - 28 : d].sum() / max(sessions[a, d - 300 : d - 272].sum(), 1)
        for a, d in zip(account[old], day[old], strict=True)
    ]
    assert np.median(ratios) < 0.6


def test_the_champion_is_gone_before_those_leave_who_lost_one(large):
    account, day = churns_for(large, "champion_left")
    champions = large.contacts[large.contacts["role"] == "champion"]
    left = champions.assign(left=day_of(large, champions["left_on"])).groupby("account")["left"].min()
    assert len(account) > 20
    assert (left.reindex(account).to_numpy() < day).all()


def test_bills_are_late_before_those_leave_who_do_not_pay(large):
    bills = large.invoices.assign(
        delay=day_of(large, large.invoices["paid_on"]) - day_of(large, large.invoices["due_on"])
    )
    account, day = churns_for(large, "late_payment")
    recent = bills["account"].isin(account) & (
        day_of(large, bills["due_on"])
        > bills["account"].map(dict(zip(account, day - 120, strict=True))).fillna(1 << 30)
    )
    assert (bills["delay"][recent] > 10).mean() > 3 * (bills["delay"] > 10).mean()


def test_tickets_of_customers_with_friction_are_more_and_more_angry(large):
    said = large.interactions.query("direction == 'in' and channel == 'ticket'")
    day = day_of(large, said["happened_at"])
    episodes = large.truth.episodes.query("cause == 'friction'")
    during = np.zeros(len(said), bool)
    own = said["account"].to_numpy()
    for account, onset, passes in zip(
        episodes["account"], day_of(large, episodes["onset_on"]), day_of(large, episodes["passes_on"]), strict=True
    ):
        during |= (own == account) & (day >= onset) & (day < passes)
    mood = sentiment_of(said["text"]).to_numpy()
    assert during.sum() > 200
    assert np.nanmean(mood[during]) < np.nanmean(mood[~during]) - 0.15


def test_a_new_customer_whose_start_fails_hardly_uses_the_product(large):
    episodes = large.truth.episodes.query("cause == 'failed_onboarding'")
    onset = day_of(large, episodes["onset_on"])
    inside = (onset >= 0) & (onset + 60 < large.usage.shape[2])
    failed = episodes["account"].to_numpy()[inside]
    start = day_of(large, large.accounts["signed_up_on"])
    fresh = np.flatnonzero((start >= 0) & (start + 60 < large.usage.shape[2]))
    seats = large.subscriptions.drop_duplicates("account").set_index("account")["seats"]
    first = {a: large.usage[a, 0, start[a] : start[a] + 60].sum() / seats[a] for a in fresh}
    assert np.median([first[a] for a in failed]) < 0.6 * np.median([first[a] for a in np.setdiff1d(fresh, failed)])


def test_most_who_decline_recover_by_themselves(large):
    """Regression to the mean: whoever is looked at because use fell will mostly look better later."""
    sessions = large.usage[:, 0]
    before, low, later = (sessions[:, at : at + 56].sum(axis=1) for at in (240, 310, 460))
    stays = (sessions[:, 500:530].sum(axis=1) > 0) & (before > 40)
    fell = stays & (low < 0.6 * before)
    assert fell.sum() > 20
    assert (later[fell] > low[fell]).mean() > 0.7


def test_the_true_hazard_ranks_those_who_leave(large):
    lost = np.zeros(large.truth.hazard.shape, bool)
    month = np.searchsorted(large.truth.months, large.truth.churns["churned_on"].to_numpy(), side="right") - 1
    lost[large.truth.churns["account"], month] = True
    alive = large.truth.hazard > 0
    assert roc_auc_score(lost[alive], large.truth.hazard[alive]) > 0.8


def test_nobody_uses_what_is_not_paid_for(company):
    days = company.usage.shape[2]
    paid = np.zeros((len(company), days + 1), np.int64)
    rows = company.subscriptions
    start, end = (np.clip(day_of(company, rows[name]), 0, days) for name in ("started_on", "ended_on"))
    np.add.at(paid, (rows["account"], start), 1)
    np.add.at(paid, (rows["account"], end), -1)
    idle = np.cumsum(paid, axis=1)[:, :-1] == 0
    assert idle.any()
    assert company.usage.sum(axis=1)[idle].sum() == 0


def test_counts_are_whole_and_the_week_has_a_weekend(company):
    usage = company.usage
    assert usage.dtype == np.float32
    assert (usage == np.rint(usage)).all()
    assert (usage >= 0).all()
    weekday = (np.arange(usage.shape[2]) + company.first_day.weekday()) % 7
    by_day = usage[:, 0].sum(axis=0)
    assert by_day[weekday >= 5].mean() < 0.25 * by_day[weekday < 5].mean()
    christmas = (pd.Timestamp("2025-12-25") - pd.Timestamp(company.first_day)).days
    assert by_day[christmas] < 0.5 * by_day[christmas - 14]


def test_sessions_and_active_people_tell_one_story(company):
    months = company.user_months
    start = pd.Timestamp("2026-03-01")
    march = months[months["month"] == 2026 * 12 + 2]
    assert (march["days"] < 1 << 31).all()
    assert (march["days"] > 0).all()
    first = (start - pd.Timestamp(company.first_day)).days
    for day in (1, 10, 31):
        active = march["account"][(march["days"].to_numpy() >> (day - 1)) & 1 == 1]
        people = np.bincount(active, minlength=len(company))
        sessions = company.usage[:, 0, first + day - 1]
        assert (sessions >= people).all()
        assert ((sessions > 0) == (people > 0)).all()


def test_a_person_belongs_to_one_account(company):
    months = company.user_months
    assert len(months.drop_duplicates(["user", "account"])) == months["user"].nunique()


def test_facts_can_be_made_of_it(company):
    facts = facts_of(company)
    assert len(facts) == 400
    assert facts.interactions["sentiment"].notna().mean() > 0.3
