"""The people and accounts that tests speak of by name."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.accounts.models import Account, AccountSummary, Contact, Subscription
from app.core import tenancy
from app.extensions import db
from app.identity.models import Membership, User, Workspace

TODAY = date(2026, 11, 20)
"""The day on which the accounts below are as they are described; a Friday."""
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    """The people of a workspace, a role each, and an outsider who belongs to another and must see nothing of it."""

    workspace: Workspace
    owner: User
    colleague: User
    leader: User
    executive: User
    admin: User
    billing_engineer: User
    elsewhere: Workspace
    outsider: User


@dataclass(frozen=True)
class Accounts:
    """Five customers of Cast.owner: what each name says is how it is with them on TODAY."""

    thriving: Account
    slipping: Account
    silent: Account
    new: Account
    churned: Account


def assemble(workspace: Workspace) -> Cast:
    """Write the people down in `workspace`, and the outsider in a workspace of their own."""
    elsewhere = Workspace(name="Elsewhere Ltd")
    people = {
        "owner": _person("Olivia Owens"),
        "colleague": _person("Connor Cole"),
        "leader": _person("Lena Lindqvist"),
        "executive": _person("Emre Erdem"),
        "admin": _person("Ada Adeyemi"),
        "billing_engineer": _person("Bilal Bashir"),
        "outsider": _person("Oscar Outis"),
    }
    db.session.add_all([elsewhere, *people.values()])
    db.session.flush()
    _join(workspace, {name: person for name, person in people.items() if name != "outsider"})
    with tenancy.workspace(elsewhere.id):
        _join(elsewhere, {"admin": people["outsider"]})
    return Cast(workspace=workspace, elsewhere=elsewhere, **people)


def book_of(cast: Cast) -> Accounts:
    """Write the five accounts down, with contacts, subscriptions and the row that a portfolio reads."""
    accounts = Accounts(
        thriving=_account(cast, "Thornfield Logistics", started=TODAY - timedelta(days=820), arr=48_000_00, seats=60),
        slipping=_account(cast, "Slate & Sons", started=TODAY - timedelta(days=640), arr=24_000_00, seats=25),
        silent=_account(cast, "Silva Imports", started=TODAY - timedelta(days=400), arr=9_600_00, seats=8),
        new=_account(cast, "Newbridge Health", started=TODAY - timedelta(days=12), arr=36_000_00, seats=40),
        churned=_account(cast, "Chandler Media", started=TODAY - timedelta(days=500), arr=0, seats=None),
    )
    for name, band, score, risk in (
        ("thriving", "thriving", 86.0, 0.03),
        ("slipping", "watch", 47.0, 0.31),
        ("silent", "at risk", 22.0, 0.58),
        ("new", "unknown", None, None),
    ):
        summary = db.session.get_one(AccountSummary, (cast.workspace.id, getattr(accounts, name).id))
        summary.band, summary.score, summary.risk = band, score, risk
    db.session.flush()
    return accounts


def _person(name: str) -> User:
    first = name.split(maxsplit=1)[0].lower()
    return User(name=name, email=f"{first}@example.com")


def _join(workspace: Workspace, people: dict[str, User]) -> None:
    roles = {"owner": "csm", "colleague": "csm", "billing_engineer": "billing engineer"}
    db.session.add_all(
        Membership(workspace_id=workspace.id, user_id=person.id, role=roles.get(name, name))
        for name, person in people.items()
    )
    db.session.flush()


def _account(cast: Cast, name: str, *, started: date, arr: int, seats: int | None) -> Account:
    slug = name.split(maxsplit=1)[0].lower()
    gone = arr == 0
    account = Account(
        external_id=slug,
        name=name,
        domain=f"{slug}.example",
        tier="standard",
        stage="former" if gone else "onboarding" if started > TODAY - timedelta(days=90) else "established",
        owner_id=cast.owner.id,
        signed_up_on=started - timedelta(days=14),
    )
    db.session.add(account)
    db.session.flush()
    db.session.add_all([_contract(account, started, arr, seats), _champion(account, slug, started)])
    db.session.add(_summary(account, arr, seats, None if gone else _next_renewal(started)))
    db.session.flush()
    return account


def _contract(account: Account, started: date, arr: int, seats: int | None) -> Subscription:
    gone = arr == 0
    return Subscription(
        account_id=account.id,
        external_id=f"{account.external_id}-1",
        plan="growth",
        seats=seats or 10,
        arr_minor=arr or 12_000_00,
        started_on=started,
        ended_on=TODAY - timedelta(days=60) if gone else None,
        end_known_at=NOW - timedelta(days=90) if gone else None,
        term_months=12,
        auto_renew=not gone,
    )


def _champion(account: Account, slug: str, started: date) -> Contact:
    return Contact(
        account_id=account.id,
        external_id=f"{slug}-champion",
        name=f"{slug.title()} Champion",
        email=f"champion@{slug}.example",
        role="champion",
        joined_on=started,
    )


def _summary(account: Account, arr: int, seats: int | None, renews_on: date | None) -> AccountSummary:
    return AccountSummary(
        account_id=account.id,
        name=account.name,
        owner_id=account.owner_id,
        stage=account.stage,
        tier=account.tier,
        plan=None if arr == 0 else "growth",
        seats=seats,
        arr_minor=arr,
        renews_on=renews_on,
    )


def _next_renewal(started: date) -> date:
    """Give the first yearly anniversary of a contract after TODAY."""
    years = TODAY.year - started.year
    return next(day for year in (0, 1) if (day := started.replace(year=started.year + years + year)) > TODAY)
