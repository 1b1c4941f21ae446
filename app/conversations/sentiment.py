"""The mood of what a customer wrote, with the words that decided it.

VADER (Hutto & Gilbert 2014) with a lexicon of support and contracts over it: it takes politeness for praise, and
does not know that "cancel" is bad news.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

VERSION = "vader-3.3.2+2"
_OURS = {
    "please": 0.0, "thanks": 0.4, "thank": 0.4, "support": 0.0, "help": 0.0, "issue": -0.6, "ticket": 0.0, "trust": 1.0,
    "outage": -2.6, "down": -1.2, "broken": -2.4, "bug": -1.4, "bugs": -1.4, "crash": -2.2, "slow": -1.6, "churn": -1.8,
    "cancel": -2.4, "cancelling": -2.6, "canceling": -2.6, "downgrade": -2.0, "escalate": -2.0, "escalated": -2.0,
    "refund": -1.8, "competitor": -1.8, "switching": -1.6, "unusable": -3.0, "waiting": -1.2, "again": -0.6,
    "blocked": -1.8, "workaround": -0.6, "renew": 1.0, "rollout": 0.8, "love": 3.0, "unacceptable": -3.2,
}  # fmt: skip
_QUOTED = re.compile(r"^\s*(>.*|On .{5,80} wrote:)$", re.MULTILINE)
_SIGNATURE = re.compile(r"\n-- ?\n.*", re.DOTALL)
_RISKY = {
    "cancel": re.compile(r"\bcancel(?!led the (call|meeting))", re.IGNORECASE),
    "competitor": re.compile(r"\b(competitor|alternative vendor|other vendors?|switch(ing)? to)\b", re.IGNORECASE),
    "legal": re.compile(r"\b(legal|lawyer|breach of contract|terminat)", re.IGNORECASE),
    "refund": re.compile(r"\b(refund|credit note|money back)\b", re.IGNORECASE),
}


@dataclass(frozen=True)
class Mood:
    """`score`: −1 to 1; `words` that carried it, strongest first; `flags`: phrases that mean risk whatever the tone."""

    score: float
    words: tuple[str, ...]
    flags: tuple[str, ...]


@lru_cache(maxsize=4096)
def mood_of(text: str) -> Mood:
    """Read the mood of a customer's own words; quoted replies and signatures are left out."""
    own = _SIGNATURE.sub("", _QUOTED.sub("", text)).strip()
    lexicon = _analyser().lexicon
    weighed = {word: lexicon.get(word, 0.0) for word in re.findall(r"[a-z']+", own.lower())}
    words = tuple(sorted((word for word in weighed if weighed[word]), key=lambda word: -abs(weighed[word]))[:4])
    return Mood(round(_analyser().polarity_scores(own)["compound"], 3), words, risky(own))


def risky(text: str) -> tuple[str, ...]:
    """Name the phrases in a text that mean risk."""
    return tuple(name for name, pattern in _RISKY.items() if pattern.search(text))


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    analyser = SentimentIntensityAnalyzer()
    analyser.lexicon.update(_OURS)
    return analyser
