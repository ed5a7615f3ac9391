"""What the status page tells the others. Documented in docs/events.md."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("notice.published")
@dataclass(frozen=True, slots=True)
class NoticePublished:
    """Customers were told something; `incident_id` is set when it is about an incident."""

    notice_id: int
    update_id: int
    incident_id: int | None
    status: str


@event("status_page.changed")
@dataclass(frozen=True, slots=True)
class PageChanged:
    """A status page was made, its settings were changed, or a component was added: `what` says which."""

    page_id: int
    what: str


@event("status_page.tried")
@dataclass(frozen=True, slots=True)
class PublishingTried:
    """The product publishes a test notice on its own page, which nobody is shown, to see that publishing works."""

    page_id: int
    slot: int


@event("component.state_changed")
@dataclass(frozen=True, slots=True)
class ComponentStateChanged:
    """A component shows another state."""

    component_id: int
    old: str
    new: str
