"""What machines ask of the application."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text

from app.core import clock, tenancy, timetable
from app.core.queue import Job
from app.extensions import db, doorbell
from app.local.ports import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def alive(app):
    for kind in ("worker", "timekeeper"):
        timetable.beat(f"{kind}-1", kind, clock.utc_now())


@pytest.fixture
def no_valkey(app, monkeypatch):
    monkeypatch.setattr(doorbell, "_redis", Redis(port=free_port(40_000), socket_connect_timeout=1))


def test_the_process_is_alive_whatever_else_is_not(client, no_valkey):
    assert client.get("/livez").json == {"status": "alive"}


@pytest.mark.parametrize("address", ["/readyz", "/healthz"])
def test_ready_means_database_shape_valkey_worker_and_timekeeper(client, alive, address):
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.json["checks"] == dict.fromkeys(
        ("database", "isolation", "migrations", "valkey", "worker", "timekeeper"), "ok"
    )


def test_a_worker_never_seen_or_long_silent_is_named(client, alive):
    db.session.execute(text("DELETE FROM heartbeat WHERE kind = 'timekeeper'"))
    timetable.beat("worker-1", "worker", clock.utc_now() - timedelta(seconds=90))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["timekeeper"] == "has never been seen"
    assert answer.json["checks"]["worker"].startswith("silent for ")


def test_one_living_worker_of_two_is_enough(client, alive):
    timetable.beat("worker-2", "worker", clock.utc_now() - timedelta(minutes=5))
    assert client.get("/readyz").status_code == 200


def test_a_silent_valkey_is_named_and_its_password_is_not(client, alive, no_valkey):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["checks"]["valkey"]) == (503, "does not answer")


def test_a_database_of_another_shape_is_not_ready(client, alive):
    db.session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["checks"]["database"]) == (503, "ok")
    assert "migrate" in answer.json["checks"]["migrations"]


def test_the_numbers_count_jobs_of_all_workspaces_by_state(client, alive, cast):
    for workspace in (cast.workspace, cast.elsewhere):
        with tenancy.workspace(workspace.id):
            db.session.add(Job(name="score", args={}, run_at=clock.utc_now() - timedelta(minutes=10)))
            db.session.add(Job(name="score", args={}, state="dead"))
            db.session.flush()
    lines = client.get("/metrics").text.splitlines()
    numbers = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert numbers['perennial_jobs{state="ready"}'] == "2.0"
    assert numbers['perennial_jobs{state="dead"}'] == "2.0"
    assert float(numbers["perennial_oldest_ready_job_seconds"]) > 590
    assert float(numbers['perennial_heartbeat_age_seconds{kind="worker"}']) < 60
    assert numbers["perennial_valkey_up"] == "1.0"
    assert numbers["perennial_doorbell_waiting"] == "0.0"
    assert "Meridian" not in repr(numbers)


def test_the_numbers_come_without_valkey_too(client, no_valkey):
    text_ = client.get("/metrics").text
    assert "perennial_valkey_up 0.0" in text_
    assert "perennial_doorbell_waiting" not in text_


def test_answers_are_timed_by_endpoint(client, app):
    client.get("/sign-in")
    assert (
        'perennial_request_seconds_count{endpoint="identity.sign_in",method="GET",status="200"}'
        in client.get("/metrics").text
    )


def test_web_processes_that_share_a_folder_are_counted_together(tmp_path):
    """Prometheus reads the folder when its library is loaded: so each process here is one."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        counting = "from app.core.http.answers import _SECONDS; _SECONDS.labels('usage', 'POST', 200).observe(0.001)"
        subprocess.run([sys.executable, "-c", counting], env=environment, cwd=ROOT, check=True)
    reading = (
        "from prometheus_client import generate_latest; from app.core.operations import _of_all_processes;"
        "print(generate_latest(_of_all_processes()).decode())"
    )
    read = subprocess.run([sys.executable, "-c", reading], env=environment, cwd=ROOT, check=True, capture_output=True)
    counted = b'perennial_request_seconds_count{endpoint="usage",method="POST",status="200"} 2.0'
    assert counted in read.stdout


@pytest.mark.parametrize(
    "caller",
    [
        {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}},
        {"headers": {"X-Forwarded-For": "192.0.2.7"}},
        {"headers": {"Forwarded": "for=192.0.2.7"}},
        {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}, "headers": {"Authorization": "Bearer "}},
    ],
)
def test_strangers_see_no_numbers(client, caller):
    assert client.get("/metrics", **caller).status_code == 401


def test_a_token_opens_the_numbers_from_anywhere(client, app, monkeypatch, config):
    monkeypatch.setitem(app.config, "PERENNIAL", replace(config, metrics_token="scrape"))
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", environ_overrides=far, headers={"Authorization": "Bearer scrape"}).status_code == 200
    assert client.get("/metrics", environ_overrides=far, headers={"Authorization": "Bearer guess"}).status_code == 401


def test_a_role_that_sees_all_workspaces_is_not_ready(client, alive, admin, app):
    name = db.session.execute(text("SELECT current_user")).scalar()
    with admin.connect() as connection:
        connection.execute(text(f"ALTER ROLE {name} BYPASSRLS"))
        try:
            answer = client.get("/readyz")
        finally:
            connection.execute(text(f"ALTER ROLE {name} NOBYPASSRLS"))
    assert answer.status_code == 503
    assert "workspaces would not be kept apart" in answer.json["checks"]["isolation"]
