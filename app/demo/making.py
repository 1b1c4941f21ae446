"""Makes the demo workspace: a simulated company, brought in, scored, learned from and forecast, step by step."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta

from app.demo.company import Company, simulate
from app.demo.seeding import seed
from app.forecast.deriving import derive
from app.health import scoring
from app.health.model import learning
from app.health.moves.learning import train_moves
from app.identity.founding import found
from app.identity.models import Workspace
from app.playbooks.defaults import ensure_defaults
from app.playbooks.matching import match

NAME, MONTHS, SEED, WEEKS_SCORED = "Evergreen (demo)", 24, 7, 26
CSMS = ("Mara Lindqvist", "Jonas Weber", "Aisha Rahman", "Pedro Sousa", "Chloe Martin")
OTHERS = {"leader": "Tom Okafor", "executive": "Ruth Almeida", "billing engineer": "Sam Ito", "admin": "Ines Albrecht"}
SHOWN = (("csm", CSMS[0]), *OTHERS.items())

Step = tuple[str, Callable[[], object]]


def people(passwords: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Give the demo's people as founders: (e-mail, name, role, password by e-mail)."""
    cast = [("csm", name) for name in CSMS] + list(OTHERS.items())
    return [(email_of(name), name, role, passwords[email_of(name)]) for role, name in cast]


def email_of(name: str) -> str:
    """Give a demo person's address."""
    return f"{name.split(maxsplit=1)[0].lower()}@evergreen.example"


def steps(workspace: Workspace, accounts: int, now: datetime) -> Iterator[Step]:
    """Give what is to be done, in order, each with its name; the caller commits after each."""
    ends_on = now.date() - timedelta(days=1)
    made: list[Company] = []
    owners = [email_of(name) for name in CSMS]
    yield (
        f"Simulating {accounts:,} accounts over {MONTHS} months",
        lambda: made.append(simulate(accounts, MONTHS, SEED, ends_on)),
    )
    yield "Bringing them in", lambda: seed(made[0], owners)
    yield from _reading(workspace, ends_on, now)


def _reading(workspace: Workspace, as_of: date, now: datetime) -> Iterator[Step]:
    weeks = [*(as_of - timedelta(weeks=back) for back in range(WEEKS_SCORED, 0, -1)), as_of - timedelta(days=1)]
    yield f"Scoring the past {WEEKS_SCORED} weeks", lambda: scoring.score_past(workspace, weeks)
    yield "Training the churn model, judged on months it has not seen", lambda: learning.train(workspace, as_of)
    yield "Training the models of contraction and expansion", lambda: train_moves(workspace, as_of)
    yield "Scoring the book, forecasting its renewals", lambda: derive(workspace, as_of)
    yield "Setting up playbooks", lambda: _set_up_playbooks(now)


def _set_up_playbooks(now: datetime) -> None:
    ensure_defaults(now)
    match(now, now.date())


def make_workspace(passwords: Mapping[str, str]) -> Workspace:
    """Found the demo's workspace with its people."""
    return found(NAME, "UTC", "USD", people(passwords), is_demo=True)
