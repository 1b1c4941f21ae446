import pytest

from app.connectors.csv.guessing import guess_channel, guess_columns, guess_kind
from app.connectors.csv.kinds import BY_CODE
from app.connectors.csv.reading.sheets import read
from tests.connectors.csv.conftest import FILES, windows


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("accounts.csv", "accounts"), ("subscriptions.csv", "subscriptions"), ("feature_usage.csv", "usage"),
        ("support_tickets.csv", "interactions"), ("churn_events.csv", "churn_events"),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_columns_whatever_it_is_called(name, kind):
    sheet = read(windows(FILES[name]))
    assert guess_kind(name, sheet).code == kind
    assert guess_kind("export (3).csv", sheet).code == kind


def guesses(kind, text):
    return {column: guess.field for column, guess in guess_columns(BY_CODE[kind], read(text.encode())).items()}


def test_headers_are_read_however_they_are_written():
    found = guesses(
        "subscriptions",
        "Subscription ID,accountId,Start-Date,Annual Recurring Revenue,Auto Renew\n1,2,2024-01-02,5,yes\n",
    )
    assert list(found.values()) == ["external_id", "account", "started_on", "arr", "auto_renew"]


def test_a_column_whose_values_do_not_fit_its_name_is_not_taken_for_it():
    assert guesses("accounts", "account_id,owner,created\n1,Ada Lindgren,yesterday\n") == {
        "account_id": "external_id", "owner": "custom", "created": "custom",
    }  # fmt: skip
    assert guesses("accounts", "account_id,owner\n1,ada@us.example\n")["owner"] == "owner_email"


def test_each_field_is_given_to_the_likelier_column_only():
    found = guesses("accounts", "id,account_id,name\n1,2,Acme\n")
    assert found == {"id": "custom", "account_id": "external_id", "name": "name"}


def test_a_table_of_something_else_is_of_no_kind():
    assert guess_kind("weather.csv", read(b"station,rain\nX,3\n")) is None


def test_the_columns_added_to_refused_rows_are_passed_over():
    found = guesses("accounts", "account_id,_file,_line,_column,_reason\n1,a.csv,2,x,y\n")
    assert found == {"account_id": "external_id"}


@pytest.mark.parametrize(
    ("name", "channel"), [("calls.csv", "phone"), ("meetings.csv", "meeting"), ("x.csv", "ticket")]
)
def test_the_channel_of_a_file_is_in_its_name_or_headers(name, channel):
    assert guess_channel(name, read(b"id,account_id,date\n1,2,2024-01-01\n")) == channel


def test_every_kind_can_be_filled_in_from_its_own_headers():
    for kind in BY_CODE.values():
        headers = [field.names[0] for field in kind.fields if field.names and not field.many]
        assert guess_kind("blank.csv", read((",".join(headers) + "\n").encode())) is kind
