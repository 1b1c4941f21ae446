"""Mail, sent by SMTP; without a server the message goes to the log, so that a trial needs no account."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from config import Config

_log = structlog.get_logger()


def send(config: Config, to: str, subject: str, body: str) -> None:
    """Send one plain-text message. Raises OSError or SMTPException when the server refuses."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = config.mail_from, to, subject
    message.set_content(body)
    if not config.smtp_url:
        _log.warning("mail_not_sent", to=to, subject=subject, remedy="set SMTP_URL", body=body)
        return
    server = urlsplit(config.smtp_url)
    with smtplib.SMTP(server.hostname or "localhost", server.port or 25, timeout=20) as connection:
        if server.scheme == "smtps" or connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)
