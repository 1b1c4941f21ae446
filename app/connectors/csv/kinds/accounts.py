"""Accounts: the customers themselves."""

from typing import Any

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.kind import Field, Kind, Values

_KEPT = ("name", "domain", "industry", "country", "tier", "owner_email", "parent", "signed_up_on")


def shape(values: Values, _book: Book) -> dict[str, Any]:
    """Columns without a field of their own are kept with the account, under their own names."""
    record = {code: values[code] for code in _KEPT if code in values}
    return record | {"external_id": values["external_id"], "custom": values.get("custom", {})}


KIND = Kind(
    code="accounts",
    title="Accounts",
    explains="One row a customer. Everything else refers to the account's id.",
    words=("account", "customer", "compan", "organi", "client", "tenant"),
    needs=(("external_id",),),
    shape=shape,
    fields=(
        Field(
            "external_id",
            "Account id",
            "text",
            "account_id customer_id company_id organization_id org_id client_id tenant_id account_number id "
            "external_id uuid",
        ),
        Field(
            "name",
            "Name",
            "text",
            "account_name company_name customer_name organization_name name company account customer organization "
            "client_name",
        ),
        Field("domain", "Web domain", "text", "domain website web_site url company_domain"),
        Field("industry", "Industry", "text", "industry sector vertical"),
        Field("country", "Country", "text", "country country_code billing_country"),
        Field("tier", "Tier", "text", "tier plan_tier segment account_tier customer_tier size company_size"),
        Field(
            "signed_up_on",
            "Signed up on",
            "day",
            "signup_date signed_up_on signed_up_at created_at created_on created customer_since start_date "
            "join_date onboarded_at date_created",
        ),
        Field(
            "owner_email",
            "Owner (e-mail)",
            "email",
            "owner_email csm_email owner csm account_owner account_manager customer_success_manager success_manager",
        ),
        Field(
            "parent",
            "Parent account id",
            "text",
            "parent_id parent_account_id parent parent_account ultimate_parent_id",
        ),
        Field(
            "churned",
            "Said to have churned",
            "ended",
            "churn_flag churned is_churned status account_status churn customer_status",
        ),
        Field("custom", "Keep with the account", "text", many=True, longest=20_000),
    ),
)
