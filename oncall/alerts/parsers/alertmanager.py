"""Prometheus Alertmanager's webhook, version 4, and Grafana's, which has its shape.

One alert per fingerprint: a body may mix firing and resolved ones; only what is marked resolved is resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from oncall.alerts.parsers import values
from oncall.alerts.rules import Action, Link, Parsed, Unreadable, severity, urgency


def parse(body: bytes, *, given_key: str = "") -> list[Parsed]:
    """The alerts of a webhook body; raises Unreadable when it is not JSON or no list of alerts is in it."""
    return read(values.load(body))


def read(content: object) -> list[Parsed]:
    """The alerts of a decoded body."""
    group: Mapping[str, Any] = {"alerts": content} if isinstance(content, list) else _object(content)
    items = group.get("alerts")
    if not isinstance(items, list):
        raise Unreadable("The body has no list called alerts.")
    if items and not all(isinstance(item, Mapping) for item in items):
        raise Unreadable("The list called alerts holds something else than alerts.")
    return [_alert(item, group) for item in items]


def _object(content: object) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise Unreadable("The body is JSON, but no object.")
    return content


def _alert(item: Mapping[str, Any], group: Mapping[str, Any]) -> Parsed:
    problems: list[str] = []
    labels = values.names(item.get("labels"), limit=values.MAX_LABEL, what="labels", problems=problems)
    annotations = values.names(
        item.get("annotations"), limit=values.MAX_ANNOTATION, what="annotations", problems=problems
    )
    _tell_left_out(group, annotations, problems)
    level = severity(values.first(labels, "severity", "priority", "level") or "")
    return Parsed(
        action=_action(item, group, problems),
        dedup_key=_key(item, labels, problems),
        title=_title(labels, annotations, problems),
        description=values.cut(
            values.first(annotations, "description", "message", "details"), values.MAX_DESCRIPTION
        ),
        severity=level,
        urgency=urgency(level),
        labels=labels,
        annotations=annotations,
        links=values.links(_links(item, group, annotations)),
        started_at=values.moment(item.get("startsAt")),
        problems=problems,
    )


def _tell_left_out(group: Mapping[str, Any], annotations: dict[str, str], problems: list[str]) -> None:
    left_out = group.get("truncatedAlerts")
    if isinstance(left_out, int) and left_out > 0:
        annotations["truncated"] = f"Alertmanager left out {left_out} more alerts of this group (max_alerts)."
        problems.append("Alertmanager left out alerts of a group because of its max_alerts.")


def _action(item: Mapping[str, Any], group: Mapping[str, Any], problems: list[str]) -> Action:
    status = values.text(item.get("status") or group.get("status")).lower()
    if status not in {"firing", "resolved"}:
        problems.append("An alert came without a status of firing or resolved; it is taken as firing.")
    return Action.RESOLVE if status == "resolved" else Action.TRIGGER


def _key(item: Mapping[str, Any], labels: Mapping[str, str], problems: list[str]) -> str:
    if fingerprint := values.key(item.get("fingerprint")):
        return fingerprint
    problems.append("An alert came without a fingerprint; its labels stand for it.")
    return values.key_of(*(f"{name}={labels[name]}" for name in sorted(labels)))


def _title(labels: Mapping[str, str], annotations: Mapping[str, str], problems: list[str]) -> str:
    if written := values.first(annotations, "summary", "title", "message"):
        return values.one_line(written)
    if name := labels.get("alertname"):
        where = values.first(labels, "instance", "pod", "host", "namespace")
        return values.one_line(f"{name} on {where}" if where else name)
    problems.append("An alert came without a summary and without the label alertname.")
    return "Alert without a name from Alertmanager"


def _links(
    item: Mapping[str, Any], group: Mapping[str, Any], annotations: Mapping[str, str]
) -> Iterator[Link | None]:
    for name, content in annotations.items():
        yield values.link_of(name, content)
    for name in ("dashboardURL", "panelURL", "imageURL"):
        yield values.link_of(name, item.get(name))
    yield values.link("graph", item.get("generatorURL"), "Expression in Prometheus")
    yield values.link("link", item.get("silenceURL"), "Silence in Grafana")
    yield values.link("source", group.get("externalURL"), "Alertmanager")
