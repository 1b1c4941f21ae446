"""The Open University's enrolments of 2013: courses as contracts, withdrawal as churn, assessments as duties.

An assessment is an invoice: due on a day, settled when it is handed in, late or never. Handing in is also use, and its
mark is how well it went, 1 to 5. The final result is an outcome and is never read; nor are the click logs, which the
folder lacks. Completed courses stay open: the book is read as of a day before any course ends.
"""

from pathlib import Path

import pandas as pd

FOLDER = "oulad_2013"
WHERE = "Open University Learning Analytics data set, presentations 2013B and 2013J (CC BY 4.0), analyse.kmi.open.ac.uk"
BEGINS = {"2013B": pd.Timestamp(2013, 2, 1), "2013J": pd.Timestamp(2013, 10, 1)}
SEEN_DAYS = {"2013B": 238, "2013J": 259}  # the shortest course of each ends a day or two later
ISSUED_BEFORE = 30


def files(folder: Path, presentation: str) -> dict[str, pd.DataFrame]:
    """Give accounts, subscriptions, invoices, usage and marks of the enrolments of one presentation."""
    enrolled = enrolments(pd.read_csv(folder / "studentRegistration.csv"), presentation)
    tasks = pd.read_csv(folder / "assessments.csv").query("code_presentation == @presentation and date.notna()")
    handed_in = pd.read_csv(folder / "studentAssessment.csv").query("is_banked == 0")
    done = enrolled.merge(tasks, on="code_module").merge(handed_in, how="left", on=["id_student", "id_assessment"])
    credits_ = pd.read_csv(folder / "studentInfo.csv").query("code_presentation == @presentation")
    paid = enrolled.merge(credits_, on=["code_module", "id_student"])["studied_credits"]
    subscriptions = pd.DataFrame(
        {
            "subscription_id": enrolled["account_id"],
            "account_id": enrolled["account_id"],
            "start_date": enrolled["starts"],
            "end_date": enrolled["leaves"],
            "arr": 100 * paid.to_numpy(),
            "term": 9,
            "auto_renew": "no",
        }
    )
    begins = BEGINS[presentation]
    return {
        "accounts": enrolled[["account_id"]].assign(signup_date=enrolled["signed"], industry=enrolled["code_module"]),
        "subscriptions": subscriptions,
        "invoices": duties(done, begins),
        "usage": submissions(done, begins),
        "survey": marks(done, begins),
    }


def enrolments(registered: pd.DataFrame, presentation: str) -> pd.DataFrame:
    """Give who was enrolled on the first day or later: code_module, id_student, account_id, signed, starts, leaves.

    Days count from the presentation's first. Who left before it never began.
    """
    rows = registered[registered["code_presentation"] == presentation].dropna(subset=["date_registration"])
    rows = rows[~(rows["date_unregistration"] <= rows["date_registration"].clip(lower=0))]
    begins = BEGINS[presentation]
    leaves = rows["date_unregistration"].where(rows["date_unregistration"] <= SEEN_DAYS[presentation])
    return pd.DataFrame(
        {
            "code_module": rows["code_module"],
            "id_student": rows["id_student"],
            "account_id": rows["code_module"] + "-" + rows["id_student"].astype(str),
            "signed": dated(begins, rows["date_registration"]),
            "starts": dated(begins, rows["date_registration"].clip(lower=0)),
            "leaves": dated(begins, leaves),
        }
    ).reset_index(drop=True)


def duties(done: pd.DataFrame, begins: pd.Timestamp) -> pd.DataFrame:
    """Give an invoice a task and enrolment, issued 30 days ahead; tasks set after somebody had left are not theirs."""
    due = dated(begins, done["date"])
    issued = (due - pd.Timedelta(days=ISSUED_BEFORE)).clip(lower=done["starts"])
    rows = pd.DataFrame(
        {
            "invoice_id": done["account_id"] + "/" + done["id_assessment"].astype(str),
            "account_id": done["account_id"],
            "invoice_date": issued,
            "due_date": due,
            "paid_date": dated(begins, done["date_submitted"]).clip(lower=issued),
            "amount": done["weight"].clip(lower=1),
        }
    )
    return rows[(due >= issued) & ~(issued >= done["leaves"])]


def submissions(done: pd.DataFrame, begins: pd.Timestamp) -> pd.DataFrame:
    """Give a row a task handed in."""
    handed = done.dropna(subset=["date_submitted"])
    return pd.DataFrame(
        {
            "account_id": handed["account_id"],
            "usage_date": dated(begins, handed["date_submitted"]),
            "feature_name": handed["assessment_type"],
            "usage_count": 1,
        }
    )


def marks(done: pd.DataFrame, begins: pd.Timestamp) -> pd.DataFrame:
    """Give each mark as an answer from 1 to 5 on the day of handing in, as the published baselines date it."""
    marked = done.dropna(subset=["date_submitted", "score"])
    return pd.DataFrame(
        {
            "ticket_id": marked["account_id"] + "/" + marked["id_assessment"].astype(str),
            "account_id": marked["account_id"],
            "created_at": dated(begins, marked["date_submitted"]),
            "satisfaction_score": (1 + marked["score"] / 25).round(2),
        }
    )


def dated(begins: pd.Timestamp, days: pd.Series) -> pd.Series:
    return begins + pd.to_timedelta(days, unit="D")
