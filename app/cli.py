"""The `perennial` command: run the product, migrate, import, found a workspace."""

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask
from sqlalchemy import create_engine, select

from app.core import tenancy
from app.core.clock import utc_now
from app.identity.models import Workspace
from app.local.ports import free_port
from app.local.servers import Urls, servers
from app.local.supervising import Child, run, sole
from config import Config, sqlalchemy_url

if TYPE_CHECKING:
    from app.health.knowing.verifying import Verified

ROOT = Path(__file__).parents[1]
WEBS, WORKERS = 2, 2


@click.group()
def main() -> None:
    """Perennial, a customer success platform whose every number opens its receipt."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("LOG_FORMAT", "json")


@main.command("run")
@click.option("--port", default=8000, show_default=True, help="The port on this machine's loopback.")
@click.option("--accounts", default=600, show_default=True, help="Size of the demo book, when it is made.")
def run_(port: int, accounts: int) -> None:
    """Start everything and stay until Ctrl-C."""
    folder = data_folder()
    try:
        with sole(folder), servers(folder) as urls:
            chosen = free_port(port)
            counted = {"PROMETHEUS_MULTIPROC_DIR": str(_emptied(folder / "metrics"))}
            environment = _environment(folder, urls, chosen) | counted
            os.environ.update(environment)
            _prepare(folder, accounts)
            sys.exit(run(_children(chosen, environment), folder=folder, when_up=lambda: _greet(folder, chosen)))
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error


@main.command()
def migrate() -> None:
    """Bring the database that DATABASE_URL names to the newest shape."""
    with _servers() as urls:
        _migrate(urls.database)
    click.echo("The database has the newest shape.")


@main.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--workspace", "name", help="Which workspace; needed only when there are several that are not the demo.")
@click.option("--new", "new", help="Make a workspace of this name first, with yourself as its admin (asks for e-mail).")
@click.option("--currency", default="USD", show_default=True, help="Currency of a workspace made by --new.")
@click.option("--time-zone", default="UTC", show_default=True, help="Time zone of a workspace made by --new.")
@click.option("--email", help="Your e-mail address, for --new.")
@click.option("--day-first/--month-first", "day_first", default=None, help="How to read dates that could be either.")
def import_(
    folder: Path,
    name: str | None,
    new: str | None,
    currency: str,
    time_zone: str,
    email: str | None,
    day_first: bool | None,
) -> None:
    """Bring in all CSV files of FOLDER: accounts, contacts, subscriptions, invoices, usage, tickets, churn events."""
    with _application():
        workspace_id = _found(new, time_zone, currency, email) if new else _workspace(name)
        _import(workspace_id, folder, day_first)


@main.command()
@click.argument("name")
@click.option("--email", prompt=True)
@click.option("--person", prompt="Your name")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.option("--time-zone", default="UTC", show_default=True)
@click.option("--currency", default="USD", show_default=True)
def found(name: str, email: str, person: str, password: str, time_zone: str, currency: str) -> None:
    """Make a workspace called NAME with its first admin."""
    with _application():
        made = _make_workspace(name, time_zone, currency, (email, person, "admin", password))
        click.echo(f"{made.name} is there: sign in as {email}.")


@main.command()
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="A day that was scored; without it, the last that is over."
)
@click.option(
    "--accounts", default=500, type=click.IntRange(min=1), show_default=True, help="How many of its scores, at random."
)
def verify(day: datetime | None, accounts: int) -> None:
    """Compute stored scores again from storage: each must be the same to the last digit."""
    from app.extensions import db
    from app.health.knowing import verifying
    from app.identity.guard import day_of

    with _servers(), _quiet_app().app_context():
        astray = 0
        for workspace in db.session.scalars(select(Workspace).order_by(Workspace.id)).all():
            with tenancy.workspace(workspace.id):
                chosen = day.date() if day else verifying.last_closed(day_of(workspace, utc_now()))
                found = verifying.verify(workspace, chosen, accounts) if chosen else None
                click.echo(f"{workspace.name}: {_verdict(found)}")
                db.session.rollback()
            astray += len(found.astray) if found else 0
    sys.exit(1 if astray else 0)


@main.command()
@click.argument("names", nargs=-1)
def bench(names: tuple[str, ...]) -> None:
    """Measure the targets on this machine and write docs/benchmarks.md. NAMES: only these benchmarks."""
    import runpy

    sys.argv = ["benchmarks", *names]
    sys.path.insert(0, str(ROOT))
    runpy.run_path(str(ROOT / "benchmarks" / "run.py"), run_name="__main__")


def data_folder() -> Path:
    """Give where the embedded servers keep their data."""
    return Path(os.environ.get("PERENNIAL_DATA", ROOT / ".perennial")).absolute()


def _environment(folder: Path, urls: Urls, port: int) -> dict[str, str]:
    return {
        "DATABASE_URL": urls.database,
        "REDIS_URL": urls.redis,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _kept(folder, "session-key", lambda: secrets.token_urlsafe(48)),
        "BASE_URL": os.environ.get("BASE_URL", f"http://127.0.0.1:{port}"),
    }


def _children(port: int, environment: dict[str, str]) -> list[Child]:
    """Give the processes: some for the web, some that work, one that keeps time."""
    python = sys.executable
    workers = [Child(f"worker-{n}", [python, "-m", "jobs.worker"], environment) for n in range(1, WORKERS + 1)]
    return [
        Child("web", web_command(port), environment, port=port),
        *workers,
        Child("timekeeper", [python, "-m", "jobs.timekeeper"], environment),
    ]


def _emptied(folder: Path) -> Path:
    """Make a folder new: what the web processes of an earlier run counted together is over."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def web_command(port: int) -> list[str]:
    """Give what starts the web processes; their threads mostly wait, for commits or for their turn."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WEBS), "--blocking-threads", "128", "--no-ws", "--log-level", "warning",
        "--workers-kill-timeout", "5s", "wsgi:app",
    ]  # fmt: skip


def _prepare(folder: Path, accounts: int) -> None:
    with _step("Bringing the database to the newest shape"):
        _migrate(os.environ["DATABASE_URL"])
    app = _quiet_app()
    with app.app_context():
        from app.extensions import db

        tenancy.refuse_roles_that_see_all(db.session.connection())
        if db.session.execute(select(Workspace.id).limit(1)).scalar() is None:
            _make_demo(folder, accounts)
        db.session.remove()


def _make_demo(folder: Path, accounts: int) -> None:
    from app.demo import making
    from app.extensions import db

    names = (*making.CSMS, *making.OTHERS.values())
    passwords = {making.email_of(name): "-".join(secrets.token_hex(2) for _ in range(4)) for name in names}
    workspace = making.make_workspace(passwords)
    with tenancy.workspace(workspace.id):
        for name, act in making.steps(workspace, accounts, datetime.now(UTC)):
            with _step(name):
                act()
                db.session.flush()
        _kept(folder, "demo-sign-ins", lambda: json.dumps(passwords))
        db.session.commit()


def _greet(folder: Path, port: int) -> None:
    click.echo(f"\nPerennial is open at http://127.0.0.1:{port}\n")
    kept = folder / "secrets" / "demo-sign-ins"
    if kept.exists():
        from app.demo import making

        passwords = json.loads(kept.read_text())
        for role, name in making.SHOWN:
            email = making.email_of(name)
            click.echo(f"  {role:<17} {email:<26} {passwords[email]}")
    click.echo("\nCtrl-C stops all of it and keeps the data.")


def _kept(folder: Path, name: str, make: Callable[[], str]) -> str:
    """Give a secret of this installation, made the first time, readable by its owner only."""
    path = folder / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()


@contextmanager
def _step(name: str) -> Iterator[None]:
    click.echo(f"{name} … ", nl=False)
    started = time.monotonic()
    yield
    click.echo(f"{time.monotonic() - started:.1f} s")


def _verdict(found: "Verified | None") -> str:
    if found is None or not found.scores:
        return "nothing was scored on that day."
    same = (
        f"{found.scores - len(found.astray):,} of {found.scores:,} scores of {found.day} are the same to the last digit"
    )
    wrong = (
        f"; not so, unless facts were deleted since: {', '.join(map(str, found.astray[:20]))}" if found.astray else ""
    )
    later = f" {len(found.corrected):,} would be another with all that is known now." if found.corrected else ""
    return f"{same}{wrong}.{later}"


def _migrate(url: str) -> None:
    import app.models  # noqa: F401
    from app.core import migrating

    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        tenancy.refuse_roles_that_see_all(connection)
        migrating.migrate(connection)
        connection.commit()
    engine.dispose()


@contextmanager
def _servers() -> Iterator[Urls]:
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with servers(folder) as urls:
        os.environ.update(_environment(folder, urls, 8000))
        yield urls


@contextmanager
def _application() -> Iterator[None]:
    with _servers() as urls:
        _migrate(urls.database)
        with _quiet_app().app_context():
            yield


def _quiet_app() -> Flask:
    import logging

    from app import create_app

    app = create_app(Config.from_env())
    logging.getLogger().setLevel(logging.ERROR)
    return app


def _workspace(name: str | None) -> int:
    from app.extensions import db

    found = [w for w in db.session.scalars(select(Workspace)) if (w.name == name if name else not w.is_demo)]
    if len(found) != 1:
        what = (
            f"There is no workspace {name!r}."
            if name
            else "Say which workspace: --workspace NAME, or make one with --new NAME."
        )
        raise click.ClickException(what)
    return found[0].id


def _found(name: str, time_zone: str, currency: str, email: str | None) -> int:
    email = email or click.prompt("Your e-mail address")
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    made = _make_workspace(name, time_zone, currency, (email, email.split("@")[0].title(), "admin", password))
    click.echo(f"Workspace {name!r} made. Sign in as {email} with the password {password}")
    return made.id


def _make_workspace(name: str, time_zone: str, currency: str, founder: tuple[str, str, str, str]) -> Workspace:
    from app.extensions import db
    from app.identity.founding import found as found_workspace
    from app.identity.refusals import Refusal
    from app.playbooks.defaults import ensure_defaults

    try:
        made = found_workspace(name, time_zone, currency, [founder])
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    with tenancy.workspace(made.id):
        ensure_defaults(utc_now())
        db.session.commit()
    return made


def _import(workspace_id: int, folder: Path, day_first: bool | None) -> None:
    from app.connectors.csv import importing
    from app.extensions import db
    from app.forecast.deriving import derive
    from app.health import dating
    from app.health.model import learning
    from app.playbooks.matching import match

    with tenancy.workspace(workspace_id):
        with _step(f"Reading {folder.name}"):
            made = importing.get_import(importing.import_folder(folder, utc_now(), day_first=day_first))
            db.session.commit()
        for file in importing.files_of(made):
            click.echo(
                f"  {file.name}: {file.kind or 'not recognised'}: {file.added:,} added, {file.updated:,} updated,"
                f" {file.unchanged:,} unchanged, {file.rejected:,} rejected"
            )
        workspace = db.session.get_one(Workspace, workspace_id)
        as_of = dating.settle(workspace, utc_now())
        with _step("Training the churn model"):
            version = learning.train(workspace, as_of)
        with _step(f"Scoring the book as of {as_of}"):
            derive(workspace, as_of)
            match(utc_now(), as_of)
        db.session.commit()
        click.echo(" ".join(version.verdict))
        click.echo("What contradicts itself in these files stands on the import's page, under Data.")
