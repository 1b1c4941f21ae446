"""A training's report in words that a customer success manager reads: what it says, how sure, against what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.http.words import count, counted, percent
from app.health.models import ModelCheck, ModelVersion

HORIZON = "90"
NEAR = 0.2  # a book-wide miss of the expected number that still counts as right


@dataclass(frozen=True)
class Measure:
    """A figure of a report by the name and the words that explain it; `best` says which way is good."""

    code: str
    title: str
    says: str
    best: str
    is_share: bool = False

    def write(self, value: float | None) -> str:
        if value is None:
            return "unknown"
        return percent(value) if self.is_share else f"{value:.{2 if abs(value) >= 0.1 else 3}f}".replace("-", "−")


MEASURES = (
    Measure(
        "roc_auc",
        "Ranks the leaver first",
        "Take one account that left and one that stayed: how often had the model put the leaver higher? 50 % is a coin"
        " toss. (ROC AUC)",
        "higher is better",
        is_share=True,
    ),
    Measure(
        "top_decile_lift",
        "Lift of the riskiest tenth",
        "How many times as often the riskiest tenth of accounts left as all accounts did.",
        "higher is better, 1 is no better than picking at random",
    ),
    Measure(
        "arr_captured",
        "Lost ARR that was on the list",
        "Of the revenue that left, how much belonged to the accounts a team would have looked after, had it taken those"
        " with most revenue at risk each month.",
        "higher is better",
        is_share=True,
    ),
    Measure(
        "left_to_expected",
        "Left for each one expected",
        "How many accounts left, divided by how many the risks add up to. 1 is right; 1.2 says the risks are too low.",
        "1 is right",
    ),
    Measure(
        "calibration_error",
        "Distance from the truth",
        "Accounts are put into ten groups by risk; how far, on average, the risk told is from the share that left."
        " (expected calibration error)",
        "lower is better",
        is_share=True,
    ),
    Measure(
        "calibration_slope",
        "Boldness",
        "Whether high risks are high enough and low ones low enough: below 1 they are too extreme, above 1 too timid."
        " (calibration slope)",
        "1 is right",
    ),
    Measure(
        "brier_skill",
        "Better than the average alone",
        "How much smaller the squared error is than if every account were given the book's average. (Brier skill)",
        "above 0 knows something",
        is_share=True,
    ),
    Measure(
        "pr_auc",
        "Precision over the whole list",
        "Going down the list from the riskiest: which share of those passed had left, averaged over the leavers."
        " (average precision)",
        "higher is better",
        is_share=True,
    ),
    Measure(
        "log_loss",
        "Error",
        "A penalty for every risk, the larger the surer it was and the more wrong. It decides between two models."
        " (log loss)",
        "lower is better",
    ),
)
BY_CODE = {measure.code: measure for measure in MEASURES}
TERMS = (
    ("Champion", "The model in force: its risks are those on every page."),
    ("Challenger", "A model that passed its tests and is kept, but is not in force."),
    ("Months it had not seen", "Months after the last day the model had learnt from when it was asked about them."),
    ("Between … and …", "In 95 of 100 redraws of the accounts the figure fell in this range: a wide one is a guess."),
    ("Base rate", "The share of all accounts that left before: what one would say without looking at an account."),
    ("Spreadsheet", "The days to renewal and the change in usage alone: what one could do without a model."),
    ("Drift", "How far the accounts of today look unlike those the model learnt from, signal by signal."),
)


@dataclass(frozen=True)
class Headline:
    """One sentence for somebody in a hurry. `tone`: better, watch, worse or waiting."""

    tone: str
    title: str
    sentence: str


def headline(champion: ModelVersion | None, newest: ModelVersion | None, check: ModelCheck | None) -> Headline:
    """Say whether the risk figures can be trusted."""
    if champion is None:
        missing = " ".join(missing_of(newest)) if newest else "The first training has not run yet."
        return Headline(
            "waiting",
            "There is no model yet",
            f"{missing} Until then every account is shown the base rate of its kind of contract, and the page says so.",
        )
    if check is not None and check.breach:
        return Headline("worse", "The risk figures need a look", check.breach)
    found = figure(champion.report, "left_to_expected")
    if found is None:
        return Headline("better", "A model is in force", " ".join(champion.verdict))
    value, low, high = (100 * (found[part] or 0.0) for part in ("value", "low", "high"))
    said = f"For every 100 accounts it said would leave within 90 days, {low:.0f} to {high:.0f} did."
    if low <= 100 <= high or abs(value / 100 - 1) <= NEAR:
        return Headline("better", "The risk figures can be trusted", said)
    how = "low" if value > 100 else "high"
    return Headline("watch", "The order can be trusted, the size of the risks less", f"{said} The risks are too {how}.")


def missing_of(version: ModelVersion) -> list[str]:
    """Say what a refused training lacked: months, churns, or any sign of what is to come."""
    report, needed = version.report, version.report.get("needed")
    if not needed:
        return list(version.verdict)
    months, churns = report.get("history_months") or 0, report.get("churns")
    said = []
    if months < needed["months"]:
        said.append(f"There are {months:g} months of history; {needed['months']} are needed.")
    if churns is not None and churns < needed["churns"]:
        lacking = needed["churns"] - churns
        left = counted(churns, "account has", "accounts have")
        said.append(f"{left} left in it; {needed['churns']} are needed, {lacking} more.")
    return said or list(version.verdict)


def figure(report: Mapping[str, Any], code: str, horizon: str = HORIZON) -> dict[str, float | None] | None:
    """Give a measure on unseen months as {value, low, high}, None where it was not measured."""
    found = (report.get("unseen_months") or {}).get(horizon) or {}
    measured: dict[str, float | None] | None = (found.get("measures") or {}).get(code)
    return measured if measured and measured["value"] is not None else None


def table_beside(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give each measure of the model with its interval, and beside it what the baselines and the challenger reach."""
    rivals = {
        "base_rate": (report.get("baselines") or {}).get("base_rate"),
        "spreadsheet": (report.get("baselines") or {}).get("spreadsheet"),
        "challenger": report.get("challenger"),
        "unseen_accounts": report.get("unseen_accounts"),
    }
    return [
        {"measure": measure, "model": interval(measure, found)}
        | {name: _value(measure, rival) for name, rival in rivals.items()}
        for measure in MEASURES
        if (found := figure(report, measure.code))
    ]


def interval(measure: Measure, found: Mapping[str, float | None] | None) -> dict[str, str]:
    """Write a figure and its range."""
    if found is None or found.get("value") is None:
        return {"value": "unknown", "range": ""}
    low, high = found.get("low"), found.get("high")
    return {
        "value": measure.write(found["value"]),
        "range": f"{measure.write(low)} to {measure.write(high)}" if low is not None and high is not None else "",
    }


def by_horizon(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give a row a horizon: counts, and the figures that matter with their ranges and how surely rivals are beaten."""
    rows = []
    for days, found in sorted((report.get("unseen_months") or {}).items(), key=lambda item: int(item[0])):
        row: dict[str, Any] = {"days": int(days), "found": found}
        if found:
            beaten = found.get("baselines") or {
                name: each["compared"] for name, each in (report.get("baselines") or {}).items()
            }
            row |= {"beaten": _beaten(beaten)} | _figures(found)
        rows.append(row)
    return rows


def by_segment(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give a row a segment, in the same figures."""
    return [
        {**each, "found": each["measures"], "beaten": _beaten(each.get("baselines") or {}), **_figures(each)}
        for each in report.get("segments") or ()
    ]


def hit_sentence(report: Mapping[str, Any]) -> str:
    """Say of the newest tested day what became of the accounts that were ranked highest."""
    hits = report.get("hits")
    if not hits:
        return ""
    each = hits[0]
    return (
        f"Of the {count(each['ranked'])} accounts ranked in the riskiest tenth, {count(each['left'])} left within 90"
        f" days; of the {count(each['others'])} others, {count(each['others_left'])}."
    )


def changed(version: ModelVersion, former: ModelVersion | None) -> list[str]:
    """Say what differs from the training before."""
    if former is None:
        return ["It is the first training."]
    new, old = version.report, former.report
    said = [
        f"{title}: {count(old.get(key))} before, {count(new.get(key))} now."
        for key, title in (("churns", "Churns learnt from"), ("accounts", "Accounts"), ("rows", "Rows"))
        if old.get(key) != new.get(key) and new.get(key) is not None and old.get(key) is not None
    ]
    if old.get("learner") != new.get("learner") and old.get("learner") and new.get("learner"):
        said.append(f"The learner: {old['learner']} before, {new['learner']} now.")
    said += [f"{word} the signal {code}." for word, code in _signals(new, old)]
    said += list(_figures_changed(new, old))
    if old.get("libraries") and old.get("libraries") != new.get("libraries"):
        said.append("Other versions of the libraries it is made with.")
    return said or ["Nothing that it says of itself."]


def _figures_changed(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    for measure in (BY_CODE["roc_auc"], BY_CODE["left_to_expected"]):
        was, now = figure(old, measure.code), figure(new, measure.code)
        if was and now and measure.write(was["value"]) != measure.write(now["value"]):
            yield f"{measure.title}: {measure.write(was['value'])} before, {measure.write(now['value'])} now."


def _signals(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[tuple[str, str]]:
    now, was = set(new.get("signals") or ()), set(old.get("signals") or ())
    if not now or not was:
        return []
    return [("Reads", code) for code in sorted(now - was)] + [("No longer reads", code) for code in sorted(was - now)]


def _beaten(compared: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: each["share_lower"] for name, each in compared.items()}


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    measures = found.get("measures") or {}
    return {
        code: interval(BY_CODE[code], measures.get(code))
        for code in ("roc_auc", "left_to_expected", "top_decile_lift", "calibration_error")
    }


def _value(measure: Measure, rival: Mapping[str, Any] | None) -> str:
    return measure.write(((rival or {}).get("measures") or {}).get(measure.code, {}).get("value"))


def bins_of(report: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Give the groups of the calibration plot: rows, mean risk, share that left."""
    found: Sequence[Mapping[str, Any]] = ((report.get("unseen_months") or {}).get(HORIZON) or {}).get("bins") or ()
    return found
