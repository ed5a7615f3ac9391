"""The public data in the shape of Statuspage's API v2. All keys are always there, null when empty."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def stamp(at: datetime | None) -> str | None:
    """An instant as Statuspage writes it: milliseconds, Z."""
    return (
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z" if at else None
    )


def page(view: Any, *, url: str) -> dict[str, Any]:
    """The `page` object."""
    return {
        "id": view.slug,
        "name": view.name,
        "url": url,
        "time_zone": view.time_zone,
        "updated_at": stamp(view.updated_at),
    }


def component(view: Any, *, page_id: str) -> dict[str, Any]:
    """A `component` object; there are no groups."""
    return {
        "id": view.id,
        "name": view.name,
        "status": view.state,
        "created_at": stamp(view.created_at),
        "updated_at": stamp(view.updated_at),
        "position": view.position,
        "description": view.description or None,
        "showcase": True,
        "start_date": view.created_at.date().isoformat(),
        "group_id": None,
        "page_id": page_id,
        "group": False,
        "only_show_if_degraded": False,
    }


def incident(view: Any, *, page_id: str, url: str, components: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An `incident` object with its updates, newest first."""
    return {
        "id": view.id,
        "name": view.title,
        "status": view.status,
        "created_at": stamp(view.created_at),
        "updated_at": stamp(view.updated_at),
        "monitoring_at": stamp(view.monitoring_at),
        "resolved_at": stamp(view.resolved_at),
        "impact": view.impact,
        "shortlink": url,
        "started_at": stamp(view.started_at),
        "page_id": page_id,
        "incident_updates": [_update(row, incident_id=view.id) for row in view.updates],
        "components": list(components),
        "reminder_intervals": None,
    }


def _update(view: Any, *, incident_id: str) -> dict[str, Any]:
    return {
        "id": view.id,
        "status": view.status,
        "body": view.body,
        "incident_id": incident_id,
        "created_at": stamp(view.at),
        "updated_at": stamp(view.at),
        "display_at": stamp(view.at),
        "affected_components": list(view.affected) or None,
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }
