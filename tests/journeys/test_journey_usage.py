import re

import httpx

from app.local.processes import wait_until


def test_posted_usage_is_counted_once_scored_and_shown_on_the_accounts_page(company):
    key = _make_key(company)
    page = f"/accounts/{company.account('A-1')}"
    before = company.ada.read(page)
    assert "Webhooks" not in before
    company.ada.post("/data/meters", on="/data", code="webhooks", kind="sum")
    events = [{"id": f"e-{n}", "account": "A-1", "meter": "webhooks", "quantity": 7, "user": f"u{n}"} for n in range(6)]
    for expected in ((6, 0), (0, 6)):
        answer = httpx.post(
            f"{company.product.address}/api/v1/usage",
            json={"events": events},
            headers={"Authorization": f"Bearer {key}"},
        )
        assert (answer.status_code, answer.json()["accepted"], answer.json()["duplicates"]) == (200, *expected)
    scored = "SELECT count(*) AS n FROM touched_account"
    assert wait_until(lambda: company.product.rows(scored)[0].n == 0, within_s=90, pause_s=0.5)
    assert wait_until(lambda: "6 people active in 28 days" in company.ada.read(page), within_s=30, pause_s=0.5)
    assert re.search(r"<td>webhooks</td>.*?>42</td>", company.ada.read(page), re.DOTALL)


def _make_key(company) -> str:
    answer = company.ada.post("/settings/keys", on="/settings/keys", name="product backend", scopes="usage:write")
    return re.search(r'<code id="key">(prn_[^<]+)</code>', answer.text)[1]
