"""Who is treated and who is held out: permuted blocks inside each stratum, drawn from a secret salt.

Accounts of a stratum take the places of its blocks in the order of a salted hash of their number, and in every block
a fixed number of places, chosen by a salted hash of the block, is held out. So the share holds in each stratum
to within one block however many accounts come and whenever they come; nobody who does not know the salt can foresee
an arm or steer an account into one; and the draw can be repeated from what is stored, to audit it.
Permuted blocks: Matts and Lachin (1988), Controlled Clinical Trials 9:327-344.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from math import ceil

TREATED = "treated"
HELD_OUT = "held out"

_LEAST_BLOCK = 10
_THIRDS = ("low", "middle", "high")


@dataclass(frozen=True)
class Thirds:
    """Where the book is cut in three, by risk and by ARR. Empty while the book knows no value."""

    risk: tuple[float, ...]
    arr: tuple[float, ...]

    def stratum(self, risk: float | None, arr_minor: int) -> str:
        """Name the stratum of an account."""
        of_risk = "unknown" if risk is None else _THIRDS[bisect_left(self.risk, risk)]
        return f"{of_risk} risk, {_THIRDS[bisect_left(self.arr, arr_minor)]} ARR"


def draw(salt: str, share: float, stratum: str, already: int, accounts: Iterable[int]) -> dict[int, str]:
    """Give the arm of each account of a stratum in which `already` accounts were drawn before."""
    order = sorted(accounts, key=lambda account: _hash(salt, "account", account))
    return {account: _arm(salt, share, stratum, already + place) for place, account in enumerate(order)}


def block_of(share: float) -> tuple[int, int]:
    """Give the size of a block and how many of its places are held out: 0.15 → (20, 3)."""
    exact = Fraction(share).limit_denominator(20)
    times = ceil(_LEAST_BLOCK / exact.denominator)
    return exact.denominator * times, exact.numerator * times


def _arm(salt: str, share: float, stratum: str, place: int) -> str:
    size, held = block_of(share)
    block, position = divmod(place, size)
    return HELD_OUT if position in _held_places(salt, stratum, block, size)[:held] else TREATED


@lru_cache(maxsize=1024)
def _held_places(salt: str, stratum: str, block: int, size: int) -> Sequence[int]:
    return sorted(range(size), key=lambda position: _hash(salt, stratum, block, position))


def _hash(*parts: object) -> bytes:
    return sha256("\x1f".join(map(str, parts)).encode()).digest()
