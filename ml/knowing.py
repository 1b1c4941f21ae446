"""Facts as they were known at the end of a day, and as they are known with hindsight."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.facts import Facts, IntArray, empty
from ml.lives import days

BITS: IntArray = np.arange(31)
DUST = 1e-12
"""What is left, as a share, when fractions are taken away in another order than they were added: nothing."""


def usage_as_known(facts: Facts, day: np.datetime64) -> npt.NDArray[np.float32]:
    """Return daily usage less what became known after `day`: [accounts, meters, days]."""
    later = facts.late_usage[days(facts.late_usage["known_on"]) > day]
    at = (days(later["day"]) - np.datetime64(facts.first_day, "D")).astype(np.int64)
    seen = (at >= 0) & (at < facts.usage.shape[2])
    if not seen.any():
        return facts.usage
    cells = later[seen].assign(at=at[seen]).groupby(["account", "meter", "at"], sort=True)
    quantity, total = cells["quantity"].sum(), cells["total"].first()
    rest = total.to_numpy(float) - quantity.to_numpy(float)
    rest[np.abs(rest) < DUST * np.maximum(np.abs(total), np.abs(quantity))] = 0.0
    known = facts.usage.copy()
    known[tuple(quantity.index.get_level_values(level).to_numpy() for level in range(3))] = rest
    return known


def people_as_known(facts: Facts, day: np.datetime64) -> pd.DataFrame:
    """Return `user_months` without the days noted after `day`, and with those taken away after it."""
    later = facts.late_users[days(facts.late_users["known_on"]) > day]
    if later.empty:
        return facts.user_months
    undone = _undone(later)
    ours = facts.user_months["account"].isin(undone["account"]).to_numpy()
    theirs = facts.user_months[ours].merge(undone, on=["account", "user", "month"], how="outer").fillna(0)
    bits = theirs[["days", "taken", "noted"]].astype(np.int64)
    theirs = theirs.assign(days=(bits["days"] | bits["taken"]) & ~bits["noted"])[["account", "user", "month", "days"]]
    return pd.concat([facts.user_months[~ours], theirs[theirs["days"] != 0]], ignore_index=True)


def rows_as_known(facts: Facts, name: str, day: np.datetime64) -> pd.DataFrame:
    """Return the rows of a frame, those that were changed after `day` with what they said at its end."""
    rows: pd.DataFrame = getattr(facts, name)
    former: pd.DataFrame = getattr(facts, f"former_{name}")
    stood = former[(days(former["since"]) <= day) & (days(former["until"]) > day)]
    if stood.empty:
        return rows
    said = stood.drop_duplicates("key").set_index("key").drop(columns=["account", "since", "until"])
    changed = rows["key"].isin(said.index).to_numpy()
    then = said.loc[rows["key"][changed]]
    known = rows.copy()
    for column in then:
        known.loc[changed, column] = then[column].to_numpy()
    return known


def with_hindsight(facts: Facts) -> Facts:
    """Return the same facts, each known since it happened."""
    subscriptions, contacts = facts.subscriptions, facts.contacts
    ended = subscriptions["ended_on"]
    known = subscriptions["known_end_on"].where(subscriptions["known_end_on"] < ended, ended)
    return replace(
        facts,
        subscriptions=subscriptions.assign(known_end_on=known),
        interactions=facts.interactions.assign(known_on=facts.interactions["happened_on"]),
        contacts=contacts.assign(known_left_on=contacts["left_on"]),
        late_usage=empty("late_usage"),
        late_users=empty("late_users"),
        former_subscriptions=empty("former_subscriptions"),
        former_interactions=empty("former_interactions"),
        former_contacts=empty("former_contacts"),
    )


def _undone(later: pd.DataFrame) -> pd.DataFrame:
    """Return, by person and month, the days to put back (`taken`) and to leave out (`noted`).

    Day by day they cancel out: what was noted, taken and noted again was, in the end, noted.
    """
    signs = np.where(later["is_gone"].to_numpy(bool), -1, 1)[:, None]
    changes = pd.DataFrame(((later["days"].to_numpy(np.int64)[:, None] >> BITS) & 1) * signs)
    sums = changes.groupby([later[name].to_numpy() for name in ("account", "user", "month")]).sum()
    found = pd.DataFrame(sums.index.to_list(), columns=["account", "user", "month"])
    change = sums.to_numpy()
    return found.assign(taken=(change < 0) @ (1 << BITS), noted=(change > 0) @ (1 << BITS))
