"""How refused forms are answered: to the script as a problem, to a browser without it as a page."""

import pytest

from app.accounts import summarising
from app.accounts.intake import recording
from tests.cast import NOW, TODAY

SCRIPT = {"Accept": "application/problem+json, text/html;q=0.9"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
HOME = "http://localhost"


@pytest.fixture
def owner(cast, sign_in):
    return sign_in(cast.owner)


@pytest.fixture
def notes(cast):
    made = recording.record_accounts([{"external_id": "acme", "name": "Acme"}], NOW)
    summarising.refresh(sorted(made.account_ids), TODAY)
    return f"/accounts/{next(iter(made.account_ids))}/interactions"


def test_a_script_gets_the_problem_with_the_field_it_is_about(owner, notes):
    answer = owner.post(notes, data={"body": " "}, headers=SCRIPT)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json["errors"] == [{"pointer": "body", "detail": "Write down what was said."}]


def test_htmx_gets_a_problem_too(owner, notes):
    answer = owner.post(notes, data={"body": ""}, headers={**BROWSER, "HX-Request": "true"})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_a_script_is_told_where_to_go_and_the_message_waits_for_that_page(owner, notes):
    told = owner.post(notes, data={"body": "They like it."}, headers=SCRIPT)
    assert (told.status_code, told.data) == (204, b"")
    assert told.location == notes.replace("/interactions", "#timeline")
    assert "Kept on the timeline." in owner.get(told.location).text
    assert "Kept on the timeline." not in owner.get(told.location).text


@pytest.mark.parametrize("headers", [BROWSER, {}, {"Accept": "*/*"}])
def test_a_browser_follows_a_redirect_as_ever(owner, notes, headers):
    assert owner.post(notes, data={"body": "They like it."}, headers=headers).status_code == 302


def test_a_page_about_a_mistake_says_it_once_and_leads_back_to_the_form(owner, notes):
    came_from = notes.replace("/interactions", "?show=talk")
    page = owner.post(notes, data={"body": ""}, headers={**BROWSER, "Referer": f"{HOME}{came_from}"})
    assert page.status_code == 422
    assert page.text.count("Write down what was said.") == 1
    assert f'href="{came_from}" data-back>Go back and mend it<' in page.text
    assert "Go to your day" in page.text
    assert "<h1>Not kept yet</h1>" in page.text


@pytest.mark.parametrize("came_from", ["", "https://evil.example/accounts/1", "http://localhost//evil.example"])
def test_a_page_about_a_mistake_leads_to_no_other_site(owner, notes, came_from):
    page = owner.post(notes, data={"body": ""}, headers={**BROWSER, "Referer": came_from}).text
    assert "mend it" not in page
    assert "evil.example" not in page


def test_a_page_names_fields_in_words_and_a_machine_by_their_names(owner, notes):
    sent = {"body": "b" * 20_001}
    assert (
        "“Body” may have up to 20,000 letters; this has 20,001." in owner.post(notes, data=sent, headers=BROWSER).text
    )
    assert owner.post(notes, data=sent, headers=SCRIPT).json["detail"].startswith("`body` may have")


def test_a_form_older_than_the_session_says_what_to_do(owner, notes):
    answer = owner.post(notes, data={"body": "x"}, headers={**SCRIPT, "X-CSRFToken": "stale"})
    assert (answer.status_code, answer.json["code"]) == (400, "form_outlived")
    assert "reload the page" in answer.json["detail"]
