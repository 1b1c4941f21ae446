"""OpenMeter's events are CloudEvents."""

from dataclasses import replace

from app.connectors.cloudevents.translating import PROTOCOL as CLOUDEVENTS

PROTOCOL = replace(CLOUDEVENTS, name="openmeter")
