"""The verdict: may this model be shown? Said in words, with the figures that decided."""

from dataclasses import dataclass
from typing import Any

FEWEST_MONTHS, FEWEST_UNSEEN_CHURNS = 6, 8
SURE = 0.9  # share of bootstrap draws in which a model must beat a rival
STEEPEST_DOUBT = 0.5  # a calibration slope below this says the risks are mostly noise


@dataclass(frozen=True)
class Verdict:
    ready: bool
    sentences: tuple[str, ...]


def refused(*sentences: str) -> Verdict:
    return Verdict(ready=False, sentences=("No model can be trusted here: " + sentences[0], *sentences[1:]))


def verdict_on(found: dict[str, Any], base_rate: dict[str, Any], spreadsheet: dict[str, Any]) -> Verdict:
    """Judge measures on unseen months, and the paired comparisons of log loss with the two rivals."""
    auc, slope = found["measures"]["roc_auc"], found["measures"]["calibration_slope"]["value"]
    if found["churned_accounts"] < FEWEST_UNSEEN_CHURNS:
        return refused(
            f"only {found['churned_accounts']} accounts churned in the months kept for judging;"
            f" {FEWEST_UNSEEN_CHURNS} are needed."
        )
    doubts = [*_doubts_about_rank(auc), *_doubts_about_rivals(base_rate, spreadsheet)]
    if slope is None or slope < STEEPEST_DOUBT:
        doubts.append(f"its risks are too extreme there (calibration slope {_figure(slope)}; 1 is right).")
    if doubts:
        return refused("on months it had not seen, " + doubts[0], *(_capital(doubt) for doubt in doubts[1:]))
    return Verdict(ready=True, sentences=_praise(found, base_rate, spreadsheet))


def _doubts_about_rank(auc: dict[str, Any]) -> list[str]:
    if auc["low"] is not None and auc["low"] > 0.5:
        return []
    return [
        f"it ranks churns no better than chance: {_figure(auc['value'])} AUC,"
        f" between {_figure(auc['low'])} and {_figure(auc['high'])} (0.5 is chance)."
    ]


def _doubts_about_rivals(base_rate: dict[str, Any], spreadsheet: dict[str, Any]) -> list[str]:
    rivals = {"the base rate": base_rate, "the days to renewal and the usage change alone": spreadsheet}
    return [
        f"it is not reliably better than {rival}: better in {_percent(compared['share_lower'])} of redraws,"
        f" {_percent(SURE)} are asked."
        for rival, compared in rivals.items()
        if (compared["share_lower"] or 0.0) < SURE
    ]


def _praise(found: dict[str, Any], base_rate: dict[str, Any], spreadsheet: dict[str, Any]) -> tuple[str, ...]:
    measures = found["measures"]
    auc, lift, slope = (measures[name] for name in ("roc_auc", "top_decile_lift", "calibration_slope"))
    return (
        f"On months it had not seen, the model ranks a churned account above one that stayed in"
        f" {_percent(auc['value'])} of pairs (between {_percent(auc['low'])} and {_percent(auc['high'])}).",
        f"The riskiest tenth churned {lift['value']:.1f} times as often as all.",
        f"It beats the base rate in {_percent(base_rate['share_lower'])} of redraws, and the days to renewal with the"
        f" usage change in {_percent(spreadsheet['share_lower'])}.",
        f"Its risks can be read as chances: calibration slope {_figure(slope['value'])},"
        f" between {_figure(slope['low'])} and {_figure(slope['high'])} (1 is right).",
    )


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.0f} %"


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
