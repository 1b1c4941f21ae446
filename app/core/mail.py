"""Mail, sent by SMTP; without a server the message goes to the log, so that a trial needs no account."""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from config import Config

TIMEOUT_S = 20
_log = structlog.get_logger()


def send(config: Config, to: str, subject: str, body: str, headers: Mapping[str, str] | None = None) -> None:
    """Send one plain-text message. Raises OSError or SMTPException when the server refuses."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = config.mail_from, to, subject
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    if not config.smtp_url:
        _log.warning("mail_not_sent", to=to, subject=subject, remedy="set SMTP_URL", body=body)
        return
    server = urlsplit(config.smtp_url)
    with _connected(server.scheme, server.hostname or "localhost", server.port) as connection:
        if server.username:
            _refuse_clear(connection)
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _connected(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    """Connect with TLS: from the first byte for smtps, else by STARTTLS where the server offers it."""
    tls = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S, context=tls)
    connection = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_S)
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=tls)
        connection.ehlo()
    return connection


def _refuse_clear(connection: smtplib.SMTP) -> None:
    if not isinstance(connection.sock, ssl.SSLSocket):
        raise smtplib.SMTPException("the mail server offers no TLS, and a password is not sent in the clear")
