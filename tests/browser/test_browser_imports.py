from playwright.sync_api import expect

ACCOUNTS = b"account_id,account_name,country,signup_date\nB-1,Brightwater Boats,NO,25-03-2024\nB-2,Bluefin Bakery,DK,02-04-2024\n"
SUBSCRIPTIONS = (
    b"subscription_id,account_id,start_date,seats,arr_amount\n"
    b"BS-1,B-1,25-03-2024,12,12000\nBS-2,B-2,02-04-2024,5,6000.50\nBS-3,B-9,02-04-2024,5,100\n"
)


def test_a_company_brings_its_files_sees_what_would_happen_and_gets_the_result(browse):
    page = browse("/data", "admin")
    page.get_by_role("link", name="Import files").click()
    page.get_by_label("Drop CSV files here").set_input_files(
        [
            {"name": "accounts.csv", "mimeType": "text/csv", "buffer": ACCOUNTS},
            {"name": "subscriptions.csv", "mimeType": "text/csv", "buffer": SUBSCRIPTIONS},
        ]
    )
    page.get_by_role("button", name="Upload and look at the columns").click()
    expect(page.get_by_label("What arr_amount of subscriptions.csv holds")).to_have_value("arr")
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What would happen")
    page.get_by_role("button", name="Import 4 rows").click()
    expect(page.get_by_text("The movements add up to it exactly.")).to_be_visible(timeout=60_000)
    expect(page.locator(".figure", has_text="Added")).to_contain_text("4")
    expect(page.locator("#refused")).to_contain_text("B-9")
    page.goto("/accounts?q=brightwater")
    expect(page.get_by_role("link", name="Brightwater Boats")).to_be_visible()
