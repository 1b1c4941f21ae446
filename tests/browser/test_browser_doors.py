from playwright.sync_api import expect

from tests.browser.making import PASSWORD, PEOPLE


def fill_the_door(page, email, password):
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_signing_in_leads_to_where_one_wanted_to_go(browse):
    page = browse("/renewals")
    expect(page).to_have_title("Sign in · Perennial")
    fill_the_door(page, PEOPLE["leader"], PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Renewals")


def test_a_wrong_password_is_told_and_keeps_the_address(browse):
    page = browse("/sign-in")
    fill_the_door(page, PEOPLE["leader"], "not my password")
    expect(page.locator(".error")).to_contain_text("is wrong")
    expect(page.get_by_label("E-mail address")).to_have_value(PEOPLE["leader"])
    expect(page.get_by_label("Password")).to_be_focused()


def test_signing_out_everywhere_ends_the_other_session_too(browse):
    here, there = browse("/sign-in"), browse("/sign-in")
    for page in (here, there):
        fill_the_door(page, PEOPLE["executive"], PASSWORD)
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    here.goto("/account")
    here.on("dialog", lambda dialog: dialog.accept())
    here.get_by_role("button", name="Sign out everywhere").click()
    expect(here).to_have_title("Sign in · Perennial")
    there.goto("/accounts")
    expect(there).to_have_title("Sign in · Perennial")
