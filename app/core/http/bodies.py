"""Reads the bodies of machines' requests, bounded on the wire and once unpacked, whatever their Content-Type says."""

import zlib

from flask import request

from app.core.problems import Problem

MOST_ON_WIRE = 5 * 1024 * 1024
MOST_UNPACKED = 20 * 1024 * 1024
_GZIP = b"\x1f\x8b"  # no JSON begins so


def read_body() -> bytes:
    """Give the body of the present request, unpacked also where no header says that it is packed (PostHog's browsers).

    Raises Problem 413 when it is too large, 400 when it is not what Content-Encoding says.
    """
    request.max_content_length = MOST_ON_WIRE
    data = request.get_data(cache=False, parse_form_data=False)
    encoding = request.headers.get("Content-Encoding", "").lower()
    if encoding == "gzip" or data.startswith(_GZIP):
        return _unpacked(data)
    if encoding not in {"", "identity"}:
        raise Problem(415, f"Content-Encoding {encoding!r} is not understood: send gzip, or none.", "bad_encoding")
    return data


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, MOST_UNPACKED + 1)
    except zlib.error as error:
        raise Problem(400, "The body should be gzip, and is not.", "bad_gzip") from error
    if len(unpacked) > MOST_UNPACKED:
        most = MOST_UNPACKED // 1024 // 1024
        raise Problem(413, f"Unpacked, a request may hold up to {most} MB. Send fewer events at once.", "too_large")
    if not unpacker.eof:
        raise Problem(400, "The gzip body ends too early.", "bad_gzip")
    return unpacked
