"""Many at once: a flood is held back and its neighbour is answered; writers who meet on the same days wait, and count."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from random import Random
from threading import Event

from tests.faults.conftest import ACCOUNTS, METERS, PER_MINUTE
from tests.faults.reckoning import counted, in_ledger, key_of, reckon
from tests.faults.sending import Request, batch, event, segment_batch, single, some_facts

HOT = ACCOUNTS[:4]
EVENTS = 1_000  # in a request: as many as it may hold


def test_a_flood_is_held_back_while_its_neighbour_is_answered_and_both_are_counted_once(product):
    noisy, quiet = product.company("Noisy"), product.company("Quiet")
    chance, over = Random(5), Event()
    thought_up = some_facts(chance, ACCOUNTS, METERS)
    floods = [
        [batch(f"f{line}-{n}", [next(thought_up) for _ in range(EVENTS)]) for n in range(3 * PER_MINUTE // EVENTS // 6)]
        for line in range(6)
    ]

    def flood(requests):
        """Send on and on, whatever is answered; gives the answers."""
        with noisy.sender() as sender:
            return [(request, sender.post(request.path, request.body)) for request in requests]

    def post_now_and_then():
        taken, n = {}, 0
        with quiet.sender() as sender:
            while not over.wait(0.05) or n < 5:
                request = single(f"q{n}", next(quiet_facts))
                sender.deliver(request.path, request.body)
                taken, n = taken | request.facts, n + 1
        return taken, sender.answers

    quiet_facts = some_facts(Random(6), ACCOUNTS, METERS)
    with ThreadPoolExecutor(7) as pool:
        neighbour = pool.submit(post_now_and_then)
        answers = [each for sent in pool.map(flood, floods) for each in sent]
        over.set()
        acknowledged, answered = neighbour.result()
    kept = {each: fact for request, answer in answers if answer.is_success for each, fact in request.facts.items()}
    turned_away = [answer for _, answer in answers if not answer.is_success]
    assert {answer.status_code for answer in turned_away} == {429}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in turned_away)
    assert 0 < len(kept) <= 2 * PER_MINUTE
    assert set(answered) == {200}
    for company, facts in ((noisy, kept), (quiet, acknowledged)):
        load = company.load()
        load.acknowledged = facts
        company.assert_counts_once(load)


def rounds(company, line, facts, chance):
    """Give what one writer sends, over the same few accounts and days as all others: batches, corrections of what it
    sent itself, news of the accounts, single events."""
    sent, own = [], {}
    for n in range(12):
        sent.append(batch(f"w{line}-{n}", list(islice(facts, 40))))
        own |= sent[-1].facts
        sent.append(corrections(dict(zip(chance.sample(sorted(own), 10), facts, strict=False)), next(facts)))
        own |= sent[-1].facts
        groups = [group(each, f"{line}-{n}") for each in chance.sample(HOT, len(HOT))]
        sent.append(segment_batch(f"t{line}-{n}", company.source, list(islice(facts, 10)), *groups))
        sent.append(single(f"y{line}-{n}", next(facts)))
    return sent


def corrections(corrected, fresh):
    """Correct events in a request that also brings one that is new."""
    new = ("api", f"new {fresh.at} {min(corrected)}")
    events = [event(name, fact, replace=True) for (_, name), fact in corrected.items()]
    return Request("/api/v1/usage", {"events": [*events, event(new[1], fresh)]}, corrected | {new: fresh})


def group(account, plan):
    return {"type": "group", "messageId": f"{account} {plan}", "groupId": account, "traits": {"plan": plan}}


def test_six_writers_over_the_same_accounts_lose_and_double_nothing(product):
    company = product.company("Hot")
    company.make_meters("seats", kind="max")
    chance = Random(7)
    facts = some_facts(chance, HOT, (*METERS, "seats"))
    load = company.load()
    load.lines = [rounds(company, line, facts, chance) for line in range(6)]
    load.forgets = 0.0  # a correction that comes again after a newer one would be the newest
    load.run(lambda: None)
    said = {each: fact for line in load.lines for request in line for each, fact in request.facts.items()}
    assert in_ledger(product.rows, company.id) == {(source, key_of(name)) for source, name in said}
    assert counted(product.rows, company.id).totals == reckon(said.values(), "UTC", frozenset({"seats"})).totals
