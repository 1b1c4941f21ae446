"""Who works with the product at each customer, who signs, and who leaves."""

import numpy as np
import pandas as pd

from app.demo.story.book import Book
from app.demo.story.causes import CODES, Episodes
from app.demo.story.telling import Story
from app.demo.story.timeline import NEVER, Flags, Ints, stream
from app.demo.words.persons import FAMILY, GIVEN, ROLES, TITLES

CHAMPION, SPONSOR, ADMIN, USER = range(4)
PARTING = 0.008  # chance a month that somebody else leaves, which means nothing
SUCCEEDED = 0.7  # share of champions who are followed by another
NOTICED_AFTER = (2, 35)  # days until a leaving is known, when the first mail bounces


def contact_rows(story: Story, domains: list[str]) -> pd.DataFrame:
    """The frame `contacts`, ordered by account: champion first, then sponsor, admin and users."""
    time, rng = story.time, stream(story.seed, "people")
    account, role, joined, left = _everyone(story, rng)
    order = np.lexsort((joined, role, account))
    account, role, joined, left = account[order], role[order], joined[order], left[order]
    noticed = np.where(left < NEVER, left + rng.integers(*NOTICED_AFTER, len(left)), NEVER)
    given, family = _names(account, rng)
    return pd.DataFrame(
        {
            "account": account,
            "name": [f"{first} {last}" for first, last in zip(given, family, strict=True)],
            "email": _addresses(account, given, family, domains),
            "role": np.array(ROLES)[role],
            "title": _titles(role, rng),
            "joined_on": time.dates(joined),
            "left_on": time.dates(time.seen(left)),
            "known_left_on": time.dates(time.seen(noticed)),
        }
    )


def _everyone(story: Story, rng: np.random.Generator) -> tuple[Ints, ...]:
    """(account, role, day joined, day left), champions' successors among them."""
    book, time = story.book, story.time
    account, role = _posts(book, rng)
    joined = time.day(book.start, book.offset)[account] + np.where(role < ADMIN, 0, rng.integers(0, 400, len(role)))
    left = joined + 60 + rng.exponential(30 / PARTING, len(role)).astype(np.int64)
    left[(role == CHAMPION) | (left < 0) | (left >= time.days)] = NEVER
    gone, gone_on = _departures(story.episodes)
    first = np.full(len(book), NEVER)
    first[gone[::-1]] = gone_on[::-1]
    left = np.where(role == CHAMPION, first[account], left)
    heir = _heirs(gone, gone_on, rng)
    parts = zip((account, role, joined, left), heir, strict=True)
    account, role, joined, left = (np.concatenate(part) for part in parts)
    known = joined < time.days
    return account[known], role[known], joined[known], left[known]


def _posts(book: Book, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Everyone has a champion; larger accounts have a sponsor, an admin and more users in touch."""
    count, everyone = len(book), np.arange(len(book))
    has = [
        np.ones(count, bool),
        (book.tier > 0) | (rng.random(count) < 0.4),
        (book.tier > 0) | (rng.random(count) < 0.5),
    ]
    users = 1 + rng.poisson(0.5 + 1.2 * book.tier)
    account = np.concatenate([*(everyone[flag] for flag in has), np.repeat(everyone, users)])
    sizes = [*(flag.sum() for flag in has), users.sum()]
    return account, np.repeat([CHAMPION, SPONSOR, ADMIN, USER], sizes)


def _departures(episodes: Episodes) -> tuple[Ints, Ints]:
    """(account, day) of every champion who leaves, in order."""
    leaves = episodes.cause == CODES.index("champion_left")
    return episodes.account[leaves], episodes.onset[leaves]


def _heirs(gone: Ints, gone_on: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints]:
    """Successors begin three weeks to five months later, and leave when the account's next champion episode says so."""
    begins = gone_on + rng.integers(20, 150, len(gone))
    follows = np.append(gone[1:] == gone[:-1], False)
    leaves = np.where(follows, np.append(gone_on[1:], NEVER), NEVER)
    taken: Flags = (rng.random(len(gone)) < SUCCEEDED) & (leaves > begins + 14)
    return gone[taken], np.full(taken.sum(), CHAMPION), begins[taken], leaves[taken]


def _names(account: Ints, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Nobody at one account shares a family name: each account walks the list from its own place."""
    nth = np.arange(len(account)) - np.searchsorted(account, account)
    start = rng.integers(0, len(FAMILY), account.max(initial=0) + 1)
    stride = 7  # shares no factor with the length of the list, or names would repeat early
    family = (start[account] + stride * nth) % len(FAMILY)
    given = rng.integers(0, len(GIVEN), len(account))
    return [GIVEN[at] for at in given], [FAMILY[at] for at in family]


def _addresses(account: Ints, given: list[str], family: list[str], domains: list[str]) -> list[str]:
    people = zip(account, given, family, strict=True)
    return [f"{first}.{last}@{domains[at]}".lower() for at, first, last in people]


def _titles(role: Ints, rng: np.random.Generator) -> np.ndarray:
    titles = np.empty(len(role), object)
    for at, name in enumerate(ROLES):
        mine = np.flatnonzero(role == at)
        titles[mine] = rng.choice(TITLES[name], len(mine))
    return titles


assert np.gcd(7, len(FAMILY)) == 1
