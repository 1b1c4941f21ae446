"""Other people's data as import files: nothing in them may be known before its day."""

import pandas as pd

from benchmarks.foreign import online_retail, oulad, ravenstack, telco

BEGINS = oulad.BEGINS["2013J"]


def line(day, customer=7.0, invoice="1", quantity=2, price=5.0, stock="A"):
    return {
        "Invoice": invoice, "StockCode": stock, "Quantity": quantity, "InvoiceDate": f"{day} 10:00:00",
        "Price": price, "Customer ID": customer, "Country": "France",
    }  # fmt: skip


def bought(*lines):
    return online_retail.by_day(pd.DataFrame(lines))


def test_a_customers_lines_of_a_day_become_one_and_what_was_sent_back_stands_apart():
    days = bought(
        line("2010-01-05"), line("2010-01-05", stock="B"), line("2010-01-05", invoice="C2", quantity=-1),
        line("2010-01-05", customer=None),
    )  # fmt: skip
    (row,) = days.to_dict("records")
    assert (row["orders"], row["products"], row["items"], row["value"], row["returned"]) == (1, 2, 4, 20.0, 1)
    counted = online_retail.usage(days).set_index("feature_name")["usage_count"].to_dict()
    assert counted == {"orders": 1, "products": 2, "items": 4, "errors": 1}


def test_a_subscription_runs_from_purchase_to_purchase_and_ends_when_patience_does():
    days = bought(*map(line, ("2010-01-05", "2010-02-01", "2010-08-01", "2010-10-01")))
    rows = online_retail.stretches(days)
    assert rows["start_date"].dt.strftime("%m-%d").tolist() == ["01-05", "02-01", "08-01", "10-01"]
    ends = rows["end_date"].dt.strftime("%m-%d").fillna("").tolist()
    assert ends == ["02-01", "05-02", "10-01", ""], "that nobody bought after October is not known yet"
    assert rows["arr"].tolist() == [40.0, 80.0, 40.0, 80.0], "four times the value of the 90 days up to then"


def enrolled(registered, left):
    return pd.DataFrame(
        {
            "code_module": ["AAA"], "code_presentation": ["2013J"], "id_student": [1],
            "date_registration": [registered], "date_unregistration": [left],
        }
    )  # fmt: skip


def test_who_withdrew_before_the_course_began_never_was_enrolled():
    assert oulad.enrolments(enrolled(-40.0, -2.0), "2013J").empty
    (row,) = oulad.enrolments(enrolled(-40.0, 12.0), "2013J").to_dict("records")
    assert (row["starts"], row["leaves"]) == (BEGINS, BEGINS + pd.Timedelta(days=12))


def test_a_withdrawal_after_the_day_the_book_is_read_is_not_known():
    (row,) = oulad.enrolments(enrolled(5.0, 265.0), "2013J").to_dict("records")
    assert pd.isna(row["leaves"])
    assert row["starts"] == BEGINS + pd.Timedelta(days=5)


def test_a_task_set_after_somebody_had_left_is_not_owed():
    done = oulad.enrolments(enrolled(0.0, 30.0), "2013J").merge(
        pd.DataFrame({
            "code_module": "AAA", "id_assessment": [1, 2], "date": [20.0, 80.0], "weight": [10, 10],
            "date_submitted": [22.0, None],
        }),
        on="code_module",
    )  # fmt: skip
    (owed,) = oulad.duties(done, BEGINS).to_dict("records")
    assert (owed["due_date"], owed["paid_date"]) == tuple(BEGINS + pd.Timedelta(days=days) for days in (20, 22))


def test_a_flat_tables_tenure_is_counted_back_from_its_day():
    starts = telco.started_on(pd.Series([0, 12]))
    assert starts.tolist() == [pd.Timestamp(2024, 5, 18), pd.Timestamp(2023, 5, 18)]


def test_services_that_a_customer_has_were_used_and_others_not():
    table = pd.DataFrame({"customerID": ["x"], **dict.fromkeys(telco.SERVICES, "No"), "InternetService": ["DSL"]})
    rows = telco.usage(table)
    assert rows["feature_name"].tolist() == ["InternetService"] * 2
    assert rows["usage_date"].max() < telco.DAY


def test_days_that_put_the_day_first_are_read_as_such():
    days = ravenstack.read_days(pd.Series(["05-11-2024", None]))
    assert days.iloc[0] == pd.Timestamp(2024, 11, 5)
    assert pd.isna(days.iloc[1])
