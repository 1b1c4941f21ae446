"""Forms in the browser: what is wrong is said beside its field, and nothing that was typed is lost."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.making import PEOPLE


@pytest.fixture
def address(product):
    """The page of the largest account of the person whose role is csm that has a renewal ahead."""
    found = product.rows(
        'SELECT s.account_id FROM account_summary s JOIN "user" u ON u.id = s.owner_id WHERE u.email = :email'
        " AND s.renews_on IS NOT NULL AND s.arr_minor > 0 ORDER BY s.arr_minor DESC LIMIT 1",
        email=PEOPLE["csm"],
    )
    return f"/accounts/{found[0].account_id}"


def test_a_refused_amount_is_said_at_its_field_and_all_that_was_typed_stays(browse, address):
    page = browse(address, "csm")
    page.locator("#make-call summary").click()
    form = page.locator("#make-call form")
    amount = form.get_by_label("ARR you expect")
    amount.fill("€87k")
    form.get_by_label("Because").fill("They told me so.")
    form.get_by_role("button", name="Make this call").click()
    message = form.get_by_role("alert")
    expect(message).to_have_text("Amounts here are in USD: write it without €.")
    expect(amount).to_be_focused()
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_have_accessible_description("Amounts here are in USD: write it without €.")
    expect(form.get_by_label("Because")).to_have_value("They told me so.")
    assert urlsplit(page.url).path == address
    amount.fill("1")
    expect(message).to_have_count(0)
    form.get_by_role("button", name="Make this call").click()
    expect(page.locator(".notice.success")).to_contain_text("is kept beside the model's.")
    expect(page.locator("#call")).to_contain_text("They told me so.")


def test_a_refused_judgement_marks_each_field_and_names_it_by_its_label(browse, address):
    page = browse(address, "csm")
    page.locator("#judge summary").click()
    form = page.locator("#judge form")
    form.evaluate("form => { form.noValidate = true; form.reason.removeAttribute('maxlength'); }")
    form.get_by_label("Your score").fill("31")
    form.get_by_label("Because").fill("w" * 1_001)
    form.get_by_role("button", name="Judge").click()
    expect(form.get_by_role("alert")).to_have_count(2)
    expect(form.get_by_label("Until")).to_be_focused()
    expect(form.get_by_label("Because")).to_have_accessible_description(
        "“Because” may have up to 1,000 letters; this has 1,001."
        " Whoever opens the receipt reads it. After 90 days it is judged by what happened."
    )
    expect(form.get_by_label("Your score")).to_have_value("31")


def test_a_task_that_htmx_cannot_complete_says_why_at_the_note(browse, address, complaints):
    page = browse(address, "csm")
    page.get_by_role("link", name="Plan a task").click()
    page.get_by_label("What is to be done").fill("Write too long a note")
    page.get_by_role("button", name="Plan it").click()
    row = page.locator("#plan li", has_text="Write too long a note")
    row.locator("summary", has_text="Complete").click()
    row.get_by_label("Note").evaluate("note => note.removeAttribute('maxlength')")
    row.get_by_label("Note").fill("n" * 2_001)
    row.get_by_role("button", name="Complete").click()
    expect(row.get_by_role("alert")).to_contain_text("may have up to 2,000 letters")
    row.get_by_label("Note").fill("Short enough")
    row.get_by_role("button", name="Complete").click()
    expect(page.locator("#plan .done-row")).to_contain_text("Done.")
    complaints[:] = [each for each in complaints if "Error Code 422" not in each]  # htmx says it there by itself


def test_a_page_that_the_server_marks_itself_takes_the_place_of_the_form(browse):
    page = browse("/playbooks/new", "leader")
    page.get_by_label("Name", exact=True).fill("A play without a step")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".notice.warning")).to_contain_text("Not saved yet: 1 thing to mend below.")
    expect(page.get_by_label("Name", exact=True)).to_have_value("A play without a step")


def test_a_rule_for_names_that_are_held_is_refused_where_it_is_wrong(browse):
    page = browse("/data/held", "admin")
    page.get_by_label("Names like").fill("acme")
    page.get_by_label("Mean the account").fill("acme")
    page.get_by_role("button", name="Make the rule").click()
    expect(page.get_by_label("Names like")).to_be_focused()
    expect(page.get_by_label("Names like")).to_have_accessible_description(re.compile("with one \\*"))
    expect(page.get_by_label("Mean the account")).to_have_value("acme")


def test_a_held_name_is_matched_only_with_an_account_there_is(browse):
    page = browse("/data/held", "admin")
    page.get_by_role("link", name="Unknown account").first.click()
    page.get_by_label("It is this account").fill("Nobody & Sons")
    page.get_by_role("button", name="Match and replay").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no account of the id or name 'Nobody & Sons'.")
    expect(page.get_by_label("It is this account")).to_be_focused()
    expect(page.get_by_label("It is this account")).to_have_value("Nobody & Sons")


def test_a_server_out_of_reach_costs_nothing_that_was_typed(browse, address, complaints):
    page = browse(address, "csm")
    page.get_by_role("link", name="Add a note").click()
    page.get_by_label("What was said").fill("They want single sign-on.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#say").get_by_role("alert")).to_contain_text("could not be reached")
    expect(page.get_by_label("What was said")).to_have_value("They want single sign-on.")
    complaints.clear()


def test_without_a_script_the_page_of_a_mistake_leads_back(browse, address):
    page = browse(address, "csm", java_script_enabled=False)
    page.locator("#make-call summary").click()
    page.locator("#amount").fill("a lot")
    page.locator("#call-reason").fill("They told me so.")
    page.get_by_role("button", name="Make this call").click()
    expect(page.get_by_text("Give an amount such as 87000, 87,000 or 87k.")).to_have_count(1)
    page.get_by_role("link", name="Go back and mend it").click()
    expect(page.locator("#make-call")).to_be_attached()
