"""Subscriptions: what is paid, from when to when. They alone decide ARR."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.kind import Field, Kind, Refusal, Values
from app.connectors.csv.kinds.referring import ACCOUNT_FIELDS, account_of
from app.connectors.csv.reading.amounts import minor

_KEPT = ("plan", "seats", "started_on", "term_months", "auto_renew")


def shape(values: Values, book: Book) -> dict[str, Any]:
    """ARR is the ARR column, else 12 × the MRR column, else the amount of a term brought to a year."""
    record = {code: values.get(code) for code in _KEPT}
    record |= {"external_id": values["external_id"], "account": account_of(values, book)}
    record |= {"ended_on": _ended_on(values), "is_trial": bool(values.get("is_trial"))}
    field, yearly = _yearly(values)
    if yearly < 0:
        raise Refusal(field, "is negative: a credit belongs on an invoice, a smaller contract is a new row")
    try:
        record["arr_minor"] = minor(yearly, book.currency)
    except ValueError as error:
        raise Refusal(field, str(error)) from None
    return record


def _ended_on(values: Values) -> Any:
    last = values.get("last_paid_on")
    ended = values.get("ended_on") or (last + timedelta(days=1) if last else None)
    if ended is not None and ended < values["started_on"]:
        raise Refusal(
            "ended_on" if values.get("ended_on") else "last_paid_on", f"is before the start on {values['started_on']}"
        )
    return ended


def _yearly(values: Values) -> tuple[str, Decimal]:
    if values.get("arr") is not None:
        return "arr", values["arr"]
    if values.get("mrr") is not None:
        return "mrr", values["mrr"] * 12
    if values.get("amount") is None:
        if values.get("is_trial"):
            return "arr", Decimal(0)
        raise Refusal("arr", "is empty: a subscription needs its ARR, MRR or amount (0 for a free one)")
    if not values.get("term_months"):
        raise Refusal("term_months", "is empty: an amount needs the months that it pays for")
    return "amount", values["amount"] * 12 / values["term_months"]


KIND = Kind(
    code="subscriptions",
    title="Subscriptions",
    explains="One row a contract, or a stretch of one at one price. ARR comes from here alone.",
    words=("subscription", "contract", "licen", "plan"),
    needs=(("external_id",), ("account", "account_name"), ("started_on",), ("arr", "mrr", "amount")),
    shape=shape,
    fields=(
        Field(
            "external_id",
            "Subscription id",
            "text",
            "subscription_id contract_id license_id sub_id subscription id external_id",
        ),
        *ACCOUNT_FIELDS,
        Field("plan", "Plan", "text", "plan plan_tier plan_name product edition tier package sku"),
        Field("seats", "Seats", "whole", "seats quantity licenses licences users seat_count number_of_seats"),
        Field(
            "started_on",
            "Starts on",
            "day",
            "start_date started_on started_at start begin_date subscription_start contract_start "
            "current_period_start valid_from from_date created",
        ),
        Field(
            "ended_on",
            "Ends on (first day no longer paid)",
            "day",
            "end_date ended_on ended_at end cancelled_at canceled_at cancellation_date churn_date "
            "subscription_end contract_end valid_to terminated_on",
        ),
        Field(
            "last_paid_on",
            "Last day paid",
            "day",
            "last_day last_paid_day paid_through paid_until last_paid_on service_end_date",
        ),
        Field(
            "arr",
            "ARR",
            "money",
            "arr arr_amount annual_recurring_revenue annual_value acv annual_amount yearly_price annual_contract_value",
        ),
        Field(
            "mrr",
            "MRR",
            "money",
            "mrr mrr_amount monthly_recurring_revenue monthly_amount monthly_price monthly_charges",
        ),
        Field("amount", "Amount a term", "money", "amount price value contract_value total tcv"),
        Field("currency", "Currency", "currency", "currency currency_code iso_currency"),
        Field(
            "term_months",
            "Term or billing period",
            "term",
            "billing_frequency billing_period term term_months billing_cycle interval contract_length "
            "contract_term period frequency contract",
        ),
        Field(
            "auto_renew", "Renews by itself", "flag", "auto_renew auto_renew_flag auto_renewal autorenew is_auto_renew"
        ),
        Field("is_trial", "Is a trial", "flag", "is_trial trial trial_flag"),
        Field("churned", "Said to be over", "ended", "churn_flag churned is_churned status subscription_status state"),
    ),
)
