"""Official SDKs, pointed at us by host and key alone: what they send is counted once, whatever comes in between."""

import pytest

from tests.sdks.between import Between, Trip, away, lost
from tests.sdks.running import SDKS, drive

MANY, PEOPLE = 1_000, 50
each_sdk = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)


@pytest.fixture(scope="session")
def first_day(harbour, everyone):
    """Each tells of its company and a person of it, sends three events and one of an account nobody knows; twice."""
    harbour.make_accounts(*(f"first-{sdk.name}" for sdk in SDKS if sdk.is_metered))

    def act(sdk):
        task = {"tells": not sdk.is_metered, "unknown": f"later-{sdk.name}"}
        once, again = (drive(sdk, harbour.product.address, harbour.key(sdk.name), "first", **task) for _ in range(2))
        return once + again

    return everyone(act)


@each_sdk
def test_what_is_sent_twice_is_counted_once(harbour, first_day, sdk):
    assert first_day[sdk.name].result() == []
    account, has_ids = f"first-{sdk.name}", sdk.protocol != "jitsu"  # jitsu's makes an id of its own a call
    calls = 3 if sdk.is_metered else 4
    assert harbour.counted(account) == (calls if has_ids else 2 * calls)


@each_sdk
def test_what_is_told_makes_account_and_people(harbour, first_day, sdk):
    first_day[sdk.name].result()
    account, person = f"first-{sdk.name}", f"ada-first-{sdk.name}"
    if sdk.protocol in {"openmeter", "lago"}:  # these know no people
        assert harbour.active(account) == set()
    elif sdk.is_metered:
        assert harbour.active(account) == {f"{person}-0"}
    else:
        assert harbour.account(account) == [(f"Company {account}", "Retail")]
        assert (person, "Ada", f"ada@{account}.example") in harbour.people(account)
        assert harbour.active(account) == {person, f"{person}-0"}


@pytest.fixture(scope="session")
def mended(harbour, first_day):
    """What nobody knew is made known, and what was held is replayed."""
    for told in first_day.values():
        told.exception()
    before = {sdk.name: harbour.held(f"later-{sdk.name}") for sdk in SDKS}
    harbour.make_accounts(*(f"later-{sdk.name}" for sdk in SDKS))
    harbour.replay()
    return before


@each_sdk
def test_what_cannot_be_used_is_held_and_counted_once_its_account_is_there(harbour, mended, sdk):
    times = 2 if sdk.protocol == "jitsu" else 1
    held = mended[sdk.name]
    assert [each[1:] for each in held] == [("account", None)] * times
    assert [each[2] for each in harbour.held(f"later-{sdk.name}")] == ["counted"] * times
    assert harbour.counted(f"later-{sdk.name}") == times


@pytest.fixture(scope="session")
def flood(harbour, everyone):
    """Each sends many events of fifty people, in its own batches, packed where it can."""
    harbour.make_accounts(*(f"many-{sdk.name}" for sdk in SDKS))

    def act(sdk):
        with Between(harbour.product.address) as way:
            events = MANY if sdk.has_batches else MANY // 5
            return Trip(drive(sdk, way.address, harbour.key(sdk.name), "many", events=events, people=PEOPLE), way.seen)

    return everyone(act)


@each_sdk
def test_many_events_in_several_requests_are_all_counted_once(harbour, flood, sdk):
    trip = flood[sdk.name].result()
    assert (trip.errors, set(trip.statuses) - {200, 204}) == ([], set())
    assert len(trip.seen) > 1
    assert {each.encoding for each in trip.seen} == ({"gzip"} if sdk.has_gzip else {""})
    assert harbour.counted(f"many-{sdk.name}") == (MANY if sdk.has_batches else MANY // 5)
    if not sdk.is_metered or sdk.protocol == "cloudevents":
        assert len(harbour.active(f"many-{sdk.name}")) == PEOPLE


@pytest.fixture(scope="session")
def strangers(harbour, everyone):
    """Each comes with a key that nobody made."""

    def act(sdk):
        with Between(harbour.product.address) as way:
            return Trip(drive(sdk, way.address, "prn_1_of-no-worth", "strange", events=1), way.seen)

    return everyone(act)


@each_sdk
def test_a_key_that_is_wrong_is_told_to_the_caller_and_not_tried_again(harbour, strangers, sdk):
    trip = strangers[sdk.name].result()
    assert (len(trip.errors), trip.statuses) == (1, [401])
    assert (harbour.account(f"strange-{sdk.name}"), harbour.held(f"strange-{sdk.name}")) == ([], [])


@pytest.fixture(scope="session")
def rough_seas(harbour, everyone):
    """The first answer is lost after all was taken in, the next says that we are away."""
    harbour.make_accounts(*(f"rough-{sdk.name}" for sdk in SDKS))

    def act(sdk):
        with Between(harbour.product.address, lost, away) as way:
            return Trip(drive(sdk, way.address, harbour.key(sdk.name), "rough", events=1), way.seen)

    return everyone(act)


@each_sdk
def test_what_was_sent_again_after_a_503_is_counted_once(harbour, rough_seas, sdk):
    trip = rough_seas[sdk.name].result()
    if 503 in sdk.waits:
        assert (trip.errors, trip.statuses[:2]) == ([], [503, 503])
        assert trip.statuses[2:] in ([200], [204])
    else:
        assert (len(trip.errors), trip.statuses) == (1, [503])
    assert harbour.counted(f"rough-{sdk.name}") == 1


@pytest.fixture(scope="session")
def narrow_gate(harbour, everyone):
    """The key's share is used up just before each sends."""
    harbour.make_accounts(*(f"narrow-{sdk.name}" for sdk in SDKS))

    def act(sdk):
        def spend(pass_on):
            harbour.use_up(sdk.name)
            return pass_on()

        with Between(harbour.narrow, spend) as way:
            return Trip(drive(sdk, way.address, harbour.key(sdk.name), "narrow", events=1), way.seen)

    return everyone(act)


@each_sdk
def test_who_sends_too_much_waits_as_long_as_told_and_is_counted_once(harbour, narrow_gate, sdk):
    trip = narrow_gate[sdk.name].result()
    if 429 not in sdk.waits:
        assert (len(trip.errors), trip.statuses, harbour.counted(f"narrow-{sdk.name}")) == (1, [429], 0)
        return
    assert trip.errors == []
    assert trip.statuses[0] == 429
    assert trip.statuses[-1] in {200, 204}
    assert harbour.counted(f"narrow-{sdk.name}") == 1
