"""What playbooks truly do, seen beside the same company left alone."""

import numpy as np
import pandas as pd
import pytest

from app.demo.company import simulate
from tests.demo.conftest import day_of

DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def treated(company):
    """Every usage decline, treated two weeks after its onset."""
    episodes = company.truth.episodes
    declines = episodes[(episodes["cause"] == "usage_decline") & (day_of(company, episodes["onset_on"]) >= 0)]
    return pd.DataFrame(
        {
            "account": declines["account"],
            "playbook": "adoption-coaching",
            "from_on": declines["onset_on"] + 14 * DAY,
        }
    )


def test_a_playbook_in_time_eases_the_hazard_of_the_treated_only(company, treated):
    helped = simulate(seed=7, treated=treated)
    pd.testing.assert_frame_equal(helped.truth.episodes, company.truth.episodes)
    others = np.setdiff1d(np.arange(len(company)), treated["account"])
    np.testing.assert_array_equal(helped.truth.hazard[others], company.truth.hazard[others])
    assert len(helped.truth.churns) < len(company.truth.churns)


def test_on_a_monthly_plan_the_hazard_falls_by_the_playbooks_factor(company, treated):
    helped = simulate(seed=7, treated=treated)
    monthly = company.subscriptions.groupby("account")["term_months"].first() == 1
    own = treated[treated["account"].map(monthly)].drop_duplicates("account")
    factor = company.playbook_effects["adoption-coaching"].factor
    seen = 0
    for account, from_on in zip(own["account"], own["from_on"], strict=True):
        month = np.searchsorted(company.truth.months, from_on.to_datetime64(), side="left")
        before, after = (
            company.truth.hazard[account, month : month + 3],
            helped.truth.hazard[account, month : month + 3],
        )
        alive = (before > 0) & (before < 0.4) & (after > 0)
        seen += alive.sum()
        np.testing.assert_allclose(after[alive], factor * before[alive], rtol=1e-5)
    assert seen > 20


def test_too_late_or_for_another_cause_it_does_nothing(company, treated):
    late = treated.assign(from_on=treated["from_on"] + 90 * DAY).drop_duplicates("account")
    other = treated.assign(playbook="payment-reminder")
    once = company.truth.episodes.query("cause == 'usage_decline'")["account"].value_counts() == 1
    late = late[late["account"].map(once)]
    for plan in (late, other):
        np.testing.assert_array_equal(simulate(seed=7, treated=plan).truth.hazard, company.truth.hazard)


def test_an_unknown_playbook_is_refused(treated):
    with pytest.raises(KeyError, match="prayer"):
        simulate(seed=7, treated=treated.assign(playbook="prayer"))
