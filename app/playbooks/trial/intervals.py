"""Intervals of rates and of the difference between two rates, from counts."""

from math import sqrt
from statistics import NormalDist

Interval = tuple[float, float]


def wilson(events: int, of: int, confidence: float = 0.95) -> Interval:
    """Give the score interval of a rate. Wilson (1927), JASA 22:209-212. No observations: everything is possible."""
    if of == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, shrink = events / of, 1 + z * z / of
    middle = (rate + z * z / (2 * of)) / shrink
    reach = z * sqrt(rate * (1 - rate) / of + z * z / (4 * of * of)) / shrink
    return max(0.0, min(rate, middle - reach)), min(1.0, max(rate, middle + reach))


def difference(a: tuple[int, int], b: tuple[int, int], confidence: float = 0.95) -> Interval:
    """Give the interval of rate(a) − rate(b), each (events, of): the hybrid score method.

    Newcombe (1998), Statistics in Medicine 17:873-890, method 10.
    """
    if a[1] == 0 or b[1] == 0:
        return -1.0, 1.0
    (low_a, high_a), (low_b, high_b) = wilson(*a, confidence), wilson(*b, confidence)
    rate_a, rate_b = a[0] / a[1], b[0] / b[1]
    middle = rate_a - rate_b
    return middle - sqrt((rate_a - low_a) ** 2 + (high_b - rate_b) ** 2), middle + sqrt(
        (high_a - rate_a) ** 2 + (rate_b - low_b) ** 2
    )
