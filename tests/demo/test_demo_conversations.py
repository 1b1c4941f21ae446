import numpy as np
import pandas as pd

from app.demo.topics import CHANNELS
from tests.demo.conftest import day_of
from tests.demo_facts import sentiment_of


def test_every_channel_and_direction_is_used(company):
    said = company.interactions
    assert set(said["channel"]) == set(CHANNELS)
    assert set(said["direction"]) == {"in", "out", "internal"}


def test_all_is_said_in_order_and_within_the_span(company):
    at = company.interactions["happened_at"]
    assert at.is_monotonic_increasing
    assert at.min() >= pd.Timestamp(company.first_day)
    assert at.max() < pd.Timestamp(company.ends_on) + pd.Timedelta(days=1)


def test_only_contacts_of_the_account_who_are_there_speak_first(company):
    first = company.interactions.drop_duplicates("thread")
    known = first[first["contact"] >= 0]
    people = company.contacts.iloc[known["contact"]]
    assert len(known) > 0.9 * len(first[first["direction"] != "internal"])
    assert (people["account"].to_numpy() == known["account"].to_numpy()).all()
    said_on = known["happened_at"].dt.normalize().to_numpy()
    assert (people["joined_on"].to_numpy() <= said_on).all()
    left = people["left_on"].to_numpy()
    assert (np.isnat(left) | (left > said_on)).all()


def test_a_thread_stays_with_one_account_and_one_person(company):
    said = company.interactions.query("direction != 'internal'")
    assert len(said.drop_duplicates(["thread", "account", "contact"])) == said["thread"].nunique()
    assert 1.5 < len(said) / said["thread"].nunique() < 3


def test_moods_can_be_read_from_the_words(company):
    said = company.interactions
    mood = sentiment_of(said["text"])
    praise, outage = said["subject"] == "Well done", said["subject"].str.startswith("URGENT")
    own = said["direction"] == "in"
    assert mood[praise & own].mean() > 0.5
    assert mood[outage & own].mean() < -0.3


def test_texts_vary_and_no_gap_is_left_in_them(company):
    texts = company.interactions["text"]
    assert texts.nunique() > 2_000
    assert not texts.str.contains(r"[{}]|  ").any()
    assert not company.interactions["subject"].str.contains("[{}]").any()


def test_ratings_follow_the_resolution_they_rate(company):
    said = company.interactions
    rated = said.dropna(subset="satisfaction")
    assert rated["satisfaction"].isin([1, 2, 3, 4, 5]).all()
    assert (rated["channel"] == "in_app").all()
    resolved = said.dropna(subset="resolved_at").groupby("thread")["resolved_at"].first()
    assert (resolved.reindex(rated["thread"]).to_numpy() < rated["happened_at"].to_numpy()).all()
    assert 3 < rated["satisfaction"].mean() < 4.6


def test_only_tickets_have_a_priority_and_only_public_words_have_reach(company):
    said = company.interactions
    assert set(said.loc[said["priority"] != "", "channel"]) == {"ticket"}
    assert set(said.loc[said["escalated"], "channel"]) == {"ticket"}
    assert set(said.loc[said["reach"].notna(), "channel"]) == {"social", "community"}
    assert said["resolved_at"].notna().any()
    assert not said["resolved_at"].gt(pd.Timestamp(company.ends_on) + pd.Timedelta(days=1)).any()


def test_a_leaving_is_noticed_after_it_happened(company):
    people = company.contacts
    left, noticed = day_of(company, people["left_on"]), day_of(company, people["known_left_on"])
    assert (noticed >= left).all()
    assert (left > day_of(company, people["joined_on"])).all()
    assert ((left < 1 << 30) & (people["role"] == "champion")).any()
