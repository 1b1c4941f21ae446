"""After all the killing of the tests before: every job was done, and the newest events are in the accounts' figures.

The file is the last of its folder by name, so that leases of jobs whose workers were killed run out meanwhile.
"""

from collections import defaultdict
from itertools import islice
from random import Random

from app.local.processes import wait_until
from tests.faults.conftest import ACCOUNTS, METERS
from tests.faults.sending import batch, some_facts

OPEN = "SELECT FROM job WHERE state IN ('ready', 'running') UNION ALL SELECT FROM touched_account LIMIT 1"
SUMMED_UP = """SELECT a.external_id, s.usage_28d, s.active_users_28d FROM account_summary s
    JOIN account a ON a.workspace_id = s.workspace_id AND a.id = s.account_id
    JOIN health_score h ON h.workspace_id = s.workspace_id AND h.account_id = s.account_id
    WHERE s.workspace_id = :id"""


def summed_up(facts):
    """Reckon what the summary says of an account: use of the core meter, and people, of the last 28 days."""
    use, people = defaultdict[str, float](float), defaultdict[str, set[str]](set)
    for fact in facts:
        use[fact.account] += fact.quantity if fact.meter == METERS[0] else 0
        people[fact.account] |= {fact.person} - {None}
    return {account: (use[account], len(people[account])) for account in use}


def test_every_job_is_done_and_every_touched_account_is_scored_with_its_newest_events(product):
    company = product.company("Last", "Pacific/Auckland")
    sent = batch("last", list(islice(some_facts(Random(8), ACCOUNTS, METERS), 60)))
    with company.sender() as sender:
        sender.deliver(sent.path, sent.body)
    company.facts = list(sent.facts.values())
    assert wait_until(lambda: not product.rows(OPEN), within_s=90, pause_s=0.3)
    assert product.rows("SELECT name, error FROM job WHERE state = 'dead'") == []
    for each in product.companies:
        found = {account: (use, people or 0) for account, use, people in product.rows(SUMMED_UP, id=each.id)}
        expected = summed_up(each.facts)
        assert {account: found.get(account) for account in expected} == expected
