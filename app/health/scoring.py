"""Scores accounts: facts as of a day → signals → scorecard, risk and reasons → rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

import numpy as np

from app.core.bulk.collecting import uncollected
from app.core.bulk.lanes import writing_behind
from app.core.clock import elapsed
from app.core.money import minor_digits
from app.health import queries, writing
from app.health.cards.choosing import CardInForce, cards_in_force, choose
from app.health.knowing.freshness import source_ages
from app.health.knowing.knowledge import Knowledge
from app.health.knowing.reading import Ages, Book, Progress, facts_of, joined, read_books, snapshot_book, stale_out
from app.health.model import checking
from app.health.model.base_rates import base_rates
from app.health.model.opening import kept_average, open_model
from app.health.model.telling import reasons_teller
from app.health.models import ScoreOverride
from app.health.moves.telling import Moves, moves_of
from app.health.overriding import overrides_on
from app.health.queries import LastScore
from app.health.scorecard import SIGNALS, Card, Scores, bands_of, score
from app.health.writing import Columns
from app.identity.models import Workspace
from ml.hazard.curve import alive_after, lifetime, risk_within
from ml.reasons.explain import reasons
from ml.reasons.hints import typical_of
from ml.signals import BY_CODE

STRETCH = 2_000  # accounts put into words and written at a time, so that memory does not grow with the book
HORIZONS = (30, 90, 180, 365)
TELLING = 0.5  # points of risk below which a reason is not worth a sentence of its own
STEADY = "steady"  # the band whose accounts are what others are held against
GOOD = 60.0  # points below which a measure is a concern
_UNSAID = "its figures moved"
BandBefore = tuple[int | None, str]
"""The scorecard by which an account was last scored, and the band it gave."""


@dataclass(frozen=True)
class Part:
    """The accounts of one scorecard, scored: `shown` [n] is a person's override where there is one, else computed."""

    card: CardInForce
    book: Book
    scores: Scores
    shown: np.ndarray
    bands: list[str]
    overrides: Mapping[int, ScoreOverride]

    def rows(self, stretch: slice) -> Self:
        """Give a stretch of the accounts."""
        places = np.arange(len(self.shown))[stretch]
        scores = Scores(self.scores.points[places], self.scores.score[places], self.scores.coverage[places])
        book, bands = self.book.rows(places), self.bands[stretch]
        return type(self)(self.card, book, scores, self.shown[places], bands, self.overrides)


@dataclass(frozen=True)
class Risks:
    """Survival [n, MONTHS], risk at HORIZONS [n, 4] and expected months [n]; reasons only where there is a model."""

    basis: str
    model_version_id: int | None
    survival: np.ndarray
    within: np.ndarray
    lifetime: np.ndarray
    average: float
    tell: Callable[[slice], list[list[dict[str, Any]]]]
    told: list[list[dict[str, Any]]] = field(default_factory=list)

    def rows(self, stretch: slice) -> Self:
        """Give a stretch of the accounts, their reasons told."""
        arrays = (self.survival[stretch], self.within[stretch], self.lifetime[stretch])
        return type(self)(self.basis, self.model_version_id, *arrays, self.average, self.tell, self.tell(stretch))


def score_accounts(
    workspace: Workspace,
    as_of: date,
    account_ids: Sequence[int] | None = None,
    progress: Progress = lambda *_: None,
    lanes: int = 1,
) -> int:
    """Score some accounts (or all) as of the end of a day and write everything down. Gives how many were scored.

    `lanes`: see `read_books`.
    """
    ids = sorted(account_ids) if account_ids is not None else queries.all_account_ids()
    read_at, knowledge, cards = queries.clock(), Knowledge(as_of, workspace.time_zone), cards_in_force()
    ages = _ages(knowledge, cards)

    def scored(book: Book) -> tuple[list[Part], Mapping[int, LastScore]]:
        last = queries.last_scores_of(book.ids.tolist())
        bands = {account_id: (row.scorecard_id, row.band) for account_id, row in last.items()}
        return _scored(workspace, book, as_of, cards, ages, bands), last

    parts: list[Part] = []
    was: dict[int, LastScore] = {}
    share = elapsed(workspace.time_zone, as_of, read_at)
    with writing_behind(is_apart=lanes > 1) as behind:
        for found, last in read_books(workspace, ids, knowledge, scored, progress, lanes, share):
            behind(_write_scores, as_of, found, read_at)
            parts += found
            was |= last
    book = joined([part.book for part in parts])
    progress(len(ids), len(ids), "Finding risks and their reasons")
    risks = _risks(book, as_of, [band for part in parts for band in part.bands], whole_book=account_ids is None)
    moves = moves_of(book, as_of, whole_book=account_ids is None)
    progress(len(ids), len(ids), "Writing scores")
    if risks is not None:
        _write_rest(parts, as_of, risks, moves, was)
    if account_ids is None and share == 1:  # of a day that is not over, the last hours would look like a change
        checking.check_model(as_of, book.values)
    writing.clear_former(sorted(set(ids) - set(book.ids.tolist())))
    return len(book.ids)


def _write_scores(as_of: date, parts: Sequence[Part], read_at: datetime) -> None:
    for part in parts:
        writing.write(writing.pack_scores(as_of, part.card.id, score_columns(part), read_at))


def _write_rest(parts: Sequence[Part], as_of: date, risks: Risks, moves: Moves, was: Mapping[int, LastScore]) -> None:
    ids = np.concatenate([part.book.ids for part in parts]).tolist()
    bands = (band for part in parts for band in part.bands)
    now = zip(ids, bands, risks.within[:, 1].tolist(), strict=True)
    moved = {i: was[i] for i, band, risk in now if _is_moved(was.get(i), band, risk)}
    earlier = queries.latest_values(sorted(moved), as_of)
    first = 0
    with writing_behind() as behind:
        for part in parts:
            for start in range(0, len(part.book.ids), STRETCH):
                piece = part.rows(slice(start, start + STRETCH))
                whole = slice(first, first + len(piece.book.ids))
                with uncollected():
                    told = risks.rows(whole)
                    found = writing.pack_risks(as_of, _risk_columns(piece.book, told, moves.columns(whole)))
                    summaries = writing.pack_summaries(as_of, _summary_columns(piece, told))
                    changes = writing.pack_changes(as_of, _change_rows(piece, told, moved, earlier))
                behind(writing.write, found, summaries, changes)
                first = whole.stop


def _is_moved(was: LastScore | None, band: str, risk: float) -> bool:
    """Say whether the band moved, or the risk by 5 points or more."""
    return was is not None and (band != was.band or abs(risk - was.risk) >= 0.05)


def score_past(workspace: Workspace, days: Sequence[date], progress: Progress = lambda *_: None) -> None:
    """Score the whole book as of past days, the oldest first, so that a new installation has a history to show.

    Each day sees only what was known by its end. Health only: risk is not told with hindsight. An account is scored
    with the card of the segment it is in today.
    """
    read_at, cards, ids = queries.clock(), cards_in_force(), queries.all_account_ids()
    before: dict[int, BandBefore] = {}
    facts = facts_of(workspace, ids, min(days), max(days)) if ids else None
    for done, as_of in enumerate(days):
        progress(done, len(days), f"Scoring the book as of {as_of}")
        if facts is None:
            continue
        book, ages = snapshot_book(facts, as_of), _ages(Knowledge(as_of, workspace.time_zone), cards)
        for part in _scored(workspace, book, as_of, cards, ages, before):
            before |= {i: (part.card.id, band) for i, band in zip(part.book.ids.tolist(), part.bands, strict=True)}
            _write_scores(as_of, [part], read_at)
            writing.write(writing.pack_summaries(as_of, _summary_columns(part, None)))


def score_part(
    in_force: CardInForce,
    book: Book,
    ages: Ages,
    overrides: Mapping[int, ScoreOverride],
    before: Mapping[int, BandBefore],
) -> Part:
    """Score accounts with one card: what a silent source would say left out, a person's judgement in place.

    A band that another card, or another version, has given holds nobody: so a version that is brought back scores as
    if the one between had never been.
    """
    book = stale_out(book, ages, in_force.card)
    ids, card = book.ids.tolist(), in_force.card
    scores = score(card, {code: book.values[code].to_numpy(float) for code in SIGNALS})
    shown = np.array([overrides[i].score if i in overrides else s for i, s in zip(ids, scores.score, strict=True)])
    held = {i: band for i, (card_id, band) in before.items() if card_id == in_force.id}
    bands = bands_of(card, shown, [held.get(i) for i in ids])
    return Part(in_force, book, scores, shown, bands, overrides)


def _ages(knowledge: Knowledge, cards: Sequence[CardInForce]) -> Ages:
    """Give how old each source is, looking no further back than the longest deadline of any card."""
    deadlines = {source: max(each.card.deadlines[source] for each in cards) for source in cards[0].card.deadlines}
    return source_ages(knowledge, deadlines)


def _scored(
    workspace: Workspace,
    book: Book,
    as_of: date,
    cards: Sequence[CardInForce],
    ages: Ages,
    before: Mapping[int, BandBefore],
) -> list[Part]:
    """Score each account with its card; the parts hold all accounts, in the order of the cards."""
    place = choose(cards, book.ids.tolist(), 10 ** minor_digits(workspace.currency))
    overrides = overrides_on(book.ids.tolist(), as_of)
    return [score_part(in_force, book.rows(place == n), ages, overrides, before) for n, in_force in enumerate(cards)]


def _risks(book: Book, as_of: date, bands: Sequence[str], *, whole_book: bool) -> Risks | None:
    if not len(book.ids):
        return None
    champion = queries.find_champion()
    model = open_model(champion.artifact, champion.id) if champion else None
    if champion is None or champion.artifact is None or model is None:
        return _base_risks(book, as_of)
    kept, average = champion.artifact, kept_average(champion.artifact, whole_book=whole_book)
    found = reasons(model, book.values, book.before, book.flags, book=average)
    typical = kept.get("typical", {})
    if whole_book:
        typical = typical_of(book.values, np.array(bands) == STEADY)
        for name, value in (("average", found.book.dump()), ("typical", typical)):
            writing.keep_with_model("model_version", champion.id, name, value)
    alive = alive_after(found.log_odds)
    return Risks(
        basis="model",
        model_version_id=champion.id,
        survival=alive,
        within=np.column_stack([risk_within(found.log_odds, days) for days in HORIZONS]),
        lifetime=lifetime(alive).in_all,
        average=found.book.risk,
        tell=reasons_teller(model, found, typical),
    )


def _base_risks(book: Book, as_of: date) -> Risks:
    """Tell each account what is known of accounts with its kind of contract, when no model can be trusted."""
    tiers = queries.tiers_of(book.ids.tolist())
    is_term = book.values["term"].to_numpy(float) >= 2
    hazards = base_rates(as_of).hazards([tiers.get(i) for i in book.ids.tolist()], book.flags, is_term)
    hazards = hazards.clip(1e-6, 1 - 1e-6)
    log_odds = np.log(hazards) - np.log1p(-hazards)
    survival = np.cumprod(1 - hazards, axis=1)
    within = np.column_stack([risk_within(log_odds, days) for days in HORIZONS])
    lifetime = survival.sum(axis=1) / (1 - survival[:, -1])
    return Risks("base rate", None, survival, within, lifetime, float(within[:, 1].mean()), _no_reasons)


def _no_reasons(stretch: slice) -> list[list[dict[str, Any]]]:
    return [[] for _ in range(stretch.start, stretch.stop)]


def score_columns(part: Part) -> Columns:
    """Give what is stored of scores; NaN is unknown."""
    book = part.book
    values, before = (frame[list(SIGNALS)].to_numpy(float) for frame in (book.values, book.before))
    overrides = [part.overrides[i].id if i in part.overrides else None for i in book.ids.tolist()]
    return {
        "account_id": book.ids, "score": part.shown, "computed": part.scores.score, "override_id": overrides,
        "coverage": part.scores.coverage, "band": part.bands, "values": values, "before": before,
    }  # fmt: skip


def _risk_columns(book: Book, risks: Risks, moves: Columns) -> Columns:
    size, within = len(book.ids), risks.within.round(6)
    return {
        "account_id": book.ids, "basis": [risks.basis] * size, "model_version_id": [risks.model_version_id] * size,
        "survival": risks.survival.round(6), "average_90": np.full(size, risks.average),
        "lifetime_months": risks.lifetime, **{f"risk_{days}": within[:, n] for n, days in enumerate(HORIZONS)},
        "reasons": risks.told, **moves,
    }  # fmt: skip


def _summary_columns(part: Part, risks: Risks | None) -> Columns:
    size = len(part.book.ids)
    missing = np.nan_to_num((GOOD - part.scores.points) * part.card.card.weights)
    weakest, is_weak = missing.argmax(axis=1).tolist(), (missing.max(axis=1, initial=0.0) > 0).tolist()
    raising = [None] * size if risks is None else [_raising(told) for told in risks.told]
    return {
        "account_id": part.book.ids, "scorecard_id": [part.card.id] * size, "band": part.bands, "score": part.shown,
        "coverage": part.scores.coverage, "risk": np.full(size, np.nan) if risks is None else risks.within[:, 1],
        "risk_reason": [
            why or (_said(part, weakest[row], row) if is_weak[row] else None) for row, why in enumerate(raising)
        ],
    }  # fmt: skip


def _raising(told: Sequence[Mapping[str, Any]]) -> str | None:
    """Give what raises the risk most and can be acted on: to be looked at first, before the weakest measure."""
    raising = [reason for reason in told if reason["act"] and reason["points"] > TELLING]
    return max(raising, key=lambda reason: reason["points"])["sentence"] if raising else None


def _said(part: Part, measure: int, row: int) -> str:
    signal = part.card.card.measures[measure].signal
    values, before = part.book.columns[signal]
    return BY_CODE[signal].say(float(values[row]), float(before[row]))


def _change_rows(
    part: Part, risks: Risks, moved: Mapping[int, LastScore], earlier: Mapping[int, Sequence[float | None]]
) -> list[dict[str, Any]]:
    """Give the rows for accounts that moved; `moved` tells how they stood."""
    ids = enumerate(part.book.ids.tolist())
    return [_change(part, risks, moved[i], earlier.get(i), row) for row, i in ids if i in moved]


def _change(
    part: Part, risks: Risks, was: LastScore, earlier: Sequence[float | None] | None, row: int
) -> dict[str, Any]:
    account_id, to_score = int(part.book.ids[row]), part.shown[row]
    override = part.overrides.get(account_id)
    if override:
        why = f"judged by a person: {override.reason.rstrip('.')}"
    elif was.scorecard_id != part.card.id:
        why = f"scored by {part.card.name}, version {part.card.version}, which it was not before"
    else:
        why = _why(part, earlier, row) or _UNSAID
    return {
        "account_id": account_id, "from_band": was.band, "to_band": part.bands[row],
        "from_score": _known(was.score), "to_score": _known(to_score), "from_risk": _known(was.risk),
        "to_risk": float(risks.within[row, 1]), "why": why,
    }  # fmt: skip


def _why(part: Part, earlier: Sequence[float | None] | None, row: int) -> str | None:
    """Name the measure that moved the score most since the last scoring."""
    if earlier is None or len(earlier) != len(SIGNALS):
        return None
    card: Card = part.card.card
    old = np.array([np.nan if v is None else v for v in earlier])
    then = np.array([float(m.points(old[[SIGNALS.index(m.signal)]])[0]) for m in card.measures])
    moved = np.nan_to_num((part.scores.points[row] - then) * card.weights)
    if not np.abs(moved).max(initial=0.0):
        return None
    return _said(part, int(np.abs(moved).argmax()), row)


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
