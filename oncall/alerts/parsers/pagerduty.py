"""PagerDuty's Events API v2: what is refused at the door, and what an accepted event says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oncall.alerts.parsers import values
from oncall.alerts.rules import Action, Link, Parsed, Unreadable, severity, urgency

MAX_DEDUP_KEY = 255
SEVERITIES = ("critical", "error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedChange:
    """A change event: what was changed, for "what changed lately"; it never notifies."""

    summary: str
    kind: str
    source: str
    previous: str
    version: str
    by: str
    url: str
    external_id: str
    service: str
    at: datetime | None


def errors(event: Mapping[str, Any]) -> list[str]:
    """Why PagerDuty would answer 400 to an event, apart from its key; empty for a good one."""
    action, dedup_key = event.get("event_action"), event.get("dedup_key")
    found: list[str] = []
    if action not in tuple(Action):
        found.append("'event_action' is invalid (must be one of: 'trigger', 'acknowledge', 'resolve')")
    if dedup_key is not None and not isinstance(dedup_key, str | int):
        found.append("'dedup_key' must be a string")
    elif len(str(dedup_key or "")) > MAX_DEDUP_KEY:
        found.append(f"'dedup_key' is too long (maximum is {MAX_DEDUP_KEY} characters)")
    elif not dedup_key and action in (Action.ACKNOWLEDGE, Action.RESOLVE):
        found.append(f"'dedup_key' is missing or blank (it is required to {action})")
    return found + (_payload_errors(event.get("payload")) if action == Action.TRIGGER else [])


def _payload_errors(payload: object) -> list[str]:
    if not isinstance(payload, Mapping):
        return ["'payload' is missing or blank"]
    found = []
    if not values.text(payload.get("summary")).strip():
        found.append("'payload.summary' is missing or blank")
    if not payload.get("severity"):
        found.append("'payload.severity' is missing or blank")
    elif payload["severity"] not in SEVERITIES:
        found.append("'payload.severity' is invalid (must be one of: 'critical', 'error', 'warning', 'info')")
    return found


def change_errors(event: Mapping[str, Any]) -> list[str]:
    """Why a change event is answered with 400, apart from its key."""
    payload = event.get("payload")
    if not isinstance(payload, Mapping):
        return ["'payload' is missing or blank"]
    return [] if values.text(payload.get("summary")).strip() else ["'payload.summary' is missing or blank"]


def parse(body: bytes, *, given_key: str = "") -> list[Parsed]:
    """What an accepted event says; `given_key` is the dedup key it was answered with."""
    event = _event(body)
    payload = values.mapping(event.get("payload"))
    problems: list[str] = []
    labels = _labels(payload, event, problems)
    level = severity(values.text(payload.get("severity")))
    return [
        Parsed(
            action=_action(event, problems),
            dedup_key=values.key(given_key or event.get("dedup_key")) or values.key_of(body.hex()),
            title=_title(payload, event, problems),
            description=values.cut(_description(payload), values.MAX_DESCRIPTION),
            severity=level,
            urgency=urgency(level),
            labels=labels,
            annotations=values.names(
                payload.get("custom_details"),
                limit=values.MAX_ANNOTATION,
                what="custom details",
                problems=problems,
            ),
            links=values.links(_links(event)),
            started_at=values.moment(payload.get("timestamp")),
            problems=problems,
        )
    ]


def parse_change(body: bytes) -> ParsedChange:
    """What an accepted change event says."""
    event = _event(body)
    payload = values.mapping(event.get("payload"))
    details = values.mapping(payload.get("custom_details"))
    found = values.links(_links(event))
    return ParsedChange(
        summary=values.one_line(payload.get("summary")) or "Change without a summary",
        kind=values.text(values.first(details, "kind", "type")).strip().lower(),
        source=values.one_line(payload.get("source"), 80),
        previous=values.one_line(values.first(details, "previous", "from"), 80),
        version=values.one_line(values.first(details, "version", "to", "revision", "build_number"), 80),
        by=values.one_line(values.first(details, "by", "user", "author"), 80),
        external_id=values.one_line(values.first(details, "external_id", "id"), 120),
        url=next((link.url for link in found if len(link.url) <= 500), ""),
        service=values.text(values.first(details, "service", "component")).strip(),
        at=values.moment(payload.get("timestamp")),
    )


def _event(body: bytes) -> Mapping[str, Any]:
    event = values.load(body)
    if not isinstance(event, Mapping):
        raise Unreadable("The body is JSON, but no object.")
    return event


def _action(event: Mapping[str, Any], problems: list[str]) -> Action:
    try:
        return Action(event.get("event_action", ""))
    except ValueError:
        problems.append("An event came without a known event_action; it is taken as a trigger.")
        return Action.TRIGGER


def _title(payload: Mapping[str, Any], event: Mapping[str, Any], problems: list[str]) -> str:
    if title := values.one_line(payload.get("summary")):
        return title
    if event.get("event_action") not in (Action.ACKNOWLEDGE, Action.RESOLVE):
        problems.append("An event came without payload.summary.")
    return "Event without a summary"


def _description(payload: Mapping[str, Any]) -> object:
    details = payload.get("custom_details")
    if isinstance(details, Mapping):
        return values.first(details, "description", "message", "body", "firing")
    return details


def _labels(payload: Mapping[str, Any], event: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    if event.get("event_action") == Action.TRIGGER and not payload.get("source"):
        problems.append("An event came without payload.source.")
    named = {name: payload.get(name) for name in ("severity", "source", "component", "group", "class")}
    return values.names(
        {name: content for name, content in {**named, "client": event.get("client")}.items() if content},
        limit=values.MAX_LABEL,
        what="labels",
        problems=problems,
    )


def _links(event: Mapping[str, Any]) -> Iterator[Link | None]:
    for item in values.objects(event.get("links")):
        yield _named(item.get("href"), item.get("text"))
    for item in values.objects(event.get("images")):
        yield values.link("image", item.get("href") or item.get("src"), item.get("alt"))
    yield values.link("source", event.get("client_url"), event.get("client"))


def _named(url: object, label: object) -> Link | None:
    found = values.link_of(values.text(label), url)
    return found and values.link(found.kind, url, label)
