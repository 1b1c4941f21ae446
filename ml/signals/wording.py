"""Small turns of phrase shared by the signals' sentences."""


def figure(value: float) -> str:
    """Return a number as people write it: 1,204 or 3.4."""
    whole = round(value)
    digits = f"{whole:,}" if abs(value) >= 10 or abs(value - whole) < 0.05 else f"{value:.1f}"
    return digits if value >= 0 else digits.replace("-", "\N{MINUS SIGN}")


def count(number: float, noun: str) -> str:
    """Return e.g. "1 ticket", "no tickets", "12 tickets"."""
    whole = round(number)
    return f"{f'{whole:,}' if whole else 'no'} {noun}{'' if whole == 1 else 's'}"


def share(value: float) -> str:
    """Return a fraction as a percentage: 0.42 is "42 %"."""
    return f"{round(100 * value)} %"


def moved(what: str, before: float, now: float, span: str) -> str:
    """Return e.g. "active users fell from 42 to 18 in four weeks"."""
    if figure(before) == figure(now):
        return f"{what} stayed at {figure(now)} over {span}"
    verb = "fell" if now < before else "rose"
    return f"{what} {verb} from {figure(before)} to {figure(now)} in {span}"


def changed(value: float) -> str:
    """Return how a figure that changed by a fraction had gone: "held", "risen by 8 %", "fallen by 8 %"."""
    if abs(value) < 0.03:
        return "held"
    return f"{'risen' if value > 0 else 'fallen'} by {share(abs(value))}"
