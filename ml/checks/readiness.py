"""The verdict: may this model be shown? Said in words, with the figures that decided."""

from dataclasses import dataclass
from typing import Any

FEWEST_MONTHS, FEWEST_UNSEEN_CHURNS = 6, 8
SURE, LIKELY = 0.9, 0.8  # share of bootstrap draws in which a model must beat the base rate, and the spreadsheet
NEARLY_RIGHT = 0.8, 1.25  # calibration slopes with which risks can be read as chances
NEARLY_LEVEL = 0.2  # how far the number of those that left may be from the number expected, in shares of it
STEEPEST_DOUBT = 0.5  # a calibration slope below this says the risks are mostly noise


@dataclass(frozen=True)
class Verdict:
    ready: bool
    sentences: tuple[str, ...]


def refused(*sentences: str) -> Verdict:
    return Verdict(ready=False, sentences=("No model can be trusted here: " + sentences[0], *sentences[1:]))


def verdict_on(found: dict[str, Any], base_rate: dict[str, Any], spreadsheet: dict[str, Any]) -> Verdict:
    """Judge measures on unseen months, and the paired comparisons of log loss with the two rivals."""
    churned = found["churned_accounts"]
    if churned < FEWEST_UNSEEN_CHURNS:
        need = f"{FEWEST_UNSEEN_CHURNS} are needed."
        return refused(f"only {churned} accounts churned in the months kept for judging; {need}")
    doubts = [
        *_doubts_about_rank(found["measures"]["roc_auc"]),
        *_doubts_about_rival(base_rate, "the base rate", SURE),
        *_doubts_about_rival(spreadsheet, "the days to renewal and the usage change alone", LIKELY),
        *_doubts_about_size(found["measures"]["calibration_slope"]["value"]),
    ]
    if doubts:
        return refused("on months it had not seen, " + doubts[0], *(_capital(doubt) for doubt in doubts[1:]))
    return Verdict(ready=True, sentences=_praise(found["measures"], base_rate, spreadsheet))


def _doubts_about_rank(auc: dict[str, Any]) -> list[str]:
    if auc["low"] is not None and auc["low"] > 0.5:
        return []
    between = f"between {_figure(auc['low'])} and {_figure(auc['high'])}"
    return [f"it ranks churns no better than chance: {_figure(auc['value'])} AUC, {between} (0.5 is chance)."]


def _doubts_about_rival(compared: dict[str, Any], rival: str, asked: float) -> list[str]:
    share = compared["share_lower"] or 0.0
    if share >= asked:
        return []
    return [
        f"it is not reliably better than {rival}: better in {_percent(share)} of redraws; {_percent(asked)} are asked."
    ]


def _doubts_about_size(slope: float | None) -> list[str]:
    if slope is not None and slope >= STEEPEST_DOUBT:
        return []
    return [f"its risks are too extreme there (calibration slope {_figure(slope)}; 1 is right)."]


def _praise(measures: dict[str, Any], base_rate: dict[str, Any], spreadsheet: dict[str, Any]) -> tuple[str, ...]:
    auc, slope = measures["roc_auc"], measures["calibration_slope"]
    pairs = f"{_percent(auc['value'])} of pairs (between {_percent(auc['low'])} and {_percent(auc['high'])})"
    rates = _percent(base_rate["share_lower"]), _percent(spreadsheet["share_lower"])
    return (
        f"On months it had not seen, the model ranks a churned account above one that stayed in {pairs}.",
        f"The riskiest tenth churned {measures['top_decile_lift']['value']:.1f} times as often as all.",
        f"It beats the base rate in {rates[0]} of redraws, and days to renewal with usage change in {rates[1]}.",
        _calibration(slope, measures["left_to_expected"]),
    )


def _is_level(left: dict[str, Any]) -> bool:
    """Tell whether as many left as the risks add up to, as far as redraws can say, or nearly so."""
    return bool((left["low"] or 0) <= 1 <= (left["high"] or 0) or abs((left["value"] or 0) - 1) <= NEARLY_LEVEL)


def _calibration(slope: dict[str, Any], left: dict[str, Any]) -> str:
    between = f"between {_figure(slope['low'])} and {_figure(slope['high'])}"
    sure = f"calibration slope {_figure(slope['value'])}, {between} (1 is right)."
    if NEARLY_RIGHT[0] <= slope["value"] <= NEARLY_RIGHT[1] and not _is_level(left):
        how = "low" if left["value"] > 1 else "high"
        said = f"for each account expected to leave {left['value']:.2f} did"
        return f"Its order and distances can be trusted, its risks as a whole are too {how} ({said}): {sure}"
    if NEARLY_RIGHT[0] <= slope["value"] <= NEARLY_RIGHT[1]:
        return f"Its risks can be read as chances: {sure}"
    if slope["value"] < 1:
        return f"Its high risks are too high and its low ones too low, so read them as an order: {sure}"
    return f"Its high risks are too low and its low ones too high, so read them as an order: {sure}"


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.0f} %"


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
