"""Replays a scorecard on trial over the past year: who would change band, and would churned accounts rank lower?

Stored scores keep the figures they were made of, as known on their day, so that a replay reads no fact anew. The
figures of a source that had fallen silent were kept as unknown and stay so. Segments are those of today.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import text

from app.accounts.models import BANDS
from app.core.money import minor_digits
from app.extensions import db
from app.health.cards.choosing import CardInForce, cards_in_force, choose
from app.health.knowing.reading import Progress
from app.health.models import ScorecardTrial
from app.health.scorecard import SIGNALS, Card, bands_of, score
from app.identity.models import Workspace
from ml.evaluate import Outcomes, compare, draws_of, number, roc_auc

HORIZON = timedelta(days=90)
MONTHS, LISTED, SEED = 12, 200, 1
CHUNK = 20_000


@dataclass(frozen=True)
class Replayed:
    """Accounts on a day under two sets of cards: scores [n] (NaN: abstains) and bands."""

    ids: np.ndarray
    now: np.ndarray
    then: np.ndarray
    bands_now: list[str]
    bands_then: list[str]


def replay(trial: ScorecardTrial, workspace: Workspace, today: date, progress: Progress = lambda *_: None) -> None:
    """Write down what the trial would have changed; see the keys of `_summary`. Running it again says the same."""
    minor = 10 ** minor_digits(workspace.currency)
    present = cards_in_force()
    tried = with_trial(present, trial)
    days = _days(today)
    past: list[tuple[date, Replayed]] = []
    for done, day in enumerate(days):
        progress(done, len(days), f"Replaying {day:%-d %b %Y}")
        past.append((day, _replayed(day, present, tried, minor)))
    trial.result = _summary(past, today) if past else {"days": 0}


def with_trial(present: Sequence[CardInForce], trial: ScorecardTrial) -> list[CardInForce]:
    """Give the cards as they would be in force, first the one that is looked at first."""
    card = CardInForce(None, trial.name, 0, trial.position, trial.segment, Card.of(trial.definition))
    return sorted([*(each for each in present if each.name != trial.name), card], key=lambda each: each.position)


def _summary(past: Sequence[tuple[date, Replayed]], today: date) -> dict[str, Any]:
    newest = past[-1][1]
    judged = [(day, book) for day, book in past if day + HORIZON <= today]
    return {
        "days": len(past),
        "first": past[0][0].isoformat(),
        "last": past[-1][0].isoformat(),
        "accounts": len(newest.ids),
        "moves": _moves(newest),
        "changed": _changed(newest),
        "unknown": [newest.bands_now.count("unknown"), newest.bands_then.count("unknown")],
        "ranking": _ranking(judged),
    }


def _moves(book: Replayed) -> list[dict[str, Any]]:
    counted = Counter(zip(book.bands_now, book.bands_then, strict=True))
    return [{"from": was, "to": now, "accounts": n} for (was, now), n in sorted(counted.items())]


def _changed(book: Replayed) -> list[dict[str, Any]]:
    """Give the accounts that change band, the largest movement first, up to `LISTED`."""
    moved = [n for n, (was, now) in enumerate(zip(book.bands_now, book.bands_then, strict=True)) if was != now]
    moved.sort(key=lambda n: -np.nan_to_num(abs(book.then[n] - book.now[n]), nan=100.0))
    return [
        {
            "account_id": int(book.ids[n]), "from": book.bands_now[n], "to": book.bands_then[n],
            "from_score": number(book.now[n]), "to_score": number(book.then[n]),
        }
        for n in moved[:LISTED]
    ]  # fmt: skip


def _ranking(judged: Sequence[tuple[date, Replayed]]) -> dict[str, Any]:
    """Compare how well both rank the accounts that churned within 90 days; notice given by the day is no prediction."""
    parts = [_outcomes(day, book) for day, book in judged]
    rows = sum(len(part[0]) for part in parts)
    churns = int(sum(part[0].churned.sum() for part in parts))
    counts = {"days": len(judged), "rows": rows, "churns": churns}
    if not churns or churns == rows:
        return counts
    fields = ("churned", "account", "landmark", "arr")
    together = {name: np.concatenate([getattr(part[0], name) for part in parts]) for name in fields}
    now = Outcomes(risk=np.concatenate([part[0].risk for part in parts]), **together)
    then = now.with_risk(np.concatenate([part[1] for part in parts]))
    return counts | {
        "now": _auc(now),
        "then": _auc(then),
        "difference": compare(then.risk, now.risk, now, SEED, roc_auc),
        "by_band": _by_band(judged, now),
    }


def _auc(outcomes: Outcomes) -> dict[str, float | None]:
    drawn = draws_of(outcomes, (roc_auc,), SEED)[0]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    value = roc_auc(outcomes, np.ones((1, len(outcomes))))[0]
    return {"value": number(value), "low": number(low), "high": number(high)}


def _outcomes(day: date, book: Replayed) -> tuple[Outcomes, np.ndarray]:
    fate = _fates(day)
    known = ~np.isnan(book.now) & ~np.isnan(book.then)
    known &= np.array([fate.get(i) != "noticed" for i in book.ids.tolist()], dtype=bool)
    churned = np.array([float(fate.get(i) == "churned") for i in book.ids[known].tolist()])
    landmark = np.full(int(known.sum()), np.datetime64(day, "D"))
    risk = 1 - book.now[known] / 100
    return Outcomes(risk, churned, book.ids[known], landmark, np.ones(len(churned))), 1 - book.then[known] / 100


def _by_band(judged: Sequence[tuple[date, Replayed]], now: Outcomes) -> list[dict[str, Any]]:
    """Give, for each band, how many account-days stood in it and how many of them churned, under both."""
    fates = {(int(a), str(d)): c for a, d, c in zip(now.account, now.landmark, now.churned, strict=True)}
    tally: dict[str, list[int]] = {}
    for day, book in judged:
        for n, account_id in enumerate(book.ids.tolist()):
            left = fates.get((account_id, str(np.datetime64(day, "D"))))
            if left is not None:
                for place, band in ((0, book.bands_now[n]), (2, book.bands_then[n])):
                    counts = tally.setdefault(band, [0, 0, 0, 0])
                    counts[place] += 1
                    counts[place + 1] += int(left)
    bands = [band for band in BANDS if band in tally]
    return [{"band": band, "now": tally[band][:2], "then": tally[band][2:]} for band in bands]


def _replayed(day: date, present: Sequence[CardInForce], tried: Sequence[CardInForce], minor: int) -> Replayed:
    parts = [_replay_some(ids, values, present, tried, minor) for ids, values in _figures(day)]
    return Replayed(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.now for part in parts]),
        np.concatenate([part.then for part in parts]),
        [band for part in parts for band in part.bands_now],
        [band for part in parts for band in part.bands_then],
    )


def _replay_some(
    ids: np.ndarray, values: np.ndarray, present: Sequence[CardInForce], tried: Sequence[CardInForce], minor: int
) -> Replayed:
    (now, bands_now), (then, bands_then) = (_scored(ids, values, cards, minor) for cards in (present, tried))
    return Replayed(ids, now, then, bands_now, bands_then)


def _scored(
    ids: np.ndarray, values: np.ndarray, cards: Sequence[CardInForce], minor: int
) -> tuple[np.ndarray, list[str]]:
    place = choose(cards, ids.tolist(), minor)
    found, bands = np.full(len(ids), np.nan), np.full(len(ids), "unknown", dtype=object)
    for n, each in enumerate(cards):
        rows = np.flatnonzero(place == n)
        found[rows] = score(each.card, {code: values[rows, at] for at, code in enumerate(SIGNALS)}).score
        bands[rows] = bands_of(each.card, found[rows], [None] * len(rows))
    return found, bands.tolist()


def _days(today: date) -> list[date]:
    """Give up to a year's scored days about a month apart, the oldest first."""
    found: list[date] = []
    for ago in range(MONTHS + 1):
        until = today - timedelta(days=round(ago * 365 / 12))
        day = db.session.execute(_WHOLE_DAY, {"since": until - timedelta(days=15), "until": until}).scalar()
        if day is not None and day not in found:
            found.append(day)
    return sorted(found)


# A day on which only those were scored who were touched says nothing of the book.
_WHOLE_DAY = text("""
SELECT scored_on FROM (
    SELECT scored_on, count(*) AS scored, max(count(*)) OVER () AS most FROM health_score
    WHERE scored_on BETWEEN :since AND :until GROUP BY scored_on
) days WHERE 2 * scored > most ORDER BY scored_on DESC LIMIT 1
""")


def _figures(day: date) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the accounts scored on a day and their figures [n, signals], some thousands at a time."""
    query = text(
        "SELECT account_id, values FROM health_score WHERE scored_on = :day AND account_id > :after"
        " ORDER BY account_id LIMIT :most"
    )
    found, after = [], 0
    while rows := db.session.execute(query, {"day": day, "after": after, "most": CHUNK}).all():
        found.append((np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float)))
        after = rows[-1][0]
    return found


def _fates(day: date) -> dict[int, str]:
    """Give what became of accounts within 90 days after a day: churned, or noticed when that was known by the day."""
    rows = db.session.execute(text(_FATES), {"day": day, "until": day + HORIZON})
    return {row.account_id: "noticed" if row.known else "churned" for row in rows}


_FATES = """
SELECT m.account_id, bool_or(s.end_known_at < CAST(:day AS date) + 1) AS known
FROM movement m
LEFT JOIN subscription s ON s.workspace_id = m.workspace_id AND s.account_id = m.account_id AND s.ended_on = m.moved_on
WHERE m.kind = 'churn' AND m.moved_on > :day AND m.moved_on <= :until
GROUP BY m.account_id
"""
