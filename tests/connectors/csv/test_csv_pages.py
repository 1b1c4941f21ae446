import io
import re

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.connectors.csv import importing
from app.connectors.csv.models import Import, ImportFile
from app.core import queue
from app.core.queue import Job
from app.extensions import db
from app.identity.models import AuditEntry
from tests.connectors.csv.conftest import ACCOUNTS, FILES, NOW, windows


@pytest.fixture
def browser(cast, sign_in):
    return sign_in(cast.billing_engineer)


def upload(browser, files=None):
    sent = [(io.BytesIO(windows(content)), name) for name, content in (files or FILES).items()]
    answer = browser.post("/data/imports", data={"files": sent}, content_type="multipart/form-data")
    assert answer.status_code == 302
    return db.session.scalars(select(Import).order_by(Import.id.desc())).first()


def form_of(page):
    """What a browser would send of a mapping page that nobody touched."""
    selects = re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL)
    chosen = {name: re.search(r'value="([^"]*)" selected', options) for name, options in selects}
    return {name: found[1] if found else "" for name, found in chosen.items()}


def test_files_are_uploaded_looked_at_previewed_and_started(browser):
    made = upload(browser)
    page = browser.get(f"/data/imports/{made.id}/mapping").text
    assert "Count it as a meter of its own" in page
    assert "day first: its own dates tell" in page
    answer = browser.post(f"/data/imports/{made.id}/mapping", data=form_of(page) | {"then": "preview"})
    assert answer.location.endswith(f"/data/imports/{made.id}/preview")
    preview = browser.get(answer.location).text
    assert "Import 20 rows" in preview
    assert "was used on another line with other content" in preview
    assert db.session.scalars(select(Account)).all() == []
    browser.post(f"/data/imports/{made.id}/run")
    assert "Waiting for a worker" in browser.get(f"/data/imports/{made.id}").text
    assert db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all() == ["import.upload", "import.run"]


def test_an_untouched_form_keeps_the_guesses(browser):
    made = upload(browser)
    before = {file.name: file.mapping for file in importing.files_of(made)}
    page = browser.get(f"/data/imports/{made.id}/mapping").text
    browser.post(f"/data/imports/{made.id}/mapping", data=form_of(page))
    assert {file.name: file.mapping for file in importing.files_of(made)} == before


def test_a_file_said_to_be_of_another_kind_is_guessed_anew_and_shown_again(browser):
    made = upload(browser, {"accounts.csv": ACCOUNTS})
    file = importing.files_of(made)[0]
    answer = browser.post(
        f"/data/imports/{made.id}/mapping", data={f"kind-{file.id}": "subscriptions", "then": "preview"}
    )
    assert answer.location.endswith("/mapping")
    page = browser.get(answer.location).text
    assert "No column holds the Subscription id" in page
    assert db.session.get_one(ImportFile, (file.workspace_id, file.id)).kind == "subscriptions"


def test_a_chosen_column_and_order_are_what_the_import_reads(browser):
    made = upload(browser, {"accounts.csv": "code,label,since\nX1,Acme,03/04/2024\n"})
    file = importing.files_of(made)[0]
    address = f"/data/imports/{made.id}/mapping"
    browser.post(address, data={f"kind-{file.id}": "accounts"})
    columns = {0: "external_id", 1: "name", 2: "signed_up_on"}
    chosen = {f"kind-{file.id}": "accounts"} | {f"column-{file.id}-{n}": code for n, code in columns.items()}
    page = browser.post(address, data=chosen, follow_redirects=True).text
    assert "1 dates in since may be day first or month first" in page
    browser.post(address, data=chosen | {"order": "month"})
    importing.run_import(made.id, NOW)
    account = db.session.scalars(select(Account)).one()
    assert (account.external_id, account.name, account.signed_up_on.isoformat()) == ("X1", "Acme", "2024-03-04")


def test_the_result_names_counts_reasons_findings_and_the_bridge(browser):
    made = upload(browser)
    importing.run_import(made.id, NOW)
    page = browser.get(f"/data/imports/{made.id}").text
    for words in (
        "1, download",
        "was used on another line with other content",
        "Accounts marked as churned that are paying",
        "The movements add up to it exactly.",
        "$11,441.16",
    ):
        assert words in page


def test_the_refused_rows_come_as_a_file(browser):
    made = upload(browser)
    importing.run_import(made.id, NOW)
    file = next(file for file in importing.files_of(made) if file.rejected)
    answer = browser.get(f"/data/imports/{made.id}/rejected/{file.id}.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=feature_usage-rejected.csv"
    assert answer.data.startswith(b"\xef\xbb\xbfusage_id,subscription_id,")
    assert len(answer.text.splitlines()) == 2


def test_progress_is_a_fragment_and_leads_to_the_result_when_it_is_over(browser):
    made = upload(browser)
    browser.post(f"/data/imports/{made.id}/run")
    job = db.session.scalars(select(Job)).one()
    job.state, job.done, job.total, job.doing = "running", 5, 21, "Reading subscriptions.csv"
    fragment = browser.get(f"/data/imports/{made.id}/progress").text
    assert "5 of 21" in fragment
    assert 'hx-trigger="every 1s"' in fragment
    job.state = "done"
    assert browser.get(f"/data/imports/{made.id}/progress").headers["HX-Redirect"] == f"/data/imports/{made.id}"


def test_an_import_is_started_once(browser):
    made = upload(browser)
    browser.post(f"/data/imports/{made.id}/run")
    assert browser.post(f"/data/imports/{made.id}/run").status_code == 409
    assert browser.post(f"/data/imports/{made.id}/mapping").status_code == 409
    assert db.session.query(Job).count() == 1


def test_a_stopped_import_can_be_gone_back_to(browser):
    made = upload(browser)
    browser.post(f"/data/imports/{made.id}/run")
    browser.post(f"/data/imports/{made.id}/cancellation")
    assert db.session.scalars(select(Job)).one().cancel_asked
    assert browser.post(f"/data/imports/{made.id}/reopening").status_code == 409
    db.session.scalars(select(Job)).one().state = "cancelled"
    assert "Stopped, as asked. Nothing was imported." in browser.get(f"/data/imports/{made.id}").text
    answer = browser.post(f"/data/imports/{made.id}/reopening")
    assert browser.get(answer.location).status_code == 200


def test_a_draft_can_be_discarded_with_its_files(browser):
    made = upload(browser)
    page = browser.post(f"/data/imports/{made.id}/discarding", follow_redirects=True).text
    assert "was discarded" in page
    assert db.session.query(ImportFile).count() == 0


def test_an_upload_without_files_says_so(browser):
    answer = browser.post("/data/imports", data={}, content_type="multipart/form-data")
    assert (answer.status_code, "Choose at least one file." in answer.text) == (422, True)


def test_a_file_that_is_no_table_is_shown_with_its_reason(browser):
    made = upload(browser, {"accounts.csv": ACCOUNTS})
    file = importing.files_of(made)[0]
    file.mapping, file.kind = {"unreadable": "This is a PDF."}, None
    for page in ("mapping", "preview"):
        assert "This is a PDF." in browser.get(f"/data/imports/{made.id}/{page}").text
    assert browser.post(f"/data/imports/{made.id}/run").status_code == 422


def test_values_from_files_are_shown_as_text(browser):
    made = upload(browser, {"<b>.csv": "account_id,account_name\n<script>1</script>,<img src=x>\n"})
    for page in ("mapping", "preview"):
        text = browser.get(f"/data/imports/{made.id}/{page}").text
        assert "<script>1" not in text
        assert "<img src=x>" not in text


def test_an_empty_file_with_headers_is_given_for_each_kind(browser):
    answer = browser.get("/data/imports/template/subscriptions.csv")
    assert answer.text.startswith("\ufeffsubscription_id,account_id,")
    assert browser.get("/data/imports/template/nonsense.csv").status_code == 404


def test_only_who_may_bring_data_may_see_imports(cast, sign_in):
    made = upload(sign_in(cast.admin))
    address = f"/data/imports/{made.id}/mapping"
    assert {name: sign_in(getattr(cast, name)).get(address).status_code for name in ("admin", "owner", "executive", "outsider")} == {
        "admin": 200, "owner": 403, "executive": 403, "outsider": 404,
    }  # fmt: skip


def test_the_page_lists_earlier_imports_with_their_state(browser):
    first, second = upload(browser), upload(browser, {"accounts.csv": ACCOUNTS})
    importing.run_import(first.id, NOW)
    page = browser.get("/data/imports/new").text
    assert "accounts.csv and 4 more" in page
    assert "columns to be confirmed" in page
    assert f"/data/imports/{second.id}" in page


def test_a_file_imported_before_is_said_to_be(browser):
    importing.run_import(upload(browser).id, NOW)
    made = upload(browser, {"accounts.csv": ACCOUNTS})
    assert "imported before" in browser.get(f"/data/imports/{made.id}/mapping").text


def test_the_job_of_an_import_is_the_one_that_was_deferred(browser):
    made = upload(browser)
    browser.post(f"/data/imports/{made.id}/run")
    job = db.session.scalars(select(Job)).one()
    assert (job.name, job.args, job.id) == ("run_import", {"import_id": made.id}, made.job_id)
    assert not job.is_over
    queue.ask_to_cancel(job.id)
