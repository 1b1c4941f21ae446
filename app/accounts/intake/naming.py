"""Rules by which names that no account has mean one all the same: where the product says prod_acme, billing acme."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.accounts import queries
from app.accounts.intake import introducing
from app.accounts.models import AccountRule
from app.core import tenancy
from app.core.problems import NotFoundError, Problem
from app.extensions import db

LONGEST = 200


def rules() -> list[AccountRule]:
    """Give the rules, the first made first: of several that fit, the first that leads to an account counts."""
    return list(db.session.scalars(select(AccountRule).order_by(AccountRule.id)))


def find_rule(pattern: str, means: str) -> AccountRule | None:
    """Give the rule that says just this."""
    return db.session.scalars(select(AccountRule).filter_by(pattern=pattern, means=means)).one_or_none()


def make_rule(pattern: str, means: str) -> AccountRule:
    """Make a rule, or give the one that says the same. Raises Problem naming the field."""
    if pattern.count("*") != 1 or len(pattern) > LONGEST:
        raise _refusal("pattern", "Write the names with one * for the part that differs, such as prod_*.")
    if not means or means.count("*") > 1 or len(means) > LONGEST:
        raise _refusal("means", "Write the id of the account, with * where the part that differs stands.")
    if pattern == means:
        raise _refusal("means", "It would mean itself. Write what the account is called in your other systems.")
    if pattern == "*" and "*" not in means:
        raise _refusal("pattern", "Every unknown name would mean one account. Say what these names have in common.")
    made = insert(AccountRule).values(pattern=pattern, means=means)
    same = ("workspace_id", "pattern", "means")
    return db.session.scalars(
        made.on_conflict_do_update(index_elements=same, set_={"means": means}).returning(AccountRule)
    ).one()


def remove_rule(rule_id: int) -> AccountRule:
    """Match no more by a rule; names that were matched stay so. Raises NotFoundError."""
    rule = db.session.get(AccountRule, (tenancy.workspace_id(), rule_id))
    if rule is None:
        raise NotFoundError("rule")
    db.session.delete(rule)
    return rule


def match_names(names: Sequence[str]) -> dict[str, int]:
    """Have the names that a rule leads to an account mean it from now on. Gives them with the account's id."""
    in_force = rules()
    led = {name: [to for rule in in_force if (to := rule.account_of(name))] for name in names}
    known = queries.known_accounts({to for each in led.values() for to in each})
    found = {name: known[to] for name, each in led.items() for to in reversed(each) if to in known}
    for name, account_id in sorted(found.items()):
        introducing.match_account(name, account_id)
    return found


def _refusal(field: str, detail: str) -> Problem:
    return Problem(422, detail, field, [{"pointer": field, "detail": detail}])
