import re

import pytest
from playwright.sync_api import expect

from tests.browser.making import PEOPLE

NAMES = "tbody[data-rows] a[data-open]"


@pytest.fixture
def address(product):
    """The page of the largest account of the person whose role is csm."""
    found = product.rows(
        'SELECT s.account_id FROM account_summary s JOIN "user" u ON u.id = s.owner_id'
        " WHERE u.email = :email AND s.score IS NOT NULL AND s.arr_minor > 0 ORDER BY s.arr_minor DESC LIMIT 1",
        email=PEOPLE["csm"],
    )
    return f"/accounts/{found[0].account_id}"


def test_a_chip_leaves_only_the_accounts_of_its_band(browse):
    page = browse("/accounts", "csm")
    page.get_by_role("group", name="Filters").get_by_role("link", name="thriving").click()
    expect(page).to_have_url(re.compile("band=thriving"))
    bands = page.locator("tbody .band .word").all_inner_texts()
    assert set(bands) == {"thriving"}


def test_a_header_turns_the_order_round(browse):
    page = browse("/accounts", "csm")
    header = page.get_by_role("columnheader", name="ARR")
    expect(header).to_have_attribute("aria-sort", "descending")
    largest = page.locator(NAMES).first.inner_text()
    header.get_by_role("link").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert page.locator(NAMES).first.inner_text() != largest


def test_the_next_page_holds_other_accounts(browse):
    page = browse("/accounts", "csm")
    first = set(page.locator(NAMES).all_inner_texts())
    page.get_by_role("link", name="Next 50").click()
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    second = set(page.locator(NAMES).all_inner_texts())
    assert len(first) == 50
    assert second
    assert not first & second


def test_j_walks_down_x_selects_and_enter_opens(browse):
    page = browse("/accounts", "csm")
    second = page.locator(NAMES).nth(1).inner_text()
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk]")).to_contain_text("1 selected")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(second)


def test_a_score_opens_a_receipt_whose_lines_add_up_to_it(browse, address):
    page = browse(address, "csm")
    score = int(page.locator(".figures .band b").inner_text())
    page.get_by_role("link", name="Whole receipt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt of the score")
    lines = page.locator("main table").first.locator("tbody tr:has(td:nth-child(6)) td:last-child").all_inner_texts()
    assert sum(float(line) for line in lines if line.strip() not in {"–", ""}) == pytest.approx(score, abs=1.5)


def test_an_account_says_why_it_is_at_risk(browse, address):
    page = browse(address, "csm")
    why = page.locator("#why")
    expect(why.get_by_text(re.compile(r"\d %"))).not_to_have_count(0)
    expect(why.locator("svg")).not_to_have_count(0)


def test_a_note_stands_on_the_timeline_and_can_be_filtered_for(browse, address):
    page = browse(address, "csm")
    page.get_by_role("link", name="Add a note").click()
    page.get_by_label("What was said").fill("They want single sign-on before the autumn.")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".timeline > li").first).to_contain_text("They want single sign-on before the autumn.")
    page.get_by_role("group", name="What the timeline shows").get_by_role("link", name="Notes").click()
    expect(page.locator(".timeline .meta .tag").first).to_have_text("note")
    assert set(page.locator(".timeline .meta .tag").all_inner_texts()) == {"note"}


def test_earlier_entries_of_a_timeline_are_fetched_into_it(browse, address):
    page = browse(f"{address}?show=talk", "csm")
    entries = page.locator(".timeline > li")
    first = entries.count()
    page.get_by_role("link", name="Earlier").click()
    expect(entries.nth(first + 1)).to_be_visible()
    expect(page).to_have_url(re.compile(f"{address}\\?show=talk$"))


def test_a_planned_task_is_completed_from_the_day_and_taken_back(browse, address, product):
    title = "Call about the new office"
    page = browse(address, "csm")
    page.get_by_role("link", name="Plan a task").click()
    page.get_by_label("What is to be done").fill(title)
    page.get_by_role("button", name="Plan it").click()
    row = page.locator("#plan li", has_text=title)
    row.locator("summary", has_text="Complete").click()
    row.get_by_label("What came of it?").select_option(label="It helped")
    row.get_by_label("Note").fill("They stay.")
    row.get_by_role("button", name="Complete").click()
    done = page.locator("#plan .done-row")
    expect(done).to_contain_text("Done.")
    query = "SELECT c.result, c.note FROM completion c JOIN task t ON t.id = c.task_id WHERE t.title = :title"
    assert [tuple(row) for row in product.rows(query, title=title)] == [("helped", "They stay.")]
    done.get_by_role("button", name="Undo").click()
    expect(page.locator("#plan li", has_text=title).locator("summary", has_text="Complete")).to_be_visible()
    assert product.rows(query, title=title) == []


def test_the_day_lists_a_task_whose_completion_takes_the_place_of_its_row(browse, product):
    page = browse("/?of=team", "leader")
    row = page.locator("ol.day > li", has=page.locator("summary")).first
    task = row.get_attribute("id")
    row = page.locator(f"#{task}")
    row.locator("summary", has_text="Complete").click()
    row.get_by_role("button", name="Complete").click()
    expect(row.locator(".done-row")).to_contain_text("Done.")
    row.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#{task} summary", has_text="Complete")).to_be_visible()


def test_control_k_finds_an_account_and_enter_goes_there(browse, product):
    (largest,) = product.rows("SELECT name FROM account_summary ORDER BY arr_minor DESC LIMIT 1")
    page = browse("/", "csm")
    page.keyboard.press("Control+k")
    box = page.get_by_role("searchbox", name="Find an account, person or page")
    expect(box).to_be_focused()
    box.press_sequentially(largest.name)
    expect(page.locator("#palette-found a").first).to_contain_text(largest.name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(largest.name)


def test_the_theme_follows_the_system_until_a_person_switches_it(browse):
    page = browse("/", "csm", color_scheme="dark")
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    expect(html).to_have_attribute("data-bs-theme", "light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_without_javascript_the_book_can_be_searched_read_and_worked(browse, address):
    page = browse("/accounts", "csm", java_script_enabled=False)
    name = page.locator(NAMES).first.inner_text()
    page.get_by_label("Search accounts and people").fill(name)
    page.get_by_label("Search accounts and people").press("Enter")
    expect(page.locator(NAMES).first).to_have_text(name)
    page.goto(address)
    expect(page.locator(".timeline > li").first).to_be_visible()
    page.locator("#say summary").click()
    page.get_by_label("What was said").fill("Written without a script.")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Kept on the timeline.")).to_be_visible()
    expect(page.get_by_text("Written without a script.")).to_be_visible()
