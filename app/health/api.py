"""Scores, risks and their reasons for machines."""

from datetime import timedelta
from typing import Any

from app.accounts.queries import get_account
from app.accounts.schemas import AccountPath
from app.core.paging import read_number
from app.core.problems import NotFoundError, Problem
from app.core.rest.api import Answer, blueprint_of, page_of, reads, whole
from app.health import queries, receipts, schemas
from app.health.receipts import Receipt
from app.identity import guard

blueprint = blueprint_of("health", __name__, "Scores", "How each account stands, what it is made of, and why it moved.")
WEEK, WEEKS = timedelta(weeks=1), 26


@blueprint.get("/accounts/<digits:account_id>/health", responses={200: schemas.Health})
@guard.allow_key("book:read")
@reads
def show_health(path: AccountPath, query: schemas.DayAsked) -> schemas.Health:
    """Show an account's score with its receipt

    Each measure with its figure, points and what it brings; and what moved the score within a week. 404 before the
    account was scored for the first time.
    """
    account, day = get_account(path.account_id), query.day or guard.today()
    score = queries.score_on(account.id, day)
    if score is None:
        raise NotFoundError(f"score of {account.name} on {day} or before")
    earlier = queries.score_on(account.id, score.scored_on - WEEK)
    receipt = receipts.receipt_of(score)
    before = receipts.receipt_of(earlier) if earlier else None
    return _health(receipt, before)


@blueprint.get("/accounts/<digits:account_id>/risk", responses={200: schemas.Risk})
@guard.allow_key("book:read")
@reads
def show_risk(path: AccountPath, query: schemas.DayAsked) -> schemas.Risk:
    """Show an account's churn risk with its reasons

    One survival curve and the risks read off it. Where the data cannot carry a model, `basis` says what stands in for
    it and there are no reasons. 404 before the account was scored for the first time.
    """
    account, day = get_account(path.account_id), query.day or guard.today()
    risk = queries.risk_on(account.id, day)
    if risk is None:
        raise NotFoundError(f"risk of {account.name} on {day} or before")
    return schemas.Risk.model_validate(risk)


@blueprint.get("/accounts/<digits:account_id>/scores", responses={200: schemas.ScoreDays})
@guard.allow_key("book:read")
@reads
def list_scores(path: AccountPath, query: schemas.HistoryAsked) -> Any:
    """List an account's scores by day

    Health and risk side by side, the oldest first.
    """
    account = get_account(path.account_id)
    until = query.until or guard.today()
    since = query.since or until - WEEKS * WEEK
    if until < since:
        detail = "The period must begin before it ends."
        raise Problem(422, detail, "validation", [{"parameter": "since", "detail": detail}])
    days = queries.standings_of(account.id, since, until)
    return whole(schemas.ScoreDays, days, schemas.ScoreDay.model_validate)


@blueprint.get("/score-changes", responses={200: schemas.Changes})
@guard.allow_key("book:read")
@reads
def list_score_changes(query: schemas.ChangesAsked) -> Answer:
    """List what moved

    Every change of band or risk in the order in which it was seen: keep the last `next_cursor` and ask on from there.
    """
    rows = queries.changes_after(read_number(query.cursor) or 0, query.limit + 1, query.account_id)
    return page_of(schemas.Changes, rows, query.limit, schemas.Change.model_validate, lambda row: (row.id,))


def _health(receipt: Receipt, before: Receipt | None) -> schemas.Health:
    score = receipt.score
    moved = receipts.difference(receipt, before) if before else []
    return schemas.Health.model_validate(
        {
            "account_id": score.account_id,
            "scored_on": score.scored_on,
            "score": score.score,
            "band": score.band,
            "coverage": score.coverage,
            "computed": receipt.computed,
            "override_reason": receipt.override.reason if receipt.override else None,
            "scorecard": receipt.name,
            "scorecard_version": receipt.version,
            "dimensions": [_dimension(*each) for each in receipt.by_dimension()],
            "week_before": before.score.score if before else None,
            "moved": [schemas.Moved.model_validate(part) for part in moved],
        }
    )


def _dimension(title: str, points: float | None, lines: list[receipts.Line]) -> schemas.Dimension:
    return schemas.Dimension(title=title, points=points, measures=[_measure(line) for line in lines])


def _measure(line: receipts.Line) -> schemas.Measure:
    of = {name: getattr(line.measure, name) for name in ("signal", "title", "unit", "weight")}
    return schemas.Measure(**of, value=line.value, points=line.points, brings=line.brings)
