"""Three playbooks that every new workspace begins with."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.playbooks.editing import Draft, make
from app.playbooks.models import Playbook


def _step(after_days: int, role: str, title: str, advice: str) -> dict[str, Any]:
    return {"after_days": after_days, "role": role, "title": title, "advice": advice}


SAVE = Draft(
    name="Save a slipping account",
    aim="Find out early what has gone wrong, and put one thing right, before it turns into a decision to leave.",
    trigger={"kind": "band_change", "band": "watch"},
    steps=[
        _step(
            0,
            "owner",
            "Read why the score fell, and settle on one cause to test",
            "Open the reasons and the timeline. Look for what changed about four weeks ago: a person who left, a"
            " release, a ticket that went badly. Write the likeliest cause down in one sentence before you call.",
        ),
        _step(
            1,
            "owner",
            "Call the person who uses it most, not the one who signs",
            "Ask what they last tried to do and where they stopped. Do not bring the score up. If nobody answers twice,"
            " write to a second person: silence from two is itself the finding.",
        ),
        _step(
            5,
            "owner",
            "Agree on one change, with a date and a name on each side",
            "One working session, one setting, one fix, one training. Send it in writing the same day. Three actions"
            " agreed on are none done.",
        ),
        _step(
            15,
            "owner",
            "Look whether usage has moved, and tell them what you see",
            "Compare the last two weeks with the two before the fall. Moved: say thank you and show the figure."
            " Not moved: the cause was another one, so bring a colleague in today.",
        ),
    ],
)
HIGH_RISK = Draft(
    name="High risk before renewal",
    aim="Reach whoever decides while there is still time to change the outcome, with an honest picture of the value.",
    trigger={"kind": "risk_threshold", "risk": 0.3, "within_days": 120},
    steps=[
        _step(
            0,
            "owner",
            "Find out who decides on this renewal, and when they last heard from us",
            "Name the person who signs, the one who can say no, and the budget date. If our contact has left or has not"
            " answered for 60 days, that comes before everything else.",
        ),
        _step(
            2,
            "leader",
            "Write to the sponsor, one leader to another",
            "Four sentences: what they bought it for, what we see, what worries us, two times for a talk. No slides."
            " Leave the discount out: it answers a question nobody has asked.",
        ),
        _step(
            7,
            "owner",
            "Hold a value review on their own figures",
            "Bring what they set out to reach, what was reached and what was not. Let them grade it. End with the one"
            " thing that must be true for them to renew.",
        ),
        _step(
            15,
            "owner",
            "Decide: save plan, smaller plan or an orderly goodbye",
            "Put your call on the renewal with the reason. A smaller contract that fits keeps more than a big one that"
            " is resented. Tell finance now, not in the last week.",
        ),
    ],
)
RENEWAL = Draft(
    name="Prepare the renewal",
    aim="No renewal is a surprise: terms, people and open points are settled a month before the date.",
    trigger={"kind": "renewal_window", "days": 90, "band": "any"},
    steps=[
        _step(
            0,
            "owner",
            "Check contract, seats used and open invoices",
            "Note the notice period, the price clause and auto-renewal. Compare seats paid with seats used: propose the"
            " right number before they do.",
        ),
        _step(
            5,
            "owner",
            "Ask the sponsor what would make renewing an easy yes",
            "Ask it in these words. Write down what is said and who else was named. Open tickets count: close the"
            " oldest before you send a price.",
        ),
        _step(
            20,
            "owner",
            "Send the proposal with what they achieved on the first page",
            "Two figures of theirs, one option more than last year, one date. Procurement takes longer than you think:"
            " ask today what they need.",
        ),
        _step(
            40,
            "owner",
            "Make your call on this renewal, and say what is still missing",
            "Commit, likely, at risk or lost, with the amount. If anything but the signature is open, your leader"
            " should hear it from you this week.",
        ),
    ],
)


def ensure_defaults(now: datetime) -> None:
    """Give a workspace without any playbook the three above. Done twice, it changes nothing."""
    if db.session.scalar(select(Playbook.id).limit(1)) is None:
        for draft in (SAVE, HIGH_RISK, RENEWAL):
            make(draft, now)
