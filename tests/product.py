"""The product as its users meet it: web, worker and timekeeper in processes of their own, over a real port."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
import psutil
from sqlalchemy import Engine, create_engine, text

from app.cli import _children
from app.local.keeping import kept
from app.local.ports import any_free_port, is_answered
from app.local.processes import end, last_lines, launch, wait_until
from app.local.supervising import Child

ROOT = Path(__file__).parents[1]
PERENNIAL = Path(sys.executable).with_name("perennial")
PATIENCE_S = 60.0


@dataclass
class Product:
    """What runs for a test. `eyes` looks past row security; `children` are the processes that `perennial run` starts."""

    address: str
    environment: dict[str, str]
    folder: Path
    eyes: Engine
    children: dict[str, Child]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    browsers: list[httpx.Client] = field(default_factory=list)

    def start(self, name: str, like: str | None = None) -> subprocess.Popen[bytes]:
        """Start the child `name`, or another one of the kind `like`; one with a port is waited for."""
        child, log = self.children[like or name], self.folder / f"{name}.log"
        process = launch(list(child.argv), log=log, ends_with=SIGTERM, env=self._whole(), cwd=ROOT)
        self.running[name] = process
        if child.port and not wait_until(lambda: is_answered(child.port), within_s=PATIENCE_S):
            raise RuntimeError(f"{name} does not answer; the end of its log:\n{last_lines(log)}")
        return process

    def stop(self, name: str) -> None:
        """End a process in good order, and what it started."""
        process = self.running.pop(name)
        if process.poll() is None:
            leader = psutil.Process(process.pid)
            children = leader.children(recursive=True)
            end([leader], SIGTERM)
            end(children, SIGTERM)
        process.wait()

    def command(self, *arguments: str) -> str:
        """Run a `perennial` command over this product's database and give what it said."""
        argv = [str(PERENNIAL), *arguments]
        done = subprocess.run(argv, env=self._whole(), cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Read rows of all workspaces."""
        with self.eyes.connect() as connection:
            return list(connection.execute(text(query), values))

    def sign_in(self, email: str, password: str) -> "Person":
        """Sign in through the form; the person holds the session."""
        self.browsers.append(httpx.Client(base_url=self.address, follow_redirects=True, timeout=30))
        person = Person(self.browsers[-1])
        answer = person.post("/sign-in", email=email, password=password)
        assert answer.url.path == "/", answer.text
        return person

    def _whole(self) -> dict[str, str]:
        return {**os.environ, **self.environment}


@dataclass
class Person:
    """Somebody at a browser without JavaScript: reads pages and sends their forms."""

    browser: httpx.Client

    def read(self, path: str) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == 200, f"{path} answers {answer.status_code}: {answer.text}"
        return answer.text

    def post(self, path: str, *, on: str = "", files: Any = None, **fields: str) -> httpx.Response:
        """Send a form that stands on the page `on`, with the token of that page."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read(on or path))
        assert token is not None, f"there is no form on {on or path}"
        return self.browser.post(path, data={"csrf_token": token[1], **fields}, files=files)


@contextmanager
def product_on(database: str, admin: Engine, folder: Path) -> Iterator[Product]:
    """Give a product over an empty database, migrated, with a Valkey of its own; nothing runs yet, nothing stays."""
    with kept("valkey", folder / "valkey", temporary=True) as valkey:
        port = any_free_port()
        environment = {
            "DATABASE_URL": database,
            "REDIS_URL": valkey["url"],
            "SECRET_KEY": secrets.token_hex(16),
            "BASE_URL": f"http://127.0.0.1:{port}",
            "PERENNIAL_DATA": str(folder / "data"),
            "ALLOW_PRIVATE_TARGETS": "yes",  # the receivers of a test are on loopback
            "OMP_NUM_THREADS": "1",
        }
        eyes = create_engine(admin.url.set(database=database.rsplit("/", 1)[1]), isolation_level="AUTOCOMMIT")
        children = {child.name: child for child in _children(port, environment)}
        product = Product(environment["BASE_URL"], environment, folder, eyes, children)
        product.command("migrate")
        try:
            yield product
        finally:
            for name in list(product.running):
                product.stop(name)
            for browser in product.browsers:
                browser.close()
            eyes.dispose()
