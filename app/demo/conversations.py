"""What customers and staff say to each other: conversations on eight channels, each a thread of interactions."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from app.demo.story.causes import CODES, WEIGHT
from app.demo.story.telling import Story
from app.demo.story.timeline import NEVER, Flags, Floats, Ints, Timeline, stream
from app.demo.topics import CHANNELS, DIRECTIONS, IN, INTERNAL, OUT, TOPIC_CODES, TOPICS
from app.demo.words.phrases import AREAS, NEGATIVE, NEUTRAL, PHRASES, POSITIVE, SUBJECTS, sentences

OUTAGE = TOPIC_CODES.index("outage")
PUBLIC = (CHANNELS.index("social"), CHANNELS.index("community"))
PRIORITIES = ("", "low", "normal", "high", "urgent")
TIER_TALK = np.array([1.0, 1.7, 4.5], np.float32)  # conversations an account, by tier
DAY = 86_400  # seconds
HOURS_AHEAD = {"US": -6, "CA": -5, "BR": -3, "GB": 0, "IN": 5, "SG": 8, "AU": 10}  # of UTC; elsewhere 1
SILENCE = 0.6  # how much less is said where the champion has left
RATED = 0.35  # share of resolved tickets and chats that the customer rates
UNRESOLVED = 0.05
REACH = {"social": (4.5, 1.2), "community": (3.6, 0.8)}  # log-normal: readers of a public word


@dataclass(frozen=True)
class Threads:
    """Parallel arrays, one entry a conversation; `moment` counts seconds from the first day of the span."""

    account: Ints
    moment: Ints
    topic: Ints
    mood: Ints
    channel: Ints
    area: Ints
    contact: Ints  # position in contacts, -1 = somebody unknown
    trouble: Floats  # 0..1, how badly things stand

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True)
class Turns:
    """Parallel arrays, one entry an interaction; `pool` names the texts it is taken from."""

    thread: Ints
    moment: Ints
    direction: Ints
    mood: Ints
    pool: Ints  # index into _POOLS
    rating: Floats  # 1..5, NaN = not asked


_POOLS = (*TOPIC_CODES, "reply", "terms", "delight", "answer", "nod", "rating")
OPENINGS, RATING = len(TOPIC_CODES), _POOLS.index("rating")
REPLIES = np.array([_POOLS.index(topic.reply) for topic in TOPICS])
ANSWERS = np.array([_POOLS.index("answer" if topic.reply == "reply" else "nod") for topic in TOPICS])


def interaction_rows(story: Story, country: pd.Series, contacts: pd.DataFrame) -> pd.DataFrame:
    """The frame `interactions`, ordered by time; times are UTC."""
    rng = stream(story.seed, "conversations")
    threads = _begin(story, country.to_numpy(), contacts, rng)
    resolved = _resolutions(threads, rng)
    turns = _spoken(threads, resolved, story.time, rng)
    return _as_frame(threads, turns, resolved, story.time, rng)


def _begin(story: Story, country: np.ndarray, contacts: pd.DataFrame, rng: np.random.Generator) -> Threads:
    """Draw when each conversation begins, about what, on which channel, in which mood and by whom."""
    time = story.time
    account, month, topic = _occasions(story, rng)
    moment = _working_time(time.day(month, 0) + rng.integers(0, 31, len(month)), country[account], time, rng)
    day = moment // DAY
    kept = (day >= 0) & (day < time.days) & (time.month_of(day) == month)
    kept[kept] = story.paying_on(account[kept], day[kept])
    account, month, topic, moment = (values[kept] for values in (account, month, topic, moment))
    trouble = np.minimum(story.presence[account, month] @ WEIGHT / 3, 1)
    return Threads(
        account=account,
        moment=moment,
        topic=topic,
        mood=_moods(topic, trouble, rng),
        channel=_channels(topic, rng),
        area=rng.integers(0, len(AREAS), len(account)),
        contact=_speakers(account, moment // DAY, _stays(contacts, time), rng),
        trouble=trouble,
    )


def _occasions(story: Story, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """(account, month, topic) of every conversation, Poisson around what each topic and hidden cause bring about."""
    book, presence = story.book, story.presence
    talk = (TIER_TALK[book.tier] * rng.lognormal(0, 0.4, len(book)))[:, None].astype(np.float32)
    hush = 1 - SILENCE * np.minimum(presence[:, :, CODES.index("champion_left")], 1)
    content = 1 / (1 + presence @ WEIGHT)
    parts = []
    for at, topic in enumerate(TOPICS):
        rate = np.full(presence.shape[:2], topic.rate, np.float32)
        for code, rise in topic.rises.items():
            rate += rise * presence[:, :, CODES.index(code)]
        rate *= content if topic.code == "praise" else 1 if topic.code == "farewell" else hush
        account, month = np.nonzero(counts := rng.poisson(np.maximum(rate * talk, 0)))
        times = counts[account, month]
        parts.append((np.repeat(account, times), np.repeat(month, times), np.full(times.sum(), at)))
    whose, when, what = (np.concatenate(part) for part in zip(*parts, strict=True))
    return whose, when, what


def _working_time(day: Ints, country: np.ndarray, time: Timeline, rng: np.random.Generator) -> Ints:
    """Seconds since the first day, in UTC: most write in their own office hours, few at weekends."""
    weekday = (day + time.first_day.weekday()) % 7
    on_monday = (weekday >= 5) & (rng.random(len(day)) < 0.85)
    local = np.clip(rng.normal(13, 2.7, len(day)), 6.5, 22)
    ahead = pd.Series(country).map(HOURS_AHEAD).fillna(1).to_numpy()
    return ((day + np.where(on_monday, 7 - weekday, 0)) * DAY + (local - ahead) * 3600).astype(np.int64)


def _moods(topic: Ints, trouble: Floats, rng: np.random.Generator) -> Ints:
    bad, good = np.array([topic.bad for topic in TOPICS]), np.array([topic.good for topic in TOPICS])
    draw = rng.random(len(topic))
    darker = np.where((bad[topic] > 0) & (bad[topic] < 1), bad[topic] + 0.4 * trouble, bad[topic])
    return np.where(draw < darker, NEGATIVE, np.where(draw > 1 - good[topic], POSITIVE, NEUTRAL))


def _channels(topic: Ints, rng: np.random.Generator) -> Ints:
    shares = np.array([[topic.channels.get(channel, 0.0) for channel in CHANNELS] for topic in TOPICS])
    channel: Ints = (rng.random(len(topic))[:, None] < np.cumsum(shares, axis=1)[topic] + 1e-9).argmax(axis=1)
    return channel


@dataclass(frozen=True)
class Stays:
    """Parallel arrays, one entry a contact, ordered by account."""

    account: Ints
    joined: Ints
    left: Ints


def _stays(contacts: pd.DataFrame, time: Timeline) -> Stays:
    joined, left = (_days(contacts[name], time) for name in ("joined_on", "left_on"))
    return Stays(contacts["account"].to_numpy(), joined, left)


def _days(dates: pd.Series, time: Timeline) -> Ints:
    days = (dates - pd.Timestamp(time.first_day)).dt.days
    return np.asarray(days.fillna(NEVER), np.int64)


def _speakers(account: Ints, day: Ints, stays: Stays, rng: np.random.Generator) -> Ints:
    """Mostly the first contacts of an account speak, as long as they are there; else somebody unknown."""
    first, last = np.searchsorted(stays.account, account), np.searchsorted(stays.account, account, "right")
    speaker = np.full(len(account), -1)
    for _ in range(3):
        pick = first + np.floor((last - first) * rng.random(len(account)) ** 1.8).astype(np.int64)
        there = (stays.joined[pick] <= day) & (day < stays.left[pick])
        speaker = np.where((speaker < 0) & there, pick, speaker)
    return speaker


def _resolutions(threads: Threads, rng: np.random.Generator) -> Ints:
    """The second at which each ticket or chat is resolved, slower where things stand badly; NEVER * DAY when not."""
    formal = np.isin(threads.channel, (CHANNELS.index("ticket"), CHANNELS.index("chat")))
    hours = rng.lognormal(2.9 + 0.7 * threads.trouble + 0.5 * (threads.mood == NEGATIVE), 0.9)
    open_still = rng.random(len(threads)) < UNRESOLVED * (1 + 2 * threads.trouble)
    return np.where(formal & ~open_still, threads.moment + (hours * 3600).astype(np.int64), NEVER * DAY)


def _spoken(threads: Threads, resolved: Ints, time: Timeline, rng: np.random.Generator) -> Turns:
    """First word, reply, answer and rating of every thread, as far as they fall in the span."""
    first = _first_words(threads)
    reply = _replies(threads, rng)
    answer = _answers(threads, reply, rng)
    rating = _ratings(threads, resolved, rng)
    parts = [[getattr(part, name) for part in (first, reply, answer, rating)] for name in Turns.__dataclass_fields__]
    turns = Turns(*(np.concatenate(part) for part in parts))
    order = np.argsort(turns.moment, kind="stable")
    order = order[turns.moment[order] < time.days * DAY]
    return Turns(*(getattr(turns, name)[order] for name in Turns.__dataclass_fields__))


def _first_words(threads: Threads) -> Turns:
    direction = np.array([topic.begun_by for topic in TOPICS])[threads.topic]
    return Turns(
        np.arange(len(threads)), threads.moment, direction, threads.mood, threads.topic, _unrated(len(threads))
    )


def _unrated(count: int) -> Floats:
    return np.full(count, np.nan, np.float32)


def _replies(threads: Threads, rng: np.random.Generator) -> Turns:
    """Staff answer what customers begin, sooner on live channels; public words are answered half the time."""
    asked = np.array([topic.begun_by == IN for topic in TOPICS])[threads.topic]
    public = np.isin(threads.channel, PUBLIC)
    answered = np.flatnonzero(asked & (rng.random(len(threads)) < np.where(public, 0.5, 0.93)))
    live = np.isin(threads.channel[answered], [CHANNELS.index(name) for name in ("phone", "chat", "meeting")])
    hours = rng.lognormal(np.where(live, -1.5, 1.4), 0.9)
    mood = np.where(threads.mood[answered] == NEGATIVE, NEGATIVE, NEUTRAL)
    count = len(answered)
    moment = threads.moment[answered] + (hours * 3600).astype(np.int64)
    return Turns(answered, moment, np.full(count, OUT), mood, REPLIES[threads.topic[answered]], _unrated(count))


def _answers(threads: Threads, reply: Turns, rng: np.random.Generator) -> Turns:
    """Customers answer some replies and most check-ins, fewer the worse things stand."""
    check_ins = np.flatnonzero(threads.topic == TOPIC_CODES.index("check_in"))
    thread = np.concatenate([reply.thread, check_ins])
    since = np.concatenate([reply.moment, threads.moment[check_ins]])
    eager = np.concatenate([np.full(len(reply.thread), 0.4), np.full(len(check_ins), 0.75)])
    trouble = threads.trouble[thread]
    does = rng.random(len(thread)) < eager * (1 - 0.4 * trouble)
    thread, since, trouble = thread[does], since[does], trouble[does]
    moment = since + (rng.lognormal(1.2, 1.0, len(thread)) * 3600).astype(np.int64)
    count, draw = len(thread), rng.random(len(thread))
    mood = np.where(draw < 0.05 + 0.4 * trouble, NEGATIVE, np.where(draw > 0.7 + 0.25 * trouble, POSITIVE, NEUTRAL))
    return Turns(thread, moment, np.full(count, IN), mood, ANSWERS[threads.topic[thread]], _unrated(count))


def _ratings(threads: Threads, resolved: Ints, rng: np.random.Generator) -> Turns:
    """Some customers rate a resolved ticket a few hours later; the rating is an interaction of its own."""
    thread = np.flatnonzero((resolved < NEVER * DAY) & (rng.random(len(threads)) < RATED))
    slow = np.log1p((resolved[thread] - threads.moment[thread]) / DAY)
    felt = np.array([3.0, 4.2, 4.7])[threads.mood[thread]] - 0.4 * slow - 0.8 * threads.trouble[thread]
    rating = np.clip(np.rint(felt + rng.normal(0, 0.8, len(thread))), 1, 5).astype(np.float32)
    mood = np.digitize(rating, (2.5, 3.5))
    moment = resolved[thread] + rng.integers(600, DAY // 2, len(thread))
    count = len(thread)
    return Turns(thread, moment, np.full(count, IN), mood, np.full(count, RATING), rating)


def _as_frame(threads: Threads, turns: Turns, resolved: Ints, time: Timeline, rng: np.random.Generator) -> pd.DataFrame:
    thread = turns.thread
    opening = turns.pool < OPENINGS
    rated = turns.pool == RATING
    channel: Ints = np.where(rated, CHANNELS.index("in_app"), threads.channel[thread])
    ticket = opening & (channel == CHANNELS.index("ticket"))
    settled = resolved[thread] < time.days * DAY  # every turn of a thread that was resolved says when
    return pd.DataFrame(
        {
            "account": threads.account[thread].astype(np.int32),
            "contact": np.where(turns.direction == INTERNAL, -1, threads.contact[thread]).astype(np.int32),
            "thread": thread.astype(np.int32),
            "happened_at": _moments(turns.moment, time),
            "channel": pd.Categorical.from_codes(channel, pd.Index(CHANNELS)),
            "direction": pd.Categorical.from_codes(turns.direction, pd.Index(DIRECTIONS)),
            "subject": pd.Series(_subjects()[threads.topic[thread], threads.area[thread]], dtype=object),
            "text": pd.Series(_texts(turns, threads.area[thread], rng), dtype=object),
            "priority": pd.Categorical.from_codes(
                _priorities(ticket, turns.mood, threads.topic[thread], rng), pd.Index(PRIORITIES)
            ),
            "escalated": _escalations(ticket, threads, thread, rng),
            "satisfaction": turns.rating,
            "resolved_at": np.where(settled, _moments(resolved[thread], time), np.datetime64("NaT", "s")),
            "reach": _reach(channel, opening, rng),
        }
    )


def _moments(seconds: Ints, time: Timeline) -> np.ndarray:
    return np.datetime64(time.first_day, "s") + seconds.astype("timedelta64[s]")


def _priorities(ticket: Flags, mood: Ints, topic: Ints, rng: np.random.Generator) -> Ints:
    """Index into PRIORITIES; only tickets have one."""
    usual = rng.choice((1, 2, 3), len(mood), p=(0.25, 0.6, 0.15))
    level = np.where(mood == NEGATIVE, np.minimum(usual + 1, 4), usual)
    return np.where(ticket, np.where(topic == OUTAGE, 4, level), 0)


def _escalations(ticket: Flags, threads: Threads, thread: Ints, rng: np.random.Generator) -> Flags:
    chance = np.where(threads.topic == OUTAGE, 0.5, np.where(threads.mood == NEGATIVE, 0.12, 0.01))
    return ticket & (rng.random(len(ticket)) < chance[thread])


def _reach(channel: Ints, opening: Flags, rng: np.random.Generator) -> Floats:
    """Readers of a public first word; NaN for what is said in private."""
    reach = np.full(len(channel), np.nan, np.float32)
    for name, (middle, spread) in REACH.items():
        public = opening & (channel == CHANNELS.index(name))
        reach[public] = np.rint(rng.lognormal(middle, spread, public.sum())) + 1
    return reach


@cache
def _subjects() -> np.ndarray:
    """[topics, areas]"""
    return np.array([[SUBJECTS[code].format(area=area) for area in AREAS] for code in TOPIC_CODES], object)


@cache
def _library() -> tuple[np.ndarray, Ints, Ints]:
    """All texts in one row, and where those of [pool, mood, area] begin and how many there are."""
    texts: list[str] = []
    begin, count = (np.zeros((len(_POOLS), 3, len(AREAS)), np.int64) for _ in range(2))
    for pool, mood, area in np.ndindex(begin.shape):
        own = PHRASES.get((_POOLS[pool], mood)) or PHRASES.get((_POOLS[pool], NEUTRAL), (("",), ("",), ("",)))
        begin[pool, mood, area] = len(texts)
        texts += sentences(own, AREAS[area])
        count[pool, mood, area] = len(texts) - begin[pool, mood, area]
    return np.array(texts, object), begin, count


def _texts(turns: Turns, area: Ints, rng: np.random.Generator) -> np.ndarray:
    texts, begin, count = _library()
    key = (turns.pool, turns.mood, area)
    chosen: np.ndarray = texts[begin[key] + rng.integers(0, count[key])]
    return chosen
