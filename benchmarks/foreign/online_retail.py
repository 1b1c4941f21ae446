"""Online Retail II (UCI), year one: a wholesaler's invoice lines. Who has not bought for 90 days has left.

Nothing here is contracted, so a customer's subscription is said to run from purchase to purchase and for 90 days after
the last; its ARR is four times what was bought in the 90 days up to then. Both are known on the day.
"""

from pathlib import Path

import pandas as pd

FOLDER = "online_retail_2009_2010"
WHERE = "UCI Machine Learning Repository, “Online Retail II” (CC BY 4.0), its first sheet as CSV or Parquet"
PATIENCE = pd.Timedelta(days=90)


def files(folder: Path) -> dict[str, pd.DataFrame]:
    """Give accounts, subscriptions and usage by customer and day."""
    days = by_day(_lines(folder))
    first = days.groupby("customer")["day"].min()
    country = days.groupby("customer")["country"].first()
    accounts = pd.DataFrame({"account_id": first.index, "country": country, "signup_date": first})
    return {"accounts": accounts, "subscriptions": stretches(days), "usage": usage(days)}


def by_day(lines: pd.DataFrame) -> pd.DataFrame:
    """Add the lines up by customer and day: orders, items, different products, value bought, items sent back."""
    known = lines.dropna(subset=["Customer ID"])
    back = known["Invoice"].astype(str).str.startswith("C")
    bought = (known["Quantity"] > 0) & ~back
    rows = pd.DataFrame(
        {
            "customer": known["Customer ID"].astype(int).astype(str),
            "day": pd.to_datetime(known["InvoiceDate"]).dt.normalize(),
            "country": known["Country"],
            "order": known["Invoice"].where(bought),
            "product": known["StockCode"].astype(str).where(bought),
            "items": known["Quantity"].where(bought, 0),
            "value": (known["Quantity"] * known["Price"]).where(bought, 0.0),
            "returned": -known["Quantity"].where(back & (known["Quantity"] < 0), 0),
        }
    )
    return (
        rows.groupby(["customer", "day"])
        .agg(
            country=("country", "first"), orders=("order", "nunique"), products=("product", "nunique"),
            items=("items", "sum"), value=("value", "sum"), returned=("returned", "sum"),
        )
        .reset_index()
    )  # fmt: skip


def stretches(days: pd.DataFrame) -> pd.DataFrame:
    """Give a subscription's stretches from purchase to purchase; the last ends with patience, if that day was seen."""
    bought = days[days["orders"] > 0].sort_values(["customer", "day"])
    recent = bought.set_index("day").groupby("customer")["value"].rolling("90D").sum()
    following = bought.groupby("customer")["day"].shift(-1)
    runs_out = bought["day"] + PATIENCE
    ends = following.where(following <= runs_out, runs_out)
    return pd.DataFrame(
        {
            "subscription_id": "buys-" + bought["customer"],
            "account_id": bought["customer"],
            "start_date": bought["day"],
            "end_date": ends.where(ends <= days["day"].max()),
            "arr": (4 * recent.to_numpy()).clip(1).round(2),
        }
    )


def usage(days: pd.DataFrame) -> pd.DataFrame:
    """Give a row a day and thing counted; what is sent back counts as errors."""
    counted = days.rename(columns={"customer": "account_id", "day": "usage_date", "returned": "errors"})
    long = counted.melt(
        id_vars=["account_id", "usage_date"], value_vars=["orders", "products", "items", "errors"],
        var_name="feature_name", value_name="usage_count",
    )  # fmt: skip
    return long[long["usage_count"] > 0]


def _lines(folder: Path) -> pd.DataFrame:
    csv = next(iter(sorted(folder.glob("*.csv"))), None)
    return pd.read_csv(csv) if csv else pd.read_parquet(next(iter(folder.glob("*.parquet"))))
