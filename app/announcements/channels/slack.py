"""A message for a Slack incoming webhook: blocks, and a text for where blocks are not shown."""

import json
from typing import Any

from app.announcements.delivery.parcel import Message
from app.announcements.events import Data, headline


def body_of(message: Message) -> bytes:
    """Give the JSON that Slack takes."""
    line, why, link = headline(message.type, message.data), str(message.data["why"]), link_of(message.data)
    title = f"*<{link}|{_escaped(line, is_label=True)}>*" if link else f"*{_escaped(line)}*"
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": title}}]
    if why != line:
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(why)}]})
    return json.dumps({"text": _escaped(line), "blocks": blocks}).encode()


def link_of(data: Data) -> str:
    """Give the page of what an event is about, if it has one."""
    about = data.get("account") or data.get("quarter") or {}
    return str(about.get("url", ""))


def _escaped(text: str, *, is_label: bool = False) -> str:
    """Write a text so that nothing in it is a mention, a link or the end of one."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("|", "¦").replace("\n", " ") if is_label else safe
