"""Invoices: what was asked for, when it was due, when it was paid."""

from datetime import timedelta
from typing import Any

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.kind import Field, Kind, Refusal, Values
from app.connectors.csv.kinds.referring import ACCOUNT_FIELDS, SUBSCRIPTION_FIELD, account_of
from app.connectors.csv.reading.amounts import minor

_USUAL_DAYS = 30


def shape(values: Values, book: Book) -> dict[str, Any]:
    """An invoice without a day on which it is due is taken to be due 30 days after its issue."""
    issued = values["issued_on"]
    due = values.get("due_on") or issued + timedelta(days=_USUAL_DAYS)
    try:
        amount = minor(values["amount"], book.currency)
    except ValueError as error:
        raise Refusal("amount", str(error)) from None
    record = {"external_id": values["external_id"], "account": account_of(values, book)}
    return record | {"issued_on": issued, "due_on": due, "paid_on": values.get("paid_on"), "amount_minor": amount}


KIND = Kind(
    code="invoices",
    title="Invoices",
    explains="One row an invoice. Late and unpaid ones count in health and risk.",
    words=("invoice", "bill", "payment"),
    needs=(("external_id",), ("account", "account_name", "subscription"), ("issued_on",), ("amount",)),
    shape=shape,
    fields=(
        Field("external_id", "Invoice id", "text", "invoice_id invoice_number invoice_no number id external_id"),
        *ACCOUNT_FIELDS,
        SUBSCRIPTION_FIELD,
        Field("issued_on", "Issued on", "day", "invoice_date issued_on issued_at issue_date date created created_at"),
        Field("due_on", "Due on", "day", "due_date due_on due_at payment_due"),
        Field("paid_on", "Paid on", "day", "paid_on paid_at paid_date payment_date date_paid"),
        Field("amount", "Amount", "money", "amount total amount_due invoice_amount total_amount net_amount"),
        Field("currency", "Currency", "currency", "currency currency_code iso_currency"),
    ),
)
