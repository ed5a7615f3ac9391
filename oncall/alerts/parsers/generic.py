"""Our own way in: JSON with the names that senders use anyway, a form, or plain text.

A body in Alertmanager's or Uptime Kuma's shape is understood too, so the wrong kind of source loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from oncall.alerts.parsers import alertmanager, values
from oncall.alerts.rules import Action, Link, Parsed, Unreadable, severity, urgency

_ACTIONS = {
    Action.RESOLVE: "resolved resolve ok okay up closed close clear cleared recovery recovered normal"
    " inactive green",
    Action.ACKNOWLEDGE: "acknowledged acknowledge ack",
    Action.TRIGGER: "trigger triggered firing fire alerting alert open opened active problem down critical"
    " error warning warn fail failed failing new red yellow unknown nodata no_data",
}
_ACTION_OF = {word: action for action, words in _ACTIONS.items() for word in words.split()}

_TITLE = ("title", "summary", "subject", "name", "alert", "alertname", "message", "msg", "text", "check")
_DESCRIPTION = ("description", "details", "body", "text", "message", "msg", "reason", "output")
_KEY = (
    "dedup_key",
    "deduplication_key",
    "dedup",
    "alert_uid",
    "alias",
    "incident_key",
    "fingerprint",
    "entity_id",
    "uid",
    "uuid",
    "key",
    "id",
)
_ACTION = ("action", "event_action", "status", "state", "event_type", "message_type")
_SEVERITY = ("severity", "priority", "level", "urgency")
_TIME = ("started_at", "starts_at", "startsAt", "timestamp", "occurred_at", "time", "date", "at")
_LABELS = ("labels", "tags", "metadata", "meta", "custom_details", "details", "fields")
_OWN_LABELS = (
    "service",
    "component",
    "source",
    "host",
    "hostname",
    "instance",
    "environment",
    "region",
    "team",
)


def parse(body: bytes, *, given_key: str = "") -> list[Parsed]:
    """The alerts of a body; raises Unreadable when it is empty, or looks like JSON and is none."""
    content = _content(body)
    if isinstance(content, Mapping) and isinstance(content.get("alerts"), list):
        return alertmanager.read(content)
    items = [item for item in (content if isinstance(content, list) else [content]) if item]
    if not items or not all(isinstance(item, Mapping) for item in items):
        raise Unreadable("The body says nothing that could be an alert.")
    return [alert for item in items for alert in _alerts(item)]


def _content(body: bytes) -> Any:
    plain = body.strip().removeprefix(b"\xef\xbb\xbf")
    if not plain:
        raise Unreadable("The body is empty.")
    if plain[:1] in b'{["':
        content = values.load(plain)
        return {"title": content} if isinstance(content, str) else content
    written = plain.decode("utf-8", "replace")
    form = (
        parse_qsl(written, max_num_fields=1000) if "=" in written.split("\n", 1)[0].split(" ", 1)[0] else []
    )
    return dict(form) or {"title": written.split("\n", 1)[0], "description": written}


def _alerts(content: Mapping[str, Any]) -> list[Parsed]:
    return _kuma(content) if isinstance(content.get("monitor"), Mapping) else [_alert(content)]


def _alert(content: Mapping[str, Any]) -> Parsed:
    problems: list[str] = []
    labels = _labels(content, problems)
    title = _title(content, problems)
    level = severity(values.text(values.first({**labels, **content}, *_SEVERITY)))
    return Parsed(
        action=_action(content, problems),
        dedup_key=_key(content, title, labels),
        title=title,
        description=_description(content, title),
        severity=level,
        urgency=urgency(level),
        labels=labels,
        annotations=values.names(
            content.get("annotations"), limit=values.MAX_ANNOTATION, what="annotations", problems=problems
        ),
        links=values.links(_links(content)),
        started_at=values.moment(values.first(content, *_TIME)),
        problems=problems,
    )


def _title(content: Mapping[str, Any], problems: list[str]) -> str:
    written = next(
        (content[name] for name in _TITLE if isinstance(content.get(name), str) and content[name].strip()), ""
    )
    if not written:
        problems.append("A signal came without a title.")
    return values.one_line(written) or "Signal without a title"


def _description(content: Mapping[str, Any], title: str) -> str:
    for name in _DESCRIPTION:
        written = values.text(content[name]) if isinstance(content.get(name), str) else ""
        if written.strip() and values.one_line(written) != title:
            return values.cut(written, values.MAX_DESCRIPTION)
    return ""


def _action(content: Mapping[str, Any], problems: list[str]) -> Action:
    word = values.text(values.first(content, *_ACTION)).strip().lower()
    if word and word not in _ACTION_OF:
        problems.append("A signal came with a status that is not known; it is taken as a trigger.")
    return _ACTION_OF.get(word, Action.TRIGGER)


def _key(content: Mapping[str, Any], title: str, labels: Mapping[str, str]) -> str:
    if given := values.key(values.first(content, *_KEY)):
        return given
    plain = title.lower().removesuffix(" is up").removesuffix(" is down")
    return values.key_of(
        plain, values.first(labels, "service", "component"), values.first(labels, "source", "host")
    )


def _labels(content: Mapping[str, Any], problems: list[str]) -> dict[str, str]:
    found: dict[str, Any] = {}
    for name in _LABELS:
        if isinstance(content.get(name), Mapping | list):
            found |= values.names(content[name], limit=values.MAX_LABEL, what=name, problems=problems)
    found |= {name: content[name] for name in _OWN_LABELS if isinstance(content.get(name), str | int | float)}
    return values.names(found, limit=values.MAX_LABEL, what="labels", problems=problems)


def _links(content: Mapping[str, Any]) -> Iterator[Link | None]:
    for item in content["links"] if isinstance(content.get("links"), list) else ():
        if isinstance(item, Mapping):
            label = values.first(item, "text", "label", "title", "name")
            url = values.first(item, "href", "url")
            found = values.link_of(values.text(values.first(item, "kind") or label), url)
            yield found and values.link(found.kind, url, label)
        else:
            yield values.link("link", item)
    for name, content_of in content.items():
        if isinstance(content_of, str) and name != "links":
            yield values.link_of(name, content_of)


def _kuma(content: Mapping[str, Any]) -> list[Parsed]:
    monitor, beat = content["monitor"], values.mapping(content.get("heartbeat"))
    action = {0: Action.TRIGGER, 1: Action.RESOLVE, None: Action.TRIGGER}.get(beat.get("status"))
    if action is None:
        return []  # pending and maintenance say nothing that needs a person
    name = values.one_line(monitor.get("name")) or "Monitor without a name"
    return [
        Parsed(
            action=action,
            dedup_key=values.key(f"monitor:{values.text(monitor.get('id')) or name}"),
            title=values.one_line(content.get("msg")) or name,
            labels={"monitor": name},
            links=values.links([values.link("source", monitor.get("url"), name)]),
            started_at=values.moment(beat.get("time")),
        )
    ]
