"""A person is only ever sent back to an address of ours."""

import pytest

from app.core.http.returning import safe_next


@pytest.mark.parametrize("wanted", ["/", "/accounts", "/accounts?band=at%20risk&page=2", "/a/b#c", "/ü"])
def test_a_path_of_ours_is_kept(wanted):
    assert safe_next(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        None, "", "accounts", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "/a\\..\\b",
        "https://evil.example", "https:evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example",
        " //evil.example", "/ /evil.example", "\x00//evil.example", "/a\r\nSet-Cookie: x=1",
    ],
)  # fmt: skip
def test_everything_else_leads_home(wanted):
    assert safe_next(wanted) == "/"
    assert safe_next(wanted, "/today") == "/today"
