"""What a model does not know, in words: its card says so before anybody finds out."""

from typing import Any

from ml.features import MONTHS
from ml.hazard.model import HazardModel

FEW = 100


def limits_of(model: HazardModel, report: dict[str, Any], *, is_sample: bool) -> list[str]:
    """Return the known limits of a model that passed its tests."""
    said = [
        "It foretells what happens if nobody acts: what accounts did after a playbook began was not learnt from.",
        "Accounts that have given notice are left out: their leaving is known, not foretold.",
        "Only leaving for good is foretold, not a contract that becomes smaller.",
    ]
    if report["churns"] < FEW:
        said.append(f"It has seen {report['churns']} accounts leave. Below {FEW}, every figure here is a wide guess.")
    if "tempered" in model.about:
        said.append(
            "Left alone it was too sure of itself even about the accounts it had learnt from: what sets accounts apart"
            f" counts {100 * model.about['tempered']:.0f} % for that."
        )
    if model.months_seen < MONTHS:
        said.append(
            f"Nobody was watched for longer than {model.months_seen} months: beyond, the last month's rate is repeated."
        )
    unjudged = [days for days, found in report["unseen_months"].items() if found is None]
    if unjudged:
        said.append(
            f"Its risks within {' and '.join(unjudged)} days could not be judged yet: that long has not passed since."
        )
    said += [_bias(days, found) for days, found in report["unseen_months"].items() if found and _is_biased(found)]
    thin = [each["segment"] for each in report["segments"] if each["measures"] is None]
    if thin:
        said.append(f"Too few left to judge it apart for: {', '.join(thin)}.")
    if is_sample:
        said.append(f"It was learnt from a random sample of {report['accounts']} accounts of a larger book.")
    return said


def _is_biased(found: dict[str, Any]) -> bool:
    ratio = found["measures"]["left_to_expected"]
    return ratio["low"] is not None and not ratio["low"] <= 1 <= ratio["high"]


def _bias(days: str, found: dict[str, Any]) -> str:
    ratio = found["measures"]["left_to_expected"]
    said = f"{ratio['value']:.2f} accounts left for each one expected ({ratio['low']:.2f} to {ratio['high']:.2f})"
    return f"Within {days} days {said}: its risks of that length are too {'low' if ratio['value'] > 1 else 'high'}."
