"""How the last shift of a rotation ends is in no answer: what was rendered decides. No database."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from oncall.imports.parsers.reading import read
from oncall.imports.rules import comparing
from tests.oncall.imports import exports
from tests.oncall.imports.rendering import END, NEW_YORK, NOW, at, spans, text, turn

if TYPE_CHECKING:
    from datetime import datetime

# Both rotations end by their rule on 1 December at 12:00 in New York.
ENDS = pytest.mark.parametrize(
    ("end", "said"), [(at(12, 1, 17), "until"), (None, "to its end")], ids=["by the rule", "whole"]
)


def differs(export: object, said: str) -> int:
    """The differing minutes of the one schedule, by the reading that fits best."""
    (schedule,) = read(json.dumps(export)).schedules
    assert schedule.rendered is not None
    reading, chosen = comparing.best(schedule.readings, schedule.rendered)
    assert chosen
    assert said in reading.said
    return comparing.compare(reading, schedule.rendered, NOW, END).different


@ENDS
def test_of_grafana_oncall(end: datetime | None, said: str) -> None:
    ending = exports.oc_shift(
        "ending",
        "rolling_users",
        level=5,
        start="2026-11-30T00:00:00",
        duration=86400,
        frequency="daily",
        interval=1,
        until="2026-12-01T12:00:00",
        rolling_users=[["frank"]],
    )
    export = json.loads(exports.grafana_oncall(ending))
    final = list(export.values())[4]
    first, last = text(at(11, 30, 5)), text(end or at(12, 2, 5))
    others = [
        each | {"shift_start": start, "shift_end": finish}
        for each in final["results"]
        for start, finish in (
            (each["shift_start"], min(each["shift_end"], first)),
            (max(each["shift_start"], last), each["shift_end"]),
        )
        if start < finish
    ]
    final["results"] = [*others, {"user_pk": "frank", "shift_start": first, "shift_end": last}]

    assert differs(export, said) == 0


@ENDS
def test_of_pagerduty(end: datetime | None, said: str) -> None:
    last, people = end or at(12, 2, 14), ["alice", "bob"]

    def who(moment: datetime) -> set[str]:
        return {people[turn(moment, NEW_YORK, date(2026, 1, 5), 9) % 2]} if moment < last else set()

    event = exports.pd_event(
        "Daily",
        "2026-01-05T09:00:00-05:00",
        "2026-01-06T09:00:00-05:00",
        "RRULE:FREQ=DAILY;UNTIL=20261201T170000Z",
        *people,
        each=1,
    )
    address, answer = next(iter(json.loads(exports.pagerduty_v3()).items()))
    answer["schedule"]["rotations"] = [{"id": "ROT1", "type": "schedule_rotation", "events": [event]}]
    answer["schedule"]["final_schedule"]["computed_shift_assignments"] = [
        {"start_time": start, "end_time": finish, "member": exports.member(person)}
        for person, start, finish in spans(who)
    ]

    assert differs({address: answer}, said) == 0
