"""A large book to measure on: one workspace of many accounts, ten smaller ones beside it, all simulated."""

import time
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select, text

from app.core import tenancy
from app.demo import making
from app.demo.company import simulate
from app.demo.seeding import seed
from app.extensions import db
from app.forecast.deriving import derive
from app.health import scoring
from app.identity.models import Membership, User, Workspace
from app.playbooks.defaults import ensure_defaults
from app.playbooks.matching import match

LARGE, SMALL, BESIDE = "Benchmark, large", "Benchmark, beside", 10
MONTHS = 3
PASSWORD = "a long benchmark phrase"


def large_book(accounts: int) -> Workspace:
    """Give the large workspace, making all eleven the first time."""
    found = db.session.execute(select(Workspace).where(Workspace.name == LARGE)).scalar_one_or_none()
    if found is not None:
        return found
    for n in range(BESIDE):
        _make(f"{SMALL} {n}", accounts // 200, seed_of=100 + n)
    return _make(LARGE, accounts, seed_of=1)


def book_of(accounts: int, months: int) -> Workspace:
    """Give a workspace alone with a history of some months, making it the first time."""
    name = f"Benchmark, {accounts} over {months} months"
    found = db.session.execute(select(Workspace).where(Workspace.name == name)).scalar_one_or_none()
    return found or _make(name, accounts, seed_of=1, months=months)


def person_of(workspace: Workspace, role: str) -> User:
    """Give somebody of a workspace with a role."""
    with tenancy.workspace(workspace.id):
        query = select(User).join(Membership, Membership.user_id == User.id).where(Membership.role == role)
        return db.session.scalars(query.order_by(User.id).limit(1)).one()


def last_day() -> date:
    """Give the last simulated day."""
    return datetime.now(UTC).date() - timedelta(days=1)


def _make(name: str, accounts: int, seed_of: int, months: int = MONTHS) -> Workspace:
    started = time.monotonic()
    workspace = making.make_workspace(
        dict.fromkeys(map(making.email_of, (*making.CSMS, *making.OTHERS.values())), PASSWORD)
    )
    workspace.name = name
    now = datetime.now(UTC)
    with tenancy.workspace(workspace.id):
        company = simulate(accounts, months, seed_of, last_day())
        seed(company, [making.email_of(csm) for csm in making.CSMS])
        db.session.commit()
        db.session.execute(text("ANALYZE"))
        scoring.score_past(workspace, [last_day() - timedelta(weeks=1)]) if accounts <= 10_000 else None
        derive(workspace, last_day())
        ensure_defaults(now)
        match(now, now.date())
        db.session.commit()
    print(f"  {name}: {accounts:,} accounts made in {time.monotonic() - started:.0f} s", flush=True)
    return workspace
