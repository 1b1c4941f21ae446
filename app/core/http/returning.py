"""Where to send a person back to: only ever an address of ours (CVE-2021-32618, CVE-2023-49438)."""

import re

# One slash, then no second one; browsers read a backslash as a slash and drop tabs and newlines.
_OURS = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def safe_next(wanted: str | None, otherwise: str = "/") -> str:
    """Give `wanted` when it is a path on this site, else `otherwise`."""
    return wanted if wanted and _OURS.fullmatch(wanted) else otherwise
