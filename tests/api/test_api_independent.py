"""The API as judged by tools that nobody here wrote: openapi-spec-validator, and schemathesis over a real port."""

import re
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from openapi_spec_validator import validate
from werkzeug.serving import make_server

from app.extensions import db, limiter
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from tests.api.seeding import seed_book
from tests.cast import assemble

CONFIG = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


@pytest.fixture
def address(application, monkeypatch):
    """The application at a port of this machine, without a limit that a tester would run into."""
    monkeypatch.setattr(limiter, "enabled", False)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_document_is_openapi_3_1(client):
    document = client.get("/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_schemathesis_finds_no_fault_no_undocumented_answer_and_nothing_accepted_that_should_not_be(
    committed, address, tmp_path
):
    cast = assemble(committed)
    seed_book(cast)
    _, key = make_key("schemathesis", list(SCOPES), cast.admin.id)
    db.session.commit()
    argv = [str(SCHEMATHESIS), f"--config-file={CONFIG}", "run", f"{address}/api/openapi.json"]
    argv += ["--header", f"Authorization: Bearer {key}", "--checks=all", "--max-examples=6", "--seed=1"]
    run = subprocess.run(
        [*argv, "--no-shrink", "--continue-on-failure"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert run.returncode == 0, run.stdout[-30_000:] + run.stderr[-2_000:]
    tested, selected = map(int, re.search(r"Selected: (\d+)/(\d+)", run.stdout).groups())
    assert tested == selected
