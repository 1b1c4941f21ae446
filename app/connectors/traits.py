"""What product analytics tells of accounts and people, under the names we keep it by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connectors.saying import Said

_OF_ACCOUNT = {
    "name": ("name", "company", "company_name"),
    "domain": ("domain", "website", "url"),
    "industry": ("industry",),
    "country": ("country",),
    "tier": ("tier", "plan"),
}
_OF_PERSON = {"name": ("name",), "email": ("email",), "phone": ("phone",), "title": ("title", "job_title", "jobTitle")}
_LONGEST = 400
_NEEDED = ("functional", "analytics")  # without these only the id of a person is kept


def account_of(external_id: str | None, traits: Mapping[str, Any] | None, told_at: datetime) -> dict[str, Any]:
    """Give an account as introducing.py takes it. What has no place of its own goes to `custom`."""
    said = dict(traits or {})
    if isinstance(said.get("address"), Mapping):
        said.setdefault("country", said["address"].get("country"))
    known = _known(said, _OF_ACCOUNT)
    if "domain" in known:
        known["domain"] = known["domain"].partition("://")[2].partition("/")[0].removeprefix("www.") or known["domain"]
    used = {name for names in _OF_ACCOUNT.values() for name in names}
    plain = {
        key: value for key, value in said.items() if key not in used and isinstance(value, (str, int, float, bool))
    }
    return {"external_id": external_id, "told_at": told_at, "custom": plain, **known}


def person_of(external_id: str, said: Said) -> dict[str, Any]:
    """Give a person as introducing.py takes them: of one who refused, only the id."""
    record = {"external_id": external_id, "told_at": said.at, "consents": said.consents}
    if has_refused(said.consents):
        return record | {"is_refused": True}
    traits = dict(said.person_traits or {})
    if not traits.get("name"):
        traits["name"] = " ".join(str(traits[key]) for key in ("firstName", "lastName") if traits.get(key)) or None
    return record | _known(traits, _OF_PERSON)


def has_refused(consents: Mapping[str, Any] | None) -> bool:
    """Say whether somebody refused what is needed to keep more than their id: a category named so, or all of them."""
    if not consents:
        return False
    refused = {str(name).lower() for name, agreed in consents.items() if agreed is False}
    return any(name in refused for name in _NEEDED) or not any(consents.values())


def _known(said: Mapping[str, Any], places: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    found = {}
    for place, names in places.items():
        value = next(
            (said[name] for name in names if isinstance(said.get(name), (str, int)) and said[name] != ""), None
        )
        if value is not None and not isinstance(value, bool):
            found[place] = str(value).replace("\0", "\ufffd")[:_LONGEST]
    return found
