"""Jitsu's messages say what Segment's say."""

from dataclasses import replace

from app.connectors.segment.translating import PROTOCOL as SEGMENT

PROTOCOL = replace(SEGMENT, name="jitsu")
