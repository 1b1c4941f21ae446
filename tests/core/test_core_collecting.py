"""The garbage collector rests only as long as it is told to."""

import gc

import pytest

from app.core.bulk.collecting import uncollected


def test_it_rests_within_and_works_again_afterwards():
    with uncollected(), uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_works_again_after_a_failure():
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()
