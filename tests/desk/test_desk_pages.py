"""The staff's screens: each answers whom it may, says what to do where nothing is, and shows one workspace only."""

import csv
import io
import re
from datetime import date

import pytest
from sqlalchemy import select, text

from app.accounts.intake import recording
from app.accounts.models import AccountSummary, Segment
from app.core import tenancy
from app.core.paging import write_cursor
from app.core.queue import Job
from app.extensions import db
from app.forecast.deriving import derive
from app.identity.guard import ROLES, May
from app.identity.models import AuditEntry
from tests.books import at, days_ago, say
from tests.cast import NOW, TODAY

PERSON_OF_ROLE = {"admin": "admin", "leader": "leader", "csm": "owner", "executive": "executive", "billing engineer": "billing_engineer"}  # fmt: skip
PAGES = ("/", "/?of=team", "/accounts", "/renewals", "/model", "/data", "/data/jobs", "/find", "/find?q=sil")


def pages_of(account):
    return (f"/accounts/{account.id}", f"/accounts/{account.id}/receipt", f"/accounts/{account.id}?show=talk,score")


@pytest.mark.parametrize("role", ROLES)
def test_every_screen_answers_every_role_that_may_read(book, cast, sign_in, role):
    browser = sign_in(getattr(cast, PERSON_OF_ROLE[role]))
    accounts = [page for each in vars(book).values() for page in pages_of(each)[:: 1 if each is book.silent else 2]]
    for page in (*PAGES, *accounts):
        answer = browser.get(page)
        assert answer.status_code == 200, (page, answer.text[:500])
        assert_clean(answer.text, page)


def assert_clean(page, address):
    """No inline style or script, which the CSP would drop, and nothing left unsaid by a template."""
    assert not re.search(r"""\sstyle\s*=""", page), address
    assert not re.search(r"<style|\son\w+\s*=\s*[\"']|javascript:", page), address
    for opening in re.findall(r"<script[^>]*>", page):
        assert "src=" in opening or 'type="application/json"' in opening, (address, opening)
    for slip in ("None", "nan", "Undefined", "{{", "%}"):
        assert not re.search(rf">[^<]*\b{re.escape(slip)}\b[^<]*<", re.sub(r"(?s)<script.*?</script>", "", page)), (
            address,
            slip,
        )


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_workspace_is_answered_too(cast, sign_in, page):
    answer = sign_in(cast.admin).get(page)
    assert answer.status_code == 200
    assert_clean(answer.text, page)


def test_an_empty_list_teaches_how_to_fill_it(cast, sign_in):
    page = sign_in(cast.admin).get("/accounts").text
    assert "No accounts yet" in page
    assert "/imports/new" in page or "Import your data" in page
    assert "Import your data" not in sign_in(cast.owner).get("/accounts").text


def test_who_may_not_work_sees_no_button_that_would_refuse_them(book, cast, sign_in):
    for address in (f"/accounts/{book.silent.id}", "/accounts"):
        page = sign_in(cast.executive).get(address).text
        forms = [
            form for form in re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', page) if "sign-out" not in form
        ]
        assert [form for form in forms if "/accounts/" in form and "bulk" not in form] == [], address
        assert "Hand over" not in page


def test_an_account_tells_its_chance_to_pay_more_or_less_and_what_that_rests_on(book, cast, sign_in):
    page = " ".join(sign_in(cast.owner).get(f"/accounts/{book.silent.id}").text.split())
    assert re.search(
        r"If it stays, its chance to pay more within 90 days is [\d.]+ %, less [\d.]+ %; the book's averages [\d.]+ % and [\d.]+ %",
        page,
    )
    assert page.count("so this is how often accounts of its tier did in the past year") == 2


def test_an_account_of_another_workspace_is_not_there(book, cast, sign_in):
    for page in pages_of(book.silent):
        answer = sign_in(cast.outsider).get(page)
        assert answer.status_code == 404
        assert "Silva" not in answer.text


def test_what_is_not_there_is_said_so(book, cast, sign_in):
    browser = sign_in(cast.owner)
    assert browser.get("/accounts/999999").status_code == 404
    assert browser.get(f"/accounts/{book.churned.id}/receipt").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/accounts?after=rubbish", "/accounts?after=WzEsMl0", "/renewals?quarter=soon", "/renewals?quarter=2026-11-20",
        "/renewals?quarter=9999-10-01", "/accounts/{id}?before=rubbish", "/accounts/{id}/receipt?day=soon",
        "/accounts/{id}/receipt?against=2026-02-30", "/?of=99999999999999999999999", "/accounts?tier=a%00b",
    ],
)  # fmt: skip
def test_an_address_that_means_nothing_is_refused_in_words(book, cast, sign_in, address):
    answer = sign_in(cast.owner).get(address.format(id=book.silent.id))
    assert answer.status_code == 400, address
    assert_clean(answer.text, address)


# --- accounts ---


def names(page):
    return re.findall(r'data-open href="[^"]*">([^<]+)<', page)


@pytest.fixture
def many(cast):
    """A hundred and twenty accounts of one size."""
    told = [{"external_id": f"n{n:03}", "name": f"Number {n:03}"} for n in range(120)]
    recording.record_accounts(told, NOW)
    ids = db.session.scalars(text("SELECT id FROM account ORDER BY id")).all()
    db.session.add_all(
        AccountSummary(account_id=i, name=t["name"], stage="adopting", arr_minor=100_00)
        for i, t in zip(ids, told, strict=True)
    )
    db.session.flush()


def test_pages_follow_one_another_to_the_last(many, cast, sign_in):
    browser, address, seen = sign_in(cast.owner), "/accounts?sort=name", []
    while address:
        page = browser.get(address).text
        seen += names(page)
        found = re.search(r'href="([^"]*after=[^"]*)"', page)
        address = found and found[1].replace("&amp;", "&")
    assert seen == [f"Number {n:03}" for n in range(120)]


def test_the_line_of_totals_says_what_today_says(book, cast, sign_in):
    browser = sign_in(cast.owner)
    day, line = browser.get("/?of=team").text, browser.get("/accounts/totals").text
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd><a[^>]*>([^<]+)</a>", day))
    written = " ".join(re.sub("<[^>]*>", "", line).split())
    loss = figures["Expected loss, 90 days"]
    assert written == (
        f"{figures['Accounts']} accounts, ARR {figures['ARR']}, expected loss in 90 days {loss} (risk × ARR)."
    )
    assert "1 account, " in browser.get("/accounts/totals?q=silva").text
    assert "of what is filtered." in browser.get("/accounts/totals?q=silva").text
    assert 'hx-get="/accounts/totals?band=at+risk"' in browser.get("/accounts?band=at+risk").text


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (days_ago(-8), "1 invoice unpaid, $100; it falls due 28 Nov."),
        (days_ago(8), "1 invoice unpaid, $100; it was due 12 Nov."),
    ],
)
def test_an_unpaid_invoice_was_due_only_once_its_day_is_past(book, cast, sign_in, due, said):
    bill = {"external_id": "next", "account": book.thriving.external_id, "issued_on": days_ago(20), "due_on": due}
    recording.record_invoices([bill | {"amount_minor": 100_00}], NOW)
    assert said in sign_in(cast.owner).get(f"/accounts/{book.thriving.id}").text


def test_a_former_customer_is_found_as_one_that_left(book, cast, sign_in):
    page = sign_in(cast.owner).get("/find?q=chandler").text
    assert '<span class="tag">left</span><span class="soft">Chandler Media</span>' in page
    assert "$0" not in page


def test_a_cursor_of_another_order_is_refused(many, cast, sign_in):
    browser = sign_in(cast.owner)
    after = re.search(r"after=([\w-]+)", browser.get("/accounts?sort=name").text)[1]
    assert browser.get(f"/accounts?sort=name&after={after}").status_code == 200
    assert browser.get(f"/accounts?sort=risk&after={after}").status_code == 400
    assert browser.get(f"/accounts?after={after}").status_code == 400


@pytest.mark.parametrize("sort", ["-arr", "name", "risk", "renews", "touch", "change", "seats"])
@pytest.mark.parametrize("key", [True, [1], None, {"a": 1}])
def test_a_cursor_that_somebody_made_up_is_refused(many, cast, sign_in, sort, key):
    for made_up in ((sort, key, 1), (sort, "a", key)):
        after = write_cursor(*made_up)
        assert sign_in(cast.owner).get(f"/accounts?sort={sort}&after={after}").status_code == 400


def test_the_list_shows_the_columns_that_are_asked_for(book, cast, sign_in):
    browser = sign_in(cast.owner)
    answer = browser.get("/accounts/columns?column=plan&column=seats&column=nothing&stage=onboarding")
    assert answer.location == "/accounts?columns=plan,seats&stage=onboarding"
    page = browser.get(answer.location).text
    assert names(page) == ["Newbridge Health"]
    assert ">Plan<" in page
    assert ">Owner</th>" not in page


def exported(browser, query=""):
    answer = browser.get(f"/accounts/export.csv{query}", buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("word", ["endpoint=x", "_scheme=javascript", "_external=1", "_anchor=x", "nonsense=x"])
def test_no_link_of_the_list_carries_a_word_of_an_address_that_means_nothing_there(book, cast, sign_in, word):
    answer = sign_in(cast.owner).get(f"/accounts?plan=growth&columns=plan&{word}")
    assert answer.status_code == 200
    links = re.findall(r'href="([^"]*)">(?:watch|mine|Account|Health|Plan)\b', answer.text)
    assert links
    for link in links:
        assert link.startswith("/accounts?plan=growth&amp;columns=plan&amp;"), link
        assert word not in link
        assert "#" not in link


def test_the_export_holds_all_that_matches_beyond_a_page(many, cast, sign_in, monkeypatch):
    monkeypatch.setattr("app.desk.portfolio._STRETCH", 50)
    rows = exported(sign_in(cast.executive), "?sort=name")
    assert [row["name"] for row in rows] == [f"Number {n:03}" for n in range(120)]
    assert rows[0]["arr"] == "100.0"


def test_an_exported_amount_is_in_whole_units_of_its_currency(many, cast, sign_in):
    cast.workspace.currency = "JPY"
    assert exported(sign_in(cast.executive))[0]["arr"] == "10000.0"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_exported_cell_is_run_as_a_formula(book, cast, sign_in, name):
    db.session.get_one(AccountSummary, (cast.workspace.id, book.silent.id)).name = name
    db.session.flush()
    row = next(row for row in exported(sign_in(cast.owner)) if row["account"] == str(book.silent.id))
    assert row["name"] == f"'{name}"


def bulk(browser, *accounts, owner, **more):
    return browser.post(
        "/accounts/bulk", data={"account": [str(each) for each in accounts], "owner_choice": owner} | more
    )


def test_handing_over_many_is_written_down_for_each(book, cast, sign_in):
    answer = bulk(
        sign_in(cast.leader), book.silent.id, book.slipping.id, 2**40, "x", owner=cast.colleague.id, band="watch"
    )
    assert answer.location == "/accounts?band=watch"
    db.session.expire_all()
    assert [book.silent.owner_id, book.slipping.owner_id, book.thriving.owner_id] == [cast.colleague.id] * 2 + [
        cast.owner.id
    ]
    trail = db.session.scalars(select(AuditEntry).order_by(AuditEntry.subject_id)).all()
    assert [(each.act, each.subject_id, each.actor, each.changes) for each in trail] == [
        ("hand over", each.id, cast.leader.name, {"owner": cast.colleague.name})
        for each in sorted((book.silent, book.slipping), key=lambda account: account.id)
    ]


@pytest.mark.parametrize("owner", ["", "0", "me", "999999"])
def test_accounts_are_handed_to_members_only(book, cast, sign_in, owner):
    assert bulk(sign_in(cast.leader), book.silent.id, owner=owner).status_code == 400
    assert bulk(sign_in(cast.leader), owner=cast.colleague.id).status_code == 400
    assert sign_in(cast.leader).post(f"/accounts/{book.silent.id}/owner", data={"owner_id": owner}).status_code == 422


def test_one_account_is_handed_over_from_its_page(book, cast, sign_in):
    answer = sign_in(cast.owner).post(f"/accounts/{book.silent.id}/owner", data={"owner_id": cast.colleague.id})
    assert answer.location == f"/accounts/{book.silent.id}"
    db.session.expire_all()
    assert book.silent.owner_id == cast.colleague.id
    (entry,) = db.session.scalars(select(AuditEntry))
    assert entry.changes == {"name": "Silva Imports", "to": cast.colleague.name, "before": cast.owner.name}


def test_a_filter_is_saved_under_a_name_and_forgotten_again(book, cast, sign_in):
    browser = sign_in(cast.owner)
    for band in ("watch", "at risk"):
        browser.post("/accounts/segments", data={"name": "Mine", "band": band, "sort": "risk"})
    (segment,) = db.session.scalars(select(Segment))
    assert segment.filters == {"band": "at risk", "sort": "risk"}
    assert "Mine" in browser.get("/accounts").text
    assert browser.post("/accounts/segments", data={"name": " "}).status_code == 400
    removal = f"/accounts/segments/{segment.id}/removal"
    assert [browser.post(removal).status_code for _ in range(2)] == [302, 404]
    assert db.session.scalars(select(Segment)).all() == []


# --- one account ---


def test_a_receipt_opens_any_day_and_holds_it_against_another(book, cast, sign_in):
    browser, address = sign_in(cast.owner), f"/accounts/{book.silent.id}/receipt"
    today, earlier = (browser.get(f"{address}?day={day}").text for day in (TODAY, days_ago(7)))
    assert f'value="{TODAY}"' in today
    assert f'value="{days_ago(7)}"' in earlier
    assert "What moved since" in today
    assert "What moved since" not in earlier
    assert browser.get(f"{address}?day={days_ago(8)}").status_code == 404
    forth, back = (browser.get(f"{address}?{days}").text for days in (
        f"day={TODAY}&against={days_ago(7)}", f"day={days_ago(7)}&against={TODAY}"))  # fmt: skip
    assert "What moved since" in forth
    told = (page[page.index("What moved since") : page.index("Together")] for page in (forth, back))
    assert len(set(told)) == 1  # whichever day is named first, the later one is told against the earlier


def test_the_next_part_of_the_timeline_comes_alone_to_the_script(book, cast, sign_in):
    say(
        "silva",
        *({"external_id": f"x{n}", "happened_at": at(days_ago(20 + n)), "body": f"word {n}"} for n in range(30)),
    )
    page = sign_in(cast.owner).get(f"/accounts/{book.silent.id}").text
    address = re.search(r'hx-get="([^"]+)"', page[page.index('id="timeline"') :])[1].replace("&amp;", "&")
    part = sign_in(cast.owner).get(address, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "word 29" in part
    assert "word 29" not in page
    assert "word 29" in sign_in(cast.owner).get(address).text


# --- today, palette, data ---


def test_a_csm_sees_their_own_day_and_others_the_teams(book, cast, sign_in):
    assert "Silva" in sign_in(cast.owner).get("/").text
    assert "Silva" not in sign_in(cast.colleague).get("/").text
    assert "Silva" in sign_in(cast.leader).get("/").text
    assert "Silva" in sign_in(cast.colleague).get(f"/?of={cast.owner.id}").text
    assert "Silva" in sign_in(cast.colleague).get("/?of=team").text


def test_the_palette_finds_accounts_and_the_pages_one_may_open(book, cast, sign_in):
    found = sign_in(cast.owner).get("/find?q=sil", headers={"HX-Request": "true"}).text
    assert f"/accounts/{book.silent.id}" in found
    assert "<html" not in found
    pages = {who: sign_in(getattr(cast, who)).get("/find?q=audit").text for who in ("admin", "owner")}
    assert "/settings/audit" in pages["admin"]
    assert "/settings/audit" not in pages["owner"]
    assert "Nothing begins with" in sign_in(cast.owner).get("/find?q=%3Cscript%3E").text
    assert "<script>" not in sign_in(cast.owner).get("/find?q=%3Cscript%3E").text


def test_only_who_has_the_data_starts_stops_and_repeats_jobs(book, cast, sign_in):
    browser = sign_in(cast.billing_engineer)
    assert browser.post("/data/jobs", data={"name": "score_accounts"}).status_code == 302
    job = db.session.scalars(select(Job).where(Job.name == "score_accounts")).one()
    browser.post(f"/data/jobs/{job.id}/cancellation")
    assert db.session.get_one(Job, (cast.workspace.id, job.id)).cancel_asked
    db.session.execute(text("UPDATE job SET state = 'dead', error = 'it broke'"))
    assert "it broke" in browser.get("/data/jobs").text
    browser.post(f"/data/jobs/{job.id}/retry")
    assert db.session.get_one(Job, (cast.workspace.id, job.id)).state == "ready"
    assert browser.post("/data/jobs", data={"name": "rm"}).status_code == 404
    assert sign_in(cast.leader).post("/data/jobs", data={"name": "score_accounts"}).status_code == 403
    assert May.DATA not in ROLES["leader"]


def test_the_renewals_of_each_quarter_can_be_chosen(book, cast, sign_in):
    browser = sign_in(cast.executive)
    for quarter in (date(2026, 10, 1), date(2027, 7, 1), date(2020, 1, 1)):
        assert browser.get(f"/renewals?quarter={quarter}").status_code == 200


def test_a_figure_of_elsewhere_never_shows(book, cast, sign_in):
    with tenancy.workspace(cast.elsewhere.id):
        recording.record_accounts([{"external_id": "x", "name": "Xanadu Secrets"}], NOW)
        derive(cast.elsewhere, TODAY)
    for page in PAGES:
        assert "Xanadu" not in sign_in(cast.owner).get(page).text
        assert "Silva" not in sign_in(cast.outsider).get(page).text
