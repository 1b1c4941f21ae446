"""Letters go out once, over TLS where there is a password, and are then forgotten."""

import socketserver
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import pytest
from sqlalchemy import select

from app.core import queue, tenancy
from app.core.queue import Job
from app.extensions import db
from app.local.ports import free_port
from jobs import worker

LETTER = {"to": "nora@example.com", "subject": "Grüße", "body": "Accept here:\nhttp://x/invitation?link=1_secret\n"}


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand over a letter; it takes passwords, and offers no TLS."""

    def handle(self) -> None:
        self.say("220 ready")
        for line in self.rfile:
            self.server.heard.append(line.decode().strip())
            word = line[:4].upper()
            if word == b"DATA":
                self.say("354 go on")
                self.server.letters.append(self.letter())
            self.say({b"QUIT": "221 bye", b"EHLO": "250-here\r\n250 AUTH PLAIN"}.get(word, "250 ok"))
            if word == b"QUIT":
                break

    def letter(self) -> str:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines).decode()

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mailbox() -> Iterator[socketserver.TCPServer]:
    with socketserver.TCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.heard, server.letters = [], []
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def send(committed, application, config, monkeypatch):
    """Defer the letter and run its job once; gives the job as it is then."""
    monkeypatch.setattr(worker, "_app", application)

    def run(smtp_url):
        monkeypatch.setitem(application.config, "PERENNIAL", replace(config, smtp_url=smtp_url))
        job_id = queue.defer("send_mail", **LETTER)
        db.session.commit()
        workspace_id = tenancy.workspace_id()
        with application.app_context():
            worker.run(workspace_id, job_id)
        tenancy.enter_workspace(workspace_id)
        return db.session.execute(select(Job).where(Job.id == job_id)).scalar_one()

    return run


def test_a_letter_is_handed_over_and_its_text_forgotten(send, mailbox):
    job = send(f"smtp://127.0.0.1:{mailbox.server_address[1]}")
    assert job.state == "done"
    (letter,) = mailbox.letters
    assert "To: nora@example.com" in letter
    assert "link=1_secret" in letter
    assert "RCPT TO:<nora@example.com>" in [
        line.upper().replace("NORA@EXAMPLE.COM", "nora@example.com") for line in mailbox.heard
    ]
    assert job.args == {"to": LETTER["to"], "subject": LETTER["subject"]}


def test_without_a_mail_server_the_letter_goes_to_the_log(send):
    assert send("").state == "done"


def test_a_letter_that_cannot_be_sent_waits_for_the_next_try(send):
    job = send(f"smtp://127.0.0.1:{free_port(42_000)}")
    assert (job.state, job.attempts) == ("ready", 1)
    assert "ConnectionRefusedError" in job.error
    assert job.args == LETTER


def test_no_password_is_sent_to_a_server_that_offers_no_tls(send, mailbox):
    job = send(f"smtp://me:password@127.0.0.1:{mailbox.server_address[1]}")
    assert job.state == "ready"
    assert not [line for line in mailbox.heard if line.upper().startswith("AUTH")]
    assert mailbox.letters == []
