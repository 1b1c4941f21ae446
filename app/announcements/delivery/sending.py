"""Carries a parcel to its subscriber and says what came of it. Touches no row."""

from collections.abc import Callable
from datetime import datetime
from smtplib import SMTPException
from time import monotonic

from app.announcements.channels import letters, slack, webhook
from app.announcements.delivery.judging import Outcome
from app.announcements.delivery.parcel import Parcel
from app.announcements.events import TEST
from app.core import mail, outbound
from app.core.outbound import NoAnswerError, TargetError
from config import Config

NO_MAIL_SERVER = "No mail server is set up for this installation (SMTP_URL)."


def send(parcel: Parcel, config: Config, now: datetime) -> Outcome:
    """Carry a parcel. Whatever the other side does is an outcome, never an error of ours."""
    started = monotonic()
    ways: dict[str, Callable[..., Outcome]] = {"webhook": _post_webhook, "slack": _post_slack, "mail": _send_letter}
    outcome = ways[parcel.kind](parcel, config, now)
    is_final = outcome.is_final or all(message.type == TEST for message in parcel.messages)
    took = round((monotonic() - started) * 1000)
    return Outcome(**(vars(outcome) | {"duration_ms": took, "is_final": is_final}))


def _post_webhook(parcel: Parcel, config: Config, now: datetime) -> Outcome:
    body, headers = webhook.request_of(parcel.messages[0], parcel.secrets, now)
    return _post(parcel.url, body, headers, config)


def _post_slack(parcel: Parcel, config: Config, _now: datetime) -> Outcome:
    return _post(parcel.url, slack.body_of(parcel.messages[0]), {"Content-Type": "application/json"}, config)


def _post(url: str, body: bytes, headers: dict[str, str], config: Config) -> Outcome:
    try:
        answer = outbound.post(url, body, headers, allow_private=config.allow_private_targets)
    except (TargetError, NoAnswerError) as error:
        return Outcome(False, 0, error=str(error))
    is_taken = 200 <= answer.status < 300
    flaw = "Redirects are not followed: give the address it leads to." if 300 <= answer.status < 400 else None
    return Outcome(is_taken, 0, answer.status, answer.body, flaw, answer.headers.get("retry-after", ""))


def _send_letter(parcel: Parcel, config: Config, _now: datetime) -> Outcome:
    if not config.smtp_url or parcel.email is None:
        return Outcome(False, 0, error=NO_MAIL_SERVER, is_final=True)
    letter = letters.letter_of(parcel, config.base_url, config.secret_key)
    try:
        mail.send(config, parcel.email, letter.subject, letter.body, letter.headers)
    except (OSError, SMTPException) as error:
        return Outcome(False, 0, error=f"{type(error).__name__}: {error}"[:500])
    return Outcome(True, 0)
