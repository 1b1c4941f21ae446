"""RavenStack: a synthetic SaaS company whose churn has nothing to do with its tables. The negative control.

As it comes hardly an account loses all of its subscriptions, which is refused for want of churn. So it is brought in a
second time with each subscription as an account of its own, of which hundreds end: then it is the signal that lacks.
"""

from pathlib import Path

import pandas as pd

FOLDER = "ravenstack"
WHERE = "“RavenStack” by River @ Rivalytics (synthetic, MIT-like), the five CSV files as they come"


def by_subscription(folder: Path) -> dict[str, pd.DataFrame]:
    """Give each subscription as an account, with its own usage; tickets name no subscription and are left out."""
    rows = pd.read_csv(folder / "ravenstack_subscriptions.csv", encoding="utf-8-sig")
    used = pd.read_csv(folder / "ravenstack_feature_usage.csv", encoding="utf-8-sig")
    starts = read_days(rows["start_date"])
    accounts = pd.DataFrame({"account_id": rows["subscription_id"], "signup_date": starts})
    kept = rows[["subscription_id", "seats", "arr_amount", "is_trial", "billing_frequency", "auto_renew_flag"]]
    subscriptions = kept.assign(
        account_id=rows["subscription_id"], start_date=starts, end_date=read_days(rows["end_date"])
    )
    usage = pd.DataFrame(
        {
            "usage_id": used["usage_id"] + "/" + used.index.astype(str),  # some ids stand twice
            "account_id": used["subscription_id"],
            "usage_date": read_days(used["usage_date"]),
            "feature_name": used["feature_name"],
            "usage_count": used["usage_count"],
            "error_count": used["error_count"],
        }
    )
    return {"accounts": accounts, "subscriptions": subscriptions, "usage": usage}


def read_days(days: pd.Series) -> pd.Series:
    """Read days that put the day first, 16-10-2024; empty ones stay so."""
    return pd.to_datetime(days, format="%d-%m-%Y")
