"""A simulated company as the facts that models may know, without its truth."""

import numpy as np
import pandas as pd
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from app.demo.company import Company
from ml.facts import Facts

MINOR = 100  # minor units of the currency


def facts_of(company: Company) -> Facts:
    return Facts(
        accounts=_accounts(company),
        subscriptions=_subscriptions(company.subscriptions),
        usage=company.usage,
        first_day=company.first_day,
        meters=company.meters,
        user_months=company.user_months,
        interactions=_interactions(company.interactions),
        contacts=company.contacts[["account", "role", "joined_on", "left_on", "known_left_on"]],
        invoices=company.invoices.assign(amount=company.invoices["amount"] / MINOR),
        treated=company.treated[["account", "from_on"]],
    ).check()


def _accounts(company: Company) -> pd.DataFrame:
    return pd.DataFrame({"id": np.arange(len(company)) + 1, "started_on": company.accounts["signed_up_on"]})


def _subscriptions(rows: pd.DataFrame) -> pd.DataFrame:
    kept = ["account", "started_on", "ended_on", "known_end_on", "seats", "term_months", "renews_on", "auto_renew"]
    return rows[kept].assign(arr=12 * rows["mrr"] / MINOR)


def _interactions(rows: pd.DataFrame) -> pd.DataFrame:
    day = rows["happened_at"].dt.normalize()
    return pd.DataFrame(
        {
            "account": rows["account"],
            "happened_on": day,
            "known_on": day,
            "channel": rows["channel"].astype(object),
            "direction": rows["direction"].astype(object),
            "sentiment": ((rows["satisfaction"].astype(float) - 3) / 2)
            .fillna(sentiment_of(rows["text"]))
            .where((rows["direction"] == "in") & (rows["text"] != "")),
            "satisfaction": rows["satisfaction"],
            "priority": rows["priority"].astype(object),
            "resolved_on": rows["resolved_at"].dt.normalize(),
            "escalated": rows["escalated"],
            "reach": rows["reach"],
        }
    )


def sentiment_of(texts: pd.Series) -> pd.Series:
    """-1..1, NaN for an empty text; each distinct text is read once."""
    reader = SentimentIntensityAnalyzer()
    score = {text: reader.polarity_scores(text)["compound"] if text else np.nan for text in texts.unique()}
    return texts.map(score).astype(float)
