"""Contacts: the people at the accounts."""

from typing import Any

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.kind import Field, Kind, Values
from app.connectors.csv.kinds.referring import ACCOUNT_FIELDS, account_of

_KEPT = ("email", "phone", "title", "role", "joined_on", "left_on")


def shape(values: Values, book: Book) -> dict[str, Any]:
    """A person without an id of their own goes by their e-mail address."""
    record = {code: values.get(code) for code in _KEPT}
    whole = " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    name = values.get("name") or whole or record["email"]
    external_id = values.get("external_id") or (record["email"] or "").casefold()
    return record | {"external_id": external_id, "account": account_of(values, book), "name": name}


KIND = Kind(
    code="contacts",
    title="Contacts",
    explains="One row a person at an account.",
    words=("contact", "people", "person", "user", "lead"),
    needs=(("external_id", "email"), ("account", "account_name")),
    shape=shape,
    fields=(
        Field("external_id", "Contact id", "text", "contact_id person_id user_id id external_id"),
        *ACCOUNT_FIELDS,
        Field("name", "Name", "text", "name full_name contact_name person display_name user_name"),
        Field("first_name", "First name", "text", "first_name given_name forename firstname"),
        Field("last_name", "Last name", "text", "last_name family_name surname lastname"),
        Field(
            "email",
            "E-mail",
            "email",
            "email email_address e_mail mail work_email contact_email",
            missed="mail from these people cannot be matched to them",
        ),
        Field("phone", "Phone", "text", "phone phone_number mobile telephone mobile_phone"),
        Field("title", "Job title", "text", "title job_title position function"),
        Field(
            "role",
            "Role (champion, sponsor, admin, user)",
            "role",
            "role contact_role persona buying_role",
            missed="a champion who leaves cannot be noticed",
        ),
        Field("joined_on", "Joined on", "day", "joined_on joined_at created_at created_on created start_date added_on"),
        Field("left_on", "Left on", "day", "left_on left_at deactivated_at end_date removed_at departed_on"),
    ),
)
