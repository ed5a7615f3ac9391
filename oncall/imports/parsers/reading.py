"""One file of another tool's answers as an export: which tool wrote it, and everything in it."""

from __future__ import annotations

from oncall.imports.parsers import grafana_oncall, opsgenie, pagerduty, pagerduty_v3
from oncall.imports.parsers.answers import Answer, answers
from oncall.imports.parsers.fields import Unreadable
from oncall.imports.rules.source import Export, Person, SourceSchedule, Vendor

MOST_SCHEDULES = 100
LONGEST_KEY = 200


def read(text: str) -> Export:
    """Read a file. Raises Unreadable with a sentence that says where and why."""
    found = answers(text)
    vendor = _vendor(found)
    people, schedules = _everything(vendor, found)
    schedules = list({each.key: each for each in schedules}.values())
    if not schedules:
        raise Unreadable("The file holds no schedule.")
    if any(len(each.key) > LONGEST_KEY for each in schedules):
        raise Unreadable(f"A schedule has an id of more than {LONGEST_KEY} characters.")
    if len(schedules) > MOST_SCHEDULES:
        raise Unreadable(f"The file holds more than {MOST_SCHEDULES} schedules. Import them in parts.")
    known: dict[str, Person] = {}
    for person in people:
        if person.key not in known or not known[person.key].email:
            known[person.key] = person
    return Export(vendor=vendor, people=known, schedules=tuple(schedules), remarks=_unfinished(found))


def _everything(vendor: Vendor, found: list[Answer]) -> tuple[list[Person], list[SourceSchedule]]:
    if vendor is Vendor.OPSGENIE:
        return opsgenie.people(found), opsgenie.schedules(found)
    if vendor is Vendor.GRAFANA_ONCALL:
        return grafana_oncall.people(found), grafana_oncall.schedules(found)
    schedules = [
        pagerduty_v3.schedule(answer, found) if _is_v3(answer) else pagerduty.schedule(answer)
        for answer in found
        if "schedule" in answer.body
    ]
    return [person for answer in found for person in pagerduty.people(answer)], schedules


def _is_v3(answer: Answer) -> bool:
    schedule = answer.body.node("schedule")
    return schedule.value.get("type") == "schedule_v3" or "rotations" in schedule


def _vendor(found: list[Answer]) -> Vendor:
    told = {
        vendor
        for answer in found
        for name, vendor in (
            ("schedule", Vendor.PAGERDUTY),
            ("data", Vendor.OPSGENIE),
            ("results", Vendor.GRAFANA_ONCALL),
        )
        if name in answer.body
    }
    if len(told) > 1:
        raise Unreadable("The file holds answers of several tools. Import each tool's by itself.")
    if not told:
        raise Unreadable("The file holds no answer of PagerDuty, Opsgenie or Grafana OnCall with a schedule.")
    return told.pop()


def _unfinished(found: list[Answer]) -> tuple[str, ...]:
    """Say which lists go on in an answer that the file does not have."""
    asked = {answer.path for answer in found}
    cut = set()
    for path in sorted(asked):
        pages = [answer for answer in found if answer.path == path]
        last = [each for each in pages if not each.body.value.get("more") and not each.body.value.get("next")]
        if not last:
            cut.add(f"{path or 'A list'} has more than the file holds: ask for its other pages as well.")
    return tuple(sorted(cut))
