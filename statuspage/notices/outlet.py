"""What the composer in the incident room is told of the public pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Min

from core.errors import Refused
from incidents.updates.registry import Outlook, Part, Preview
from statuspage.components import queries as components
from statuspage.components.models import Component, ComponentState
from statuspage.components.rules import State, worst
from statuspage.notices import rules
from statuspage.notices.models import Notice, NoticeUpdate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from incidents.lifecycle.models import Incident

NAMES = dict(ComponentState.choices)


class UnknownComponent(Refused):
    """No page has such a component."""


class UnknownState(Refused):
    """A component cannot be shown in that state."""


class Outlet:
    """The status pages as an outlet of public updates."""

    def outlook(self, incident: Incident) -> Outlook:
        """Give the components that an update may speak of, those of the incident's services first."""
        every = components.components_for(())
        if not every:
            return Outlook()
        services = set(incident.services.values_list("pk", flat=True))
        notices = list(Notice.objects.filter(incident=incident).prefetch_related("components"))
        touched = {part.pk for notice in notices for part in notice.components.all()}
        rows = [row for row in every if row.service_id in services] or every
        parts = [
            Part(
                row.public_id,
                row.name,
                row.state,
                row.page.name,
                row.service_id in services or row.pk in touched,
            )
            for row in rows
        ]
        return Outlook(
            parts=parts,
            states=ComponentState.choices,
            recipients=0,
            pages=[(page.name, components.address(page)) for page in {row.page for row in rows}],
            title=notices[0].title if notices else "",
        )

    def check(self, wanted: Mapping[str, str]) -> None:
        """Refuse a component or a state that does not exist."""
        for state in wanted.values():
            if state not in NAMES:
                raise UnknownState(f"There is no state “{state}”. Known: {', '.join(NAMES)}.")
        known = set(Component.objects.filter(public_id__in=wanted).values_list("public_id", flat=True))
        if missing := set(wanted) - known:
            raise UnknownComponent(f"No status page has the component “{min(missing)}”.")

    def preview(
        self, incident: Incident, *, status: str, text: str, public_title: str, components: Mapping[str, str]
    ) -> Sequence[Preview]:
        """Show the update as it would stand on each page it touches."""
        rows = (
            Component.objects.select_related("page")
            .filter(public_id__in=components)
            .order_by("position", "id")
        )
        by_page: dict[str, list[Component]] = {}
        for row in rows or self._touched(incident):
            by_page.setdefault(row.page.name, []).append(row)
        return [
            Preview(
                page=page,
                title=public_title or self._title(incident, parts, components),
                stage=rules.stage(status),
                body=text,
                parts=[(part.name, components.get(part.public_id, part.state)) for part in parts],
            )
            for page, parts in by_page.items()
        ]

    def has_parts(self) -> bool:
        """Say whether there is a page with components."""
        return Component.objects.exists()

    def first_shown(self, incident: Incident) -> datetime | None:
        """Give when the first word about this incident stood on a page."""
        first: datetime | None = NoticeUpdate.objects.filter(notice__incident=incident).aggregate(
            first=Min("at")
        )["first"]
        return first

    def _touched(self, incident: Incident) -> list[Component]:
        services = set(incident.services.values_list("pk", flat=True))
        return components.components_for(services)

    def _title(self, incident: Incident, parts: Sequence[Component], states: Mapping[str, str]) -> str:
        known = Notice.objects.filter(incident=incident).values_list("title", flat=True).first()
        shown = [State(states.get(part.public_id, part.state)) for part in parts]
        return known or rules.title([part.name for part in parts], worst(shown))
