"""The letters that identity sends. Each is a job, so that a slow mail server keeps nobody waiting."""

from app.core import queue


def send_invitation(to: str, workspace: str, by: str, link: str) -> None:
    """Write down the letter that offers a place in a workspace."""
    queue.defer(
        "send_mail",
        to=to,
        subject=f"{by} invites you to {workspace} on Perennial",
        body=f"Hello,\n\n{by} would like you to join {workspace} on Perennial.\n\nAccept here within seven days:\n"
        f"{link}\n\nIf you did not expect this, there is nothing you need to do.\n",
    )


def send_reset(to: str, name: str, link: str) -> None:
    """Write down the letter with the way to a new password."""
    queue.defer(
        "send_mail",
        to=to,
        subject="A new password for Perennial",
        body=f"Hello {name},\n\nchoose a new password here within one hour:\n{link}\n\n"
        "If you did not ask for this, there is nothing you need to do: your password is unchanged.\n",
    )


def send_password_changed(to: str, name: str) -> None:
    """Write down the letter that tells a person their password is new, in case it was not they who changed it."""
    queue.defer(
        "send_mail",
        to=to,
        subject="Your Perennial password was changed",
        body=f"Hello {name},\n\nyour password was just changed, and every other session was signed out.\n\n"
        "If it was not you, ask for a new password on the sign-in page at once, and tell your administrator.\n",
    )
