"""IBM's telco sample: a flat table without dates, read as the book of one day, a fortnight after which some left.

Tenure gives each contract's start; services are used once in four weeks, which is all that the table says of use.
"""

from pathlib import Path

import pandas as pd

FOLDER = "ibm_telco"
WHERE = "github.com/IBM/telco-customer-churn-on-icp4d, data/Telco-Customer-Churn.csv (Apache 2.0)"
DAY = pd.Timestamp(2024, 6, 1)  # chosen: the table has no date
LEAVES_AFTER, SINCE_TERM = pd.Timedelta(days=15), pd.Timedelta(days=14)
USED_BEFORE = (7, 35)
SERVICES = (
    "PhoneService", "MultipleLines", "InternetService", "OnlineSecurity", "OnlineBackup", "DeviceProtection",
    "TechSupport", "StreamingTV", "StreamingMovies",
)  # fmt: skip


def files(folder: Path) -> dict[str, pd.DataFrame]:
    """Give accounts, subscriptions and usage."""
    table = pd.read_csv(folder / "Telco-Customer-Churn.csv")
    starts = started_on(table["tenure"])
    accounts = pd.DataFrame({"account_id": table["customerID"], "signup_date": starts})
    subscriptions = pd.DataFrame(
        {
            "subscription_id": "line-" + table["customerID"],
            "account_id": table["customerID"],
            "start_date": starts,
            "end_date": (table["Churn"] == "Yes").map({True: DAY + LEAVES_AFTER, False: pd.NaT}),
            "mrr": table["MonthlyCharges"],
            "term": table["Contract"].map({"Month-to-month": "monthly", "One year": "12", "Two year": "24"}),
            "auto_renew": table["PaymentMethod"].str.contains("automatic"),
        }
    )
    return {"accounts": accounts, "subscriptions": subscriptions, "usage": usage(table)}


def started_on(tenure: pd.Series) -> pd.Series:
    """Count the months of tenure back from a fortnight before the day, so that no term ends on the day itself."""
    return pd.Series([DAY - SINCE_TERM - pd.DateOffset(months=months) for months in tenure], index=tenure.index)


def usage(table: pd.DataFrame) -> pd.DataFrame:
    """Give each service that a customer has as used once in each of the two last stretches of four weeks."""
    has = table.melt("customerID", list(SERVICES), var_name="feature_name", value_name="has")
    has = has[~has["has"].str.startswith("No")]
    parts = [has.assign(usage_date=DAY - pd.Timedelta(days=ago)) for ago in USED_BEFORE]
    rows = pd.concat(parts).rename(columns={"customerID": "account_id"})
    return rows[["account_id", "usage_date", "feature_name"]].assign(usage_count=1)
