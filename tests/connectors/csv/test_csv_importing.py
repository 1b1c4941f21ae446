from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text

from app.accounts.models import Account, AccountSummary, Contact, Movement, Subscription
from app.accounts.movements import bridge
from app.connectors.csv import importing, queries
from app.connectors.csv.models import Finding, Rejection
from app.conversations.models import Interaction
from app.core.problems import Problem
from app.core.queue import Job
from app.extensions import db
from tests.connectors.csv.conftest import ACCOUNTS, FILES, SUBSCRIPTIONS, TICKETS, USAGE


def counts(made):
    return {file.name: (file.added, file.updated, file.unchanged, file.rejected) for file in importing.files_of(made)}


def refusals(made):
    return [(row.file, row.line, row.column, row.value) for row in queries.rejections_of(made)]


def findings(made):
    return {finding.code: (finding.count, finding.out_of) for finding in queries.findings_of(made)}


def account(external_id):
    return db.session.scalars(select(Account).where(Account.external_id == external_id)).one()


def movements(external_id):
    query = select(Movement).where(Movement.account_id == account(external_id).id).order_by(Movement.moved_on)
    return [(each.moved_on, each.kind, each.amount_minor) for each in db.session.scalars(query)]


def used(external_id, meter="usage"):
    """The days with usage of an account on a meter."""
    query = text(
        "SELECT month, totals FROM daily_usage d JOIN meter m ON m.workspace_id = d.workspace_id AND m.id = d.meter_id"
        " WHERE d.account_id = :id AND m.code = :meter"
    )
    rows = db.session.execute(query, {"id": account(external_id).id, "meter": meter})
    return {month.replace(day=n): total for month, totals in rows for n, total in enumerate(totals[:28], 1) if total}


def test_a_messy_export_goes_in_and_every_row_is_accounted_for(bring):
    made = bring()
    assert made.state == "done"
    assert counts(made) == {
        "accounts.csv": (4, 0, 0, 0),
        "subscriptions.csv": (7, 0, 0, 0),
        "feature_usage.csv": (4, 0, 0, 1),
        "support_tickets.csv": (2, 0, 0, 0),
        "churn_events.csv": (3, 0, 0, 0),
    }
    for file in importing.files_of(made):
        assert file.added + file.updated + file.unchanged + file.rejected == file.rows


def test_the_same_folder_again_changes_nothing(bring):
    bring()
    before = stored()
    again = bring()
    assert [(added, updated) for added, updated, *_ in counts(again).values()] == [(0, 0)] * 5
    assert stored() == before


def stored():
    """Everything an import writes, as text, to be compared."""
    tables = ("account", "subscription", "movement", "usage_batch", "daily_usage", "user_month", "interaction", "meter")
    return {table: sorted(str(row) for row in db.session.execute(text(f"SELECT * FROM {table}"))) for table in tables}


def test_revenue_reconciles_to_the_cent(bring):
    bring()
    assert movements("A-1") == [
        (date(2023, 10, 16), "new", 120_120),
        (date(2024, 2, 1), "expansion", 60_060),
        (date(2024, 9, 1), "contraction", 60_060),
    ]
    assert movements("A-2") == [
        (date(2023, 1, 5), "new", 12_000),
        (date(2023, 12, 13), "churn", 12_000),
        (date(2024, 4, 20), "reactivation", 24_396),
    ]
    assert movements("A-4") == []
    whole = bridge(date(2023, 1, 1), date(2025, 3, 1))
    assert whole.is_exact
    assert whole.closing == 120_120 + 24_396 + 999_600


def test_contracts_keep_their_terms(bring):
    bring()
    rows = db.session.scalars(select(Subscription).order_by(Subscription.external_id))
    found = {row.external_id: (row.term_months, row.auto_renew, row.is_trial, row.seats, row.plan) for row in rows}
    assert found["S-1"] == (1, True, False, 14, "Pro")
    assert found["S-2"] == (12, False, False, 5, "Pro")
    assert found["S-6"] == (1, False, True, 1, "Basic")


def test_columns_without_a_field_are_kept_with_the_account(bring):
    bring()
    kept = account("A-1")
    assert (kept.name, kept.tier, kept.signed_up_on) == ("Acme", "Pro", date(2023, 10, 16))
    assert kept.custom == {"referral_source": "partner"}


def test_usage_is_counted_on_its_account_by_day_in_total_and_by_feature(bring):
    bring()
    assert used("A-1") == {date(2025, 2, 27): 13, date(2024, 12, 27): 3}
    assert used("A-1", "search") == {date(2025, 2, 27): 9, date(2024, 12, 27): 3}
    assert used("A-1", "export") == {date(2025, 2, 27): 4}
    assert used("A-1", "errors") == {date(2025, 2, 27): 2}
    assert used("A-1", "usage_duration_secs") == {date(2025, 2, 27): 5373, date(2024, 12, 27): 90}
    assert used("A-3") == {}
    summary = db.session.scalars(select(AccountSummary).where(AccountSummary.name == "Acme")).one()
    assert summary.usage_28d == 13


def test_beyond_a_dozen_features_count_in_the_total_only(bring):
    features = [(n, f"feature {n:02}", 1) for n in range(15)] + [(100 + n, f"feature {n:02}", 1) for n in range(12)]
    usage = "event_id,account_id,date,feature,count\n" + "".join(
        f"{n},A-1,2025-01-02,{name},{k}\n" for n, name, k in features
    )
    made = bring({"accounts.csv": ACCOUNTS, "usage.csv": usage})
    assert used("A-1") == {date(2025, 1, 2): 27}
    assert used("A-1", "feature_11") == {date(2025, 1, 2): 2}
    assert used("A-1", "feature_12") == {}
    assert findings(made)["features_without_meter"] == (3, 15)


def test_a_wide_export_has_a_meter_for_each_column_and_needs_no_ids(bring):
    usage = "date,account_id,logins,api_calls\n2025-01-02,A-1,3,10\n2025-01-03,A-1,0,5\n"
    made = bring({"accounts.csv": ACCOUNTS, "usage.csv": usage})
    assert used("A-1", "logins") == {date(2025, 1, 2): 3}
    assert used("A-1", "api_calls") == {date(2025, 1, 2): 10, date(2025, 1, 3): 5}
    again = bring({"usage.csv": usage.replace(",3,10", ",0,11")})
    assert counts(made)["usage.csv"] == (2, 0, 0, 0)
    assert counts(again)["usage.csv"] == (0, 1, 1, 0)
    assert used("A-1", "logins") == {}
    assert used("A-1", "api_calls") == {date(2025, 1, 2): 11, date(2025, 1, 3): 5}


def test_rows_alike_without_an_id_are_events_of_their_own(bring):
    usage = "account_id,timestamp,event\n" + "A-1,2025-01-02 10:00,login\n" * 3
    bring({"accounts.csv": ACCOUNTS, "usage.csv": usage})
    bring({"usage.csv": usage})
    assert used("A-1") == {date(2025, 1, 2): 3}


def test_tickets_and_churn_events_stand_on_the_timeline(bring):
    bring()
    rows = {row.external_id: row for row in db.session.scalars(select(Interaction))}
    ticket = rows["ticket:T-2"]
    assert (ticket.channel, ticket.direction, ticket.satisfaction, ticket.priority) == ("ticket", "in", 4, "urgent")
    assert (ticket.happened_at, ticket.resolved_at) == (
        datetime(2024, 7, 8, tzinfo=UTC),
        datetime(2024, 7, 9, 17, tzinfo=UTC),
    )
    assert ticket.escalated
    assert rows["ticket:T-1"].satisfaction is None
    note = rows["churn:C-1"]
    assert (note.channel, note.direction, note.subject) == ("note", "internal", "Churn event: pricing")
    assert note.body == "switched to competitor\nRefund amount usd: 4.03"
    assert rows["churn:C-3"].subject == "Reactivation: budget"


def test_contradictions_are_found_with_their_counts(bring):
    assert findings(bring()) == {
        "flag_but_paying": (1, 1),
        "churn_event_but_paying": (2, 3),
        "churn_without_end": (2, 3),
        "reactivation_unseen": (1, 1),
        "paid_for_no_day": (1, 7),
        "said_before_signup": (1, 2),
        "usage_outside_subscription": (2, 4),
        "usage_unpaid": (1, 4),
        "ids_used_twice_usage": (1, 5),
        "missing_interactions_satisfaction": (1, 2),
    }


def test_a_finding_says_what_it_does_to_the_figures_what_to_do_and_where(bring):
    made = bring()
    for finding in queries.findings_of(made):
        assert finding.effect
        assert finding.remedy
    first = next(each for each in queries.findings_of(made) if each.code == "flag_but_paying")
    assert "$9,996" in first.effect
    assert first.examples == [
        {"file": "accounts.csv", "line": 4, "text": "A-3 is marked as churned and pays $9,996 ARR"}
    ]


def test_a_bad_row_is_refused_with_file_line_column_and_reason_and_the_rest_goes_in(bring):
    accounts = ACCOUNTS + "A-5,Elm,EdTech,31-02-2024,Pro,FALSE,ads\n,Nameless,EdTech,01-02-2024,Pro,FALSE,ads\n"
    subscriptions = SUBSCRIPTIONS + (
        "S-8,A-99,01-02-2024,,Pro,1,1,12,FALSE,monthly,TRUE\n"
        "S-9,A-1,01-02-2024,01-01-2024,Pro,1,1,12,FALSE,monthly,TRUE\n"
        "S-10,A-1,01-02-2024,,Pro,1,1,€12,FALSE,monthly,TRUE\n"
        "S-11,A-1,01-02-2024,,Pro,some,1,12,FALSE,monthly,TRUE\n"
        "S-12,A-1\n"
        "S-13,A-1,01-02-2024,,Pro,1,1,12,FALSE,monthly,TRUE\n"
    )
    made = bring({"accounts.csv": accounts, "subscriptions.csv": subscriptions})
    assert refusals(made) == [
        ("accounts.csv", 6, "signup_date", "31-02-2024"),
        ("accounts.csv", 7, "account_id", ""),
        ("subscriptions.csv", 9, "account_id", "A-99"),
        ("subscriptions.csv", 10, "end_date", "01-01-2024"),
        ("subscriptions.csv", 11, "arr_amount", "€12"),
        ("subscriptions.csv", 12, "seats", "some"),
        ("subscriptions.csv", 13, None, None),
    ]
    assert all(row.reason for row in db.session.scalars(select(Rejection)))
    assert counts(made)["subscriptions.csv"] == (8, 0, 0, 5)


def test_what_no_column_of_the_database_can_hold_is_refused_and_never_stops_an_import(bring):
    long, many = "x" * 3000, "9" * 400
    accounts = ACCOUNTS + f"{long},Elm,EdTech,01-02-2024,Pro,FALSE,ads\nA-6,{long},EdTech,01-02-2024,Pro,FALSE,ads\n"
    usage = USAGE + f"U-8,S-1,27-02-2025,search,{many},1,0,FALSE\nU-9,S-1,27-02-2025,search,1,{many},0,FALSE\n"
    made = bring(FILES | {"accounts.csv": accounts, "feature_usage.csv": usage})
    assert [row[:3] for row in refusals(made) if row[3] in {long, many}] == [
        ("accounts.csv", 6, "account_id"),
        ("accounts.csv", 7, "account_name"),
        ("feature_usage.csv", 7, "usage_count"),
        ("feature_usage.csv", 8, "usage_duration_secs"),
    ]


def test_the_refused_rows_can_be_mended_and_brought_in_again(bring):
    made = bring()
    file = next(file for file in importing.files_of(made) if file.rejected)
    columns = USAGE.splitlines()[0].split(",")
    rejected = "".join(queries.rejected_csv(made, file, columns))
    assert rejected.splitlines()[1].startswith("U-1,S-5,28-02-2025,search,11,80,1,FALSE,feature_usage.csv,6,usage_id,")
    again = bring({"feature_usage-rejected.csv": rejected.replace("U-1", "U-5").encode()})
    assert counts(again) == {"feature_usage-rejected.csv": (1, 0, 0, 0)}
    assert used("A-3") == {date(2025, 2, 28): 11}


def test_a_corrected_file_updates_what_it_corrects(bring):
    bring()
    again = bring(
        {
            "accounts.csv": ACCOUNTS.replace("Acme", "Acme Group"),
            "subscriptions.csv": SUBSCRIPTIONS.replace("31-12-2024,31-12-2024,", "31-12-2024,31-01-2025,"),
            "feature_usage.csv": USAGE.replace("27-02-2025,search,9", "26-02-2025,export,10"),
            "support_tickets.csv": TICKETS.replace("high,,", "high,5,"),
        }
    )
    assert {name: updated for name, (_, updated, *_) in counts(again).items()} == {
        "accounts.csv": 1, "subscriptions.csv": 1, "feature_usage.csv": 1, "support_tickets.csv": 1,
    }  # fmt: skip
    assert account("A-1").name == "Acme Group"
    assert movements("A-4") == [(date(2024, 12, 31), "new", 6_000), (date(2025, 1, 31), "churn", 6_000)]
    assert used("A-1") == {date(2025, 2, 26): 10, date(2025, 2, 27): 4, date(2024, 12, 27): 3}
    assert used("A-1", "export") == {date(2025, 2, 26): 10, date(2025, 2, 27): 4}
    assert used("A-1", "search") == {date(2024, 12, 27): 3}


def test_accounts_may_be_named_by_name_and_people_by_address(bring):
    contacts = "contact_id,account_name,full_name,email,role\nP-1,acme,Ada Lindgren,Ada@Acme.example,Champion\n"
    calls = "call_id,email,date,notes\n7,ada@acme.example,2025-01-05,They like it\n8,nobody@x.example,2025-01-05,?\n"
    made = bring({"accounts.csv": ACCOUNTS, "contacts.csv": contacts, "calls.csv": calls})
    person = db.session.scalars(select(Contact)).one()
    assert (person.name, person.email, person.role) == ("Ada Lindgren", "ada@acme.example", "champion")
    call = db.session.scalars(select(Interaction)).one()
    assert (call.external_id, call.channel, call.contact_id, call.body) == (
        "phone:7",
        "phone",
        person.id,
        "They like it",
    )
    assert refusals(made) == [("calls.csv", 3, "email", "nobody@x.example")]


def test_a_german_export_is_read_in_its_own_way(bring):
    subscriptions = (
        'subscription_id;account_id;start_date;arr\nS-1;A-1;15.01.2024;"1.234,56 $"\nS-2;A-1;02.03.2024;12.000\n'
    )
    bring({"accounts.csv": ACCOUNTS, "subscriptions.csv": subscriptions.encode("cp1252")})
    rows = db.session.execute(select(Subscription.external_id, Subscription.arr_minor, Subscription.started_on))
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        "S-1": (123_456, date(2024, 1, 15)),
        "S-2": (1_200_000, date(2024, 3, 2)),
    }


SILENT = "account_id,account_name,signup_date\nA-1,Acme,03/04/2024\n"


@pytest.mark.parametrize(("day_first", "day"), [(True, date(2024, 4, 3)), (False, date(2024, 3, 4))])
def test_dates_that_do_not_tell_go_by_the_setting_and_the_report_says_so(bring, day_first, day):
    made = bring({"accounts.csv": SILENT}, day_first=day_first)
    assert account("A-1").signed_up_on == day
    assert findings(made) == {"dates_accounts.csv_signup_date": (1, 1)}


def test_dates_that_do_not_tell_are_refused_when_nobody_has_said(bring):
    made = bring({"accounts.csv": SILENT})
    assert refusals(made) == [("accounts.csv", 2, "signup_date", "03/04/2024")]


def test_mrr_becomes_arr_without_a_lost_cent(bring):
    subscriptions = "subscription_id,account_id,start_date,mrr\nS-1,A-1,2024-01-15,33.33\nS-2,A-1,2024-01-15,0.1\n"
    bring({"accounts.csv": ACCOUNTS, "subscriptions.csv": subscriptions})
    assert sorted(db.session.scalars(select(Subscription.arr_minor))) == [120, 39_996]


def test_a_row_repeated_word_for_word_counts_once(bring):
    made = bring({"accounts.csv": ACCOUNTS + ACCOUNTS.splitlines()[1] + "\n"})
    assert counts(made) == {"accounts.csv": (4, 0, 1, 0)}


def test_a_child_may_stand_above_its_parent_and_one_without_is_reported(bring):
    accounts = "account_id,account_name,parent_id\nA-1,Acme Nord,A-9\nA-9,Acme,\nA-2,Birch Sud,A-77\n"
    made = bring({"accounts.csv": accounts})
    assert account("A-1").parent_id == account("A-9").id
    assert findings(made) == {"parent_unknown": (1, 2)}


def test_an_owner_who_is_a_member_owns_and_one_who_is_not_is_reported(cast, bring):
    owner = cast.owner.email.title()
    accounts = f"account_id,name,csm_email\nA-1,Acme,{owner}\nA-2,Birch,{cast.outsider.email}\nA-3,Cedar,\n"
    made = bring({"accounts.csv": accounts})
    assert [account(each).owner_id for each in ("A-1", "A-2", "A-3")] == [cast.owner.id, None, None]
    assert findings(made) == {"owner_unknown": (1, 2)}


def test_what_happens_in_the_future_is_refused(bring):
    made = bring(FILES | {"support_tickets.csv": TICKETS.replace("08-07-2024,", "08-07-2025,")})
    assert ("support_tickets.csv", 3, "submitted_at", "08-07-2025") in refusals(made)


def test_files_of_no_known_kind_are_left_out_and_said_to_be(bring):
    made = bring({"accounts.csv": ACCOUNTS, "weather.csv": "station,rain\nX,3\n", "sheet.csv": b"PK\x03\x04"})
    told = "\n".join(queries.told(made.id))
    assert "weather.csv: left out." in told
    assert "sheet.csv: left out. This is a spreadsheet" in told
    assert "accounts.csv: accounts, 4 rows: 4 added" in told


def test_a_folder_without_csv_files_is_a_problem(tmp_path, workspace):
    with pytest.raises(Problem, match="There is no file ending in"):
        importing.import_folder(tmp_path, datetime.now(UTC))


def test_an_import_has_the_book_scored_once_it_is_done(bring):
    bring()
    assert set(db.session.scalars(select(Job.name))) == {"score_accounts", "score_touched"}


def test_progress_is_told_and_may_stop_the_import(bring):
    told = []

    def stop_at_usage(done, total, doing):
        told.append((done, total, doing))
        if "usage" in doing:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(progress=stop_at_usage)
    assert told == [
        (4, 21, "Reading accounts.csv"), (11, 21, "Reading subscriptions.csv"), (16, 21, "Reading feature_usage.csv"),
    ]  # fmt: skip


def test_findings_of_a_first_run_do_not_outlive_a_second(bring):
    made = bring()
    importing.run_import(made.id, datetime(2025, 3, 1, tzinfo=UTC))
    assert db.session.query(Finding).count() == 10
    assert db.session.query(Rejection).count() == 1
