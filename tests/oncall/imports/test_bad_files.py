"""A file that is no export, or a damaged one: the sentence that says where and why. No database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oncall.imports.parsers.fields import Unreadable
from oncall.imports.parsers.reading import read
from tests.oncall.imports import exports


def changed(text: str, *path: Any, to: Any) -> str:
    """A file in which one value is another."""
    whole = json.loads(text)
    inside = whole
    for name in path[:-1]:
        inside = inside[list(inside)[name] if isinstance(inside, dict) and isinstance(name, int) else name]
    inside[path[-1]] = to
    return json.dumps(whole)


ZONE = (0, "schedule", "time_zone")
LAYER = (0, "schedule", "schedule_layers", 0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "The file is not JSON"),
        ("[" * 100_000, "The file is not JSON"),
        ("[]", "The file holds no answer"),
        ('"schedule"', "What answer 1 answered has to be an object."),
        ('{"schedules": []}', "The file holds no answer"),
        ('[{"schedule": {}}, {"data": []}]', "The file holds answers of several tools."),
        ('{"data": []}', "The file holds no schedule."),
        (changed(exports.pagerduty(), *ZONE, to="Mars/Olympus"), "and 'Mars/Olympus' is none"),
        (changed(exports.pagerduty(), *LAYER, "rotation_turn_length_seconds", to=0), "from 60 to"),
        (changed(exports.pagerduty(), *LAYER, "rotation_virtual_start", to="soon"), "has to be a moment"),
        (changed(exports.pagerduty(), *LAYER, "rotation_virtual_start", to="9999-12-31T00:00:00Z"), "2099"),
        (changed(exports.pagerduty(), *LAYER, "rotation_virtual_start", to="2026-01-01"), "its offset"),
        (changed(exports.pagerduty(), *LAYER, "users", to="everybody"), "schedule_layers[0].users"),
        (changed(exports.pagerduty(), *LAYER, "users", to=[None]), "users[0] has to be an object"),
        (changed(exports.pagerduty(), 0, "schedule", "id", to="x" * 201), "an id of more than 200"),
        (changed(exports.pagerduty(), 0, "schedule", "name", to="\x00"), "has to be a text"),
        (changed(exports.pagerduty(), 0, "schedule", "name", to="\ud800"), "has to be a text"),
        (
            changed(exports.grafana_oncall(), 1, "results", 0, "rolling_users", to=[["\x00"]]),
            "lists of texts",
        ),
        ('{"/a\\u0000": {}}', "An address in the file is no text."),
        ('{"/a?time_zone=%00": {}}', "The query of /a?time_zone=%00 is no text."),
        (changed(exports.opsgenie(), 0, "data", 0, "rotations", 0, "type", to="yearly"), "hourly, daily or"),
        (changed(exports.grafana_oncall(), 0, "results", 0, "shifts", to=["none"]), "names none, which"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(text: str, sentence: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(text)

    assert sentence in str(refusal.value)
