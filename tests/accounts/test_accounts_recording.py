"""What other systems say of accounts is written once, counted, and known from when it was told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.accounts.intake import recording
from app.accounts.models import Account, Contact, Invoice, Subscription
from app.accounts.queries import account_ids_by_external_id, contacts_of, family_of, get_account, get_summary, members
from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db
from app.identity.models import Membership
from tests.books import at, stretch, subscribe, write_accounts
from tests.cast import NOW, TODAY

TOMORROW = NOW + timedelta(days=1)


def counts(recorded):
    return recorded.added, recorded.updated, recorded.unchanged


def person(external_id, account="acme", **fields):
    return {"external_id": external_id, "account": account, "name": external_id.title(), "email": None} | fields


def only(model):
    return db.session.scalars(select(model).execution_options(populate_existing=True)).one()


def test_new_accounts_are_added_changed_ones_updated_and_equal_ones_left_alone(workspace):
    first = [{"external_id": "a", "name": "A", "tier": "gold"}, {"external_id": "b", "name": "B", "tier": None}]
    assert counts(recording.record_accounts(first, NOW)) == (2, 0, 0)
    then = [{"external_id": "a", "name": "A", "tier": "silver"}, {"external_id": "b", "name": "B", "tier": None}]
    again = recording.record_accounts(then, TOMORROW)
    assert counts(again) == (0, 1, 1)
    ids = account_ids_by_external_id(["a", "b"])
    assert again.account_ids == {ids["a"]}
    changed = db.session.execute(select(Account.external_id, Account.tier, Account.updated_at)).all()
    assert {tuple(row) for row in changed} == {("a", "silver", TOMORROW), ("b", None, NOW)}


def test_fields_that_are_not_said_stay_as_they_are(workspace):
    recording.record_accounts([{"external_id": "a", "name": "A", "tier": "gold", "country": "SE"}], NOW)
    recording.record_accounts([{"external_id": "a", "name": "A", "tier": "silver"}], NOW)
    account = only(Account)
    assert (account.tier, account.country) == ("silver", "SE")


def test_of_one_account_told_twice_in_a_batch_the_last_counts(workspace):
    told = [{"external_id": "a", "name": "Old"}, {"external_id": "a", "name": "New"}]
    assert counts(recording.record_accounts(told, NOW)) == (1, 0, 0)
    assert only(Account).name == "New"


def test_an_account_without_a_name_goes_by_its_number(workspace):
    recording.record_accounts([{"external_id": "4711", "name": ""}], NOW)
    assert only(Account).name == "4711"


def test_owners_are_found_by_mail_in_any_case_and_strangers_own_nothing(cast):
    told = [
        {"external_id": "a", "owner_email": "Olivia@Example.com"},
        {"external_id": "b", "owner_email": "oscar@example.com"},
    ]
    recording.record_accounts(told, NOW)
    owners = dict(db.session.execute(select(Account.external_id, Account.owner_id)).all())
    assert owners == {"a": cast.owner.id, "b": None}


@pytest.fixture
def in_two_places(cast):
    """Olivia works elsewhere too, as an admin; both places are visible to her."""
    with tenancy.workspace(cast.elsewhere.id):
        db.session.add(Membership(workspace_id=cast.elsewhere.id, user_id=cast.owner.id, role="admin"))
        db.session.flush()
    return cast


def test_who_works_in_two_workspaces_is_one_member_of_each(in_two_places):
    cast = in_two_places
    with tenancy.workspace(cast.workspace.id, cast.owner.id):
        assert [(each.name, each.role) for each in members() if each.id == cast.owner.id] == [("Olivia Owens", "csm")]


def test_who_works_elsewhere_only_cannot_own_an_account_here(in_two_places):
    cast = in_two_places
    with tenancy.workspace(cast.workspace.id, cast.outsider.id):
        recording.record_accounts([{"external_id": "a", "owner_email": cast.outsider.email}], NOW)
        assert only(Account).owner_id is None


def test_parents_are_found_whatever_the_order_and_nobody_is_their_own(workspace):
    told = [{"external_id": "child", "parent": "whole"}, {"external_id": "whole", "parent": "whole"}]
    recording.record_accounts(told, NOW)
    ids = account_ids_by_external_id(["child", "whole"])
    assert get_account(ids["child"]).parent_id == ids["whole"]
    assert get_account(ids["whole"]).parent_id is None
    subscribe(stretch("child", 100, TODAY))
    assert [(row.relation, row.arr_minor) for row in family_of(get_account(ids["whole"]))] == [("child", 100)]
    assert [row.relation for row in family_of(get_account(ids["child"]))] == ["parent"]


def test_records_of_unknown_accounts_are_left_out_and_named(workspace):
    write_accounts("acme")
    told = recording.record_contacts([person("ann"), person("bob", "nowhere")], NOW)
    assert (counts(told), told.unknown) == ((1, 0, 0), {"nowhere"})


def test_nothing_at_all_is_nothing(workspace):
    assert counts(recording.record_accounts([], NOW)) == (0, 0, 0)
    assert counts(recording.record_contacts([], NOW)) == (0, 0, 0)


def test_people_come_with_those_still_there_first_and_weighty_roles_before_others(workspace):
    (acme,) = write_accounts("acme")
    roles = {"zoe": "champion", "ann": "user", "bob": "sponsor"}
    gone = person("gus", role="champion", left_on=date(2026, 1, 1))
    recording.record_contacts([*(person(name, role=role) for name, role in roles.items()), gone], NOW)
    assert [each.external_id for each in contacts_of(acme)] == ["zoe", "bob", "ann", "gus"]


def test_an_invoice_is_paid_later(workspace):
    write_accounts("acme")
    bill = {"external_id": "i1", "account": "acme", "issued_on": TODAY, "due_on": TODAY, "amount_minor": 100}
    assert counts(recording.record_invoices([bill], NOW)) == (1, 0, 0)
    assert counts(recording.record_invoices([bill | {"paid_on": TODAY}], NOW)) == (0, 1, 0)
    assert only(Invoice).paid_on == TODAY


@pytest.mark.parametrize(
    ("term", "renews_on"),
    [(12, date(2025, 2, 28)), (1, date(2024, 3, 29)), (6, date(2024, 8, 29)), (None, None)],
)
def test_the_first_renewal_follows_from_the_term(workspace, term, renews_on):
    write_accounts("acme")
    recording.record_subscriptions([stretch("acme", 100, date(2024, 2, 29), term_months=term)], NOW)
    assert only(Subscription).renews_on == renews_on


def test_a_past_end_counts_as_known_when_it_happened_and_a_coming_one_since_it_was_told(workspace):
    write_accounts("acme")
    past, coming = date(2026, 3, 1), date(2026, 12, 31)
    recording.record_subscriptions(
        [stretch("acme", 1, date(2025, 1, 1), past), stretch("acme", 1, past, coming)], NOW
    )  # fmt: skip
    known = dict(db.session.execute(select(Subscription.ended_on, Subscription.end_known_at)).all())
    assert known == {past: datetime(2026, 3, 1, tzinfo=UTC), coming: datetime(2026, 11, 20, tzinfo=UTC)}


def test_a_notice_stays_known_since_it_was_first_told_however_often_it_is_imported(workspace):
    write_accounts("acme")
    told = [stretch("acme", 100, date(2026, 1, 1), date(2026, 12, 31))]
    recording.record_subscriptions(told, NOW)
    for later in (NOW + timedelta(days=9), datetime(2027, 2, 1, tzinfo=UTC)):
        assert counts(recording.record_subscriptions(told, later)) == (0, 0, 1)
    assert only(Subscription).end_known_at == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_notice_that_is_moved_is_known_since_it_was_moved(workspace):
    write_accounts("acme")
    recording.record_subscriptions([stretch("acme", 100, date(2026, 1, 1), date(2026, 12, 31))], NOW)
    recording.record_subscriptions([stretch("acme", 100, date(2026, 1, 1), date(2027, 1, 31))], TOMORROW)
    assert only(Subscription).end_known_at == datetime(2026, 11, 21, tzinfo=UTC)


def test_what_the_source_says_of_its_own_knowledge_goes_first(workspace):
    write_accounts("acme")
    left = person("ann", left_on=date(2026, 11, 1), left_known_at=at(date(2026, 11, 9)))
    recording.record_contacts([left], NOW)
    assert only(Contact).left_known_at == at(date(2026, 11, 9))


def test_who_has_left_stays_known_to_have_left_since_then(workspace):
    write_accounts("acme")
    recording.record_contacts([person("ann", left_on=date(2026, 12, 1))], NOW)
    recording.record_contacts([person("ann", left_on=date(2026, 12, 1), title="Head")], TOMORROW)
    assert (only(Contact).title, only(Contact).left_known_at.date()) == ("Head", NOW.date())


def test_accounts_of_another_workspace_are_neither_found_nor_touched(cast):
    (acme,) = write_accounts("acme")
    subscribe(stretch("acme", 100, TODAY))
    with tenancy.workspace(cast.elsewhere.id):
        assert account_ids_by_external_id(["acme"]) == {}
        with pytest.raises(NotFoundError):
            get_account(acme)
        with pytest.raises(NotFoundError):
            get_summary(acme)
        write_accounts("acme", tier="theirs")
    assert get_account(acme).tier is None
    assert db.session.execute(text("SELECT count(*) FROM account")).scalar() == 1
