"""How a row names its account: by id, by name, by subscription or by the person it is about."""

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.kind import Field, Refusal, Values

ACCOUNT_FIELDS = (
    Field(
        "account",
        "Account id",
        "text",
        "account_id customer_id company_id organization_id org_id client_id tenant_id account account_number customer",
    ),
    Field(
        "account_name",
        "Account name",
        "text",
        "account_name company_name customer_name organization_name company organization client_name",
    ),
)
SUBSCRIPTION_FIELD = Field(
    "subscription", "Subscription id", "text", "subscription_id subscription contract_id license_id sub_id"
)
PERSON_FIELD = Field(
    "person",
    "Person (id or e-mail)",
    "text",
    "contact_id user_id person_id email contact_email user_email requester_email person user member_id",
)


def account_of(values: Values, book: Book) -> str:
    """Give the external id of the account that a row is about. Raises Refusal when it is not known."""
    if given := values.get("account"):
        return _by_id(given, book)
    if given := values.get("subscription"):
        return _by_subscription(given, book)
    if given := values.get("account_name"):
        return _by_name(given, book)
    return _by_person(values.get("person") or "", book)


def person_of(values: Values, book: Book) -> str | None:
    """Give the external id of the contact that a row names, when there is one."""
    given = values.get("person")
    if not given:
        return None
    return given if given in book.contacts else book.people.get(given.casefold())


def _by_id(given: str, book: Book) -> str:
    if given in book.accounts:
        return given
    named = book.names.get(given.casefold())
    if named is None:
        raise Refusal("account", "names no account known here: bring the accounts file too, or correct the id")
    return named


def _by_subscription(given: str, book: Book) -> str:
    account = book.account_of_subscription(given)
    if account is None:
        raise Refusal(
            "subscription", "names no subscription known here: bring the subscriptions file too, or correct the id"
        )
    return account


def _by_name(given: str, book: Book) -> str:
    account = book.names.get(given.casefold())
    if account is None:
        several = given.casefold() in book.names
        raise Refusal(
            "account_name",
            "is the name of several accounts: use the id" if several else "is the name of no account here",
        )
    return account


def _by_person(given: str, book: Book) -> str:
    contact = given if given in book.contacts else book.people.get(given.casefold())
    if contact is None:
        raise Refusal("person", "is nobody known here, so the row's account is unknown: bring the contacts file too")
    return book.contacts[contact]
