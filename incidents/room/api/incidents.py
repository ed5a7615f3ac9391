"""Incidents in the API: declared, led, told of and found."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import django_filters
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.permissions import Pages, Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.board import queries as board
from incidents.changes.api import ChangeBeforeOut
from incidents.closing import operations as closing
from incidents.closing import queries as closing_queries
from incidents.closing.api import ClosingOut
from incidents.closing.operations import Said
from incidents.command import operations as command
from incidents.command import queries as command_queries
from incidents.command.api import HandOverIn
from incidents.fields import operations as fields
from incidents.fields import queries as field_queries
from incidents.fields.api import at_the_field
from incidents.fields.rules import parted
from incidents.lifecycle import operations, queries
from incidents.lifecycle.models import Incident
from incidents.lifecycle.registry import looked_at
from incidents.lifecycle.rules import ACTIVE, Status
from incidents.lookback import queries as lookback
from incidents.nudges import queries as nudges
from incidents.room import operations as writing
from incidents.room import queries as room
from incidents.room.api.answers import EntryOut, IncidentOut, PresenceOut, RemarkOut, UpdateOut
from incidents.room.api.declaring import OutlookIn, OutlookOut
from incidents.room.api.requests import (
    KIND,
    STATUSES,
    TAG,
    CloseIn,
    Correction,
    EntryIn,
    IncidentIn,
    PageIn,
    ReopenIn,
    ResolveIn,
    RoleIn,
    SeverityIn,
    StatusIn,
)
from incidents.severities import queries as severities
from incidents.ties import operations as ties
from incidents.ties import queries as tie_queries
from incidents.ties.api import MergeIn, PartOut, SplitIn, UnmergeIn
from incidents.updates import operations as updates
from incidents.updates import queries as update_queries
from incidents.updates.api import UpdateIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from rest_framework.request import Request


class IncidentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`?active=true` leaves out what is resolved or closed; `?overdue=true` leaves those that owe an update.

    `?forgotten=true` leaves those that are open and may be over, or that nobody looks after. `?tag=a,b` leaves those with
    both tags, `?field=region:eu` those in whose field that stands, `?field=region:` those where it is empty.
    """

    tag = django_filters.CharFilter(method="by_tag")
    field = django_filters.CharFilter(method="by_field")

    active = django_filters.BooleanFilter(method="by_activity")
    overdue = django_filters.BooleanFilter(method="by_promise")
    forgotten = django_filters.BooleanFilter(method="by_care")
    severity = django_filters.CharFilter(method="by_severity")
    service = django_filters.CharFilter(field_name="services__slug", distinct=True)
    status = django_filters.ChoiceFilter(choices=[(status, status) for status in STATUSES])

    class Meta:
        model = Incident
        fields = ("active", "status", "severity", "service", "private", "drill", "resolved_early")

    def by_activity(self, found: QuerySet[Incident], _name: str, active: bool) -> QuerySet[Incident]:  # noqa: FBT001
        """Give what is open, or what is over."""
        return found.filter(status__in=ACTIVE) if active else found.exclude(status__in=ACTIVE)

    def by_promise(self, found: QuerySet[Incident], _name: str, overdue: bool) -> QuerySet[Incident]:  # noqa: FBT001
        """Give those whose next update should have come by now, or all others."""
        late = Q(next_update_due_at__lt=Now())
        return found.filter(late) if overdue else found.exclude(late)

    def by_care(self, found: QuerySet[Incident], _name: str, forgotten: bool) -> QuerySet[Incident]:  # noqa: FBT001
        """Give those that may be over, or that nobody looks after; or all others."""
        return found.filter(nudges.forgotten()) if forgotten else found.exclude(nudges.forgotten())

    def by_tag(self, found: QuerySet[Incident], _name: str, text: str) -> QuerySet[Incident]:
        """Give those that have all of these tags."""
        return field_queries.with_tags(found, parted(text))

    def by_field(self, found: QuerySet[Incident], _name: str, text: str) -> QuerySet[Incident]:
        """Give those in whose field something stands."""
        return field_queries.with_field(found, text)

    def by_severity(self, found: QuerySet[Incident], _name: str, word: str) -> QuerySet[Incident]:
        """Give one level, by whatever people call it."""
        level = severities.find(word)
        return found.filter(severity=level) if level else found.none()


class IncidentViewSet(Lists, Shows, ViewSet):
    """Incidents, as far as the person may know of them: a private one only when they take part."""

    permission_classes = (Responds,)
    serializer_class = IncidentOut
    references = ["number"]
    filterset_class: Any = IncidentFilter
    search_fields = ("title", "summary", "impact")
    ordering = "-declared_at"
    ordering_fields = ("number", "declared_at", "resolved_at", "rank", "next_update_due_at", "id")

    def get_queryset(self) -> QuerySet[Incident, Any]:
        """Give the incidents this person may know of, with services and roles."""
        seen = tie_queries.with_ties(queries.seen(self.person), self.person)
        found = command_queries.with_offer(seen)
        found = field_queries.with_details(queries.with_people(found))
        return found.annotate(rank=F("severity__rank"))

    def get_object(self) -> Incident:
        """Give the incident that the path names; who looks at a private one is noted."""
        found: Incident = super().get_object()
        looked_at(self.person, found)
        return found

    def paginate_queryset(self, queryset: QuerySet[Any] | Sequence[Any]) -> list[Any] | None:
        """Give a page; who gets a private incident with it is noted."""
        page: list[Any] | None = super().paginate_queryset(queryset)
        for row in page or ():
            if isinstance(row, Incident):
                looked_at(self.person, row)
        return page

    @takes(IncidentIn, IncidentOut, status=HTTPStatus.CREATED)
    def create(self, request: Request) -> Response:
        """Declare an incident: the caller commands it, and people are paged where the severity says so."""
        data = self.read(IncidentIn)
        with at_the_field():
            return self.created(fields.declare(operations.declare, **data, actor=self.person))

    @takes(OutlookIn, OutlookOut)
    @action(detail=False, methods=["post"])
    def outlook(self, request: Request) -> Response:
        """Say what would happen when it is declared like this, and what may be the same; nothing is declared."""
        found = board.outlook(self.person, **self.read(OutlookIn))
        return Response(OutlookOut(found).data)

    @takes(Correction, IncidentOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Correct texts and times, name the affected services, agree on another rhythm of updates."""
        incident, data = self.get_object(), self.read(Correction)
        tags, values = data.pop("tags", None), data.pop("custom_fields", {})
        with transaction.atomic():
            with at_the_field():
                fields.write(incident, tags=tags, custom_fields=values, actor=self.person)
            if "services" in data:
                operations.set_services(incident, services=data.pop("services"), actor=self.person)
            if "update_every_seconds" in data:
                seconds = data.pop("update_every_seconds")
                operations.agree_rhythm(incident, seconds=seconds, actor=self.person)
            found = operations.correct(incident, changes=data, actor=self.person)
        return self.answer(found)

    @takes(StatusIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def status(self, request: Request, ref: str) -> Response:
        """Take the incident to another state; to the end as `resolve/` does."""
        incident, data = self.get_object(), self.read(StatusIn)
        if data["status"] == Status.RESOLVED:
            said = Said(reason=data.get("reason", ""), at=data.get("at"), despite=data.get("reason", ""))
            return self.answer(closing.resolve(incident, said=said, actor=self.person))
        return self.answer(operations.move(incident, to=data.pop("status"), **data, actor=self.person))

    @takes(ResolveIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, ref: str) -> Response:
        """Say that the service works again.

        Refused while something lacks and no reason is given: it was not stable for long enough, a criterion is not
        confirmed, somebody else commands. What keeps it open cannot be reasoned away.
        """
        incident, data = self.get_object(), self.read(ResolveIn)
        return self.answer(closing.resolve(incident, **data, actor=self.person))

    @takes(gives=ClosingOut, filters=False)
    @action(detail=True, methods=["get"])
    def closing(self, request: Request, ref: str) -> Response:
        """Give what stands between the incident and its end for whoever asks, and how often it was called resolved."""
        incident = self.get_object()
        found = closing_queries.outlook(incident, actor=self.person)
        return Response(ClosingOut(found).data)

    @takes(ReopenIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, ref: str) -> Response:
        """Make a resolved or closed incident active again."""
        incident, data = self.get_object(), self.read(ReopenIn)
        return self.answer(operations.reopen(incident, **data, actor=self.person))

    @takes(CloseIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, ref: str) -> Response:
        """End a resolved incident, or one that was none."""
        incident, data = self.get_object(), self.read(CloseIn)
        return self.answer(operations.close(incident, **data, actor=self.person))

    @takes(MergeIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, ref: str) -> Response:
        """Let it go on in another: it closes as a duplicate, its open alerts, parts and people go over."""
        incident = self.get_object()
        return self.answer(ties.merge(incident, **self.read(MergeIn), actor=self.person))

    @takes(UnmergeIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: Request, ref: str) -> Response:
        """Undo a merge: it is open again, with what went over and is still there."""
        incident = self.get_object()
        return self.answer(ties.unmerge(incident, **self.read(UnmergeIn), actor=self.person))

    @takes(SplitIn, IncidentOut, status=HTTPStatus.CREATED)
    @action(detail=True, methods=["post"])
    def split(self, request: Request, ref: str) -> Response:
        """Declare a new incident out of it, with chosen alerts and entries of the timeline."""
        incident = self.get_object()
        return self.created(ties.split(incident, **self.read(SplitIn), actor=self.person))

    @takes(gives=PartOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def parts(self, request: Request, ref: str) -> Response:
        """Give the parts of it that the caller may know of: open ones first, the worst before, then the oldest."""
        found = tie_queries.parts(self.person, self.get_object())
        return Response(PartOut(found, many=True).data)

    @takes(SeverityIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def severity(self, request: Request, ref: str) -> Response:
        """Change the severity; rhythm, roles and paging follow at once."""
        incident, data = self.get_object(), self.read(SeverityIn)
        return self.answer(operations.change_severity(incident, **data, actor=self.person))

    @takes(RoleIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def roles(self, request: Request, ref: str) -> Response:
        """Give a person a role."""
        incident, data = self.get_object(), self.read(RoleIn)
        found = operations.assign_role(incident, role_slug=data["role"], user=data["user"], actor=self.person)
        return self.answer(found)

    @takes(HandOverIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def handover(self, request: Request, ref: str) -> Response:
        """Offer command to somebody, who accepts it under `incidents/{}/hand-overs/`; until then nothing changes."""
        incident, data = self.get_object(), self.read(HandOverIn)
        command.offer(incident, to=data.pop("user"), **data, actor=self.person)
        return self.answer(incident)

    @takes(PageIn, IncidentOut)
    @action(detail=True, methods=["post"], permission_classes=[Pages])
    def page(self, request: Request, ref: str) -> Response:
        """Page a person, a schedule or a policy from this incident."""
        incident, data = self.get_object(), self.read(PageIn)
        target = data["target"]
        operations.request_page(
            incident,
            kind=target.kind,
            target_id=target.id,
            name=target.name,
            message=data["message"],
            actor=self.person,
        )
        return self.answer(incident)

    @takes(gives=ChangeBeforeOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def changes(self, request: Request, ref: str) -> Response:
        """Give what was changed on the affected services before it began, the closest first, at most ten."""
        return Response(ChangeBeforeOut(queries.changes_before(self.get_object()), many=True).data)

    @takes(gives=PresenceOut, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def presence(self, request: Request, ref: str) -> Response:
        """Give who has the room open now, as the room shows it: a lost connection is gone within half a minute."""
        return Response(PresenceOut(room.here(self.get_object())).data)

    @takes(gives=RemarkOut(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def lookback(self, request: Request, ref: str) -> Response:
        """Give what may be worth a talk about how it was run; nothing while it is open."""
        return Response(RemarkOut(lookback.remarks(self.get_object()), many=True).data)

    @takes(gives=UpdateOut(many=True), methods=["GET"], filters=False)
    @takes(UpdateIn, UpdateOut, status=HTTPStatus.CREATED, methods=["POST"])
    @action(detail=True, methods=["get", "post"], ordering="-published_at")
    def updates(self, request: Request, ref: str) -> Response:
        """Give the written updates, newest first; or publish one."""
        incident = self.get_object()
        if request.method == "POST":
            update = updates.publish(incident, **self.read(UpdateIn), actor=self.person)
            return Response(UpdateOut(update).data, status=HTTPStatus.CREATED)
        found = self.paginate_queryset(update_queries.updates(self.person, incident))
        return self.get_paginated_response(UpdateOut(found, many=True).data)

    @takes(gives=EntryOut(many=True), methods=["GET"], filters=False, parameters=[KIND, TAG])
    @takes(EntryIn, EntryOut, status=HTTPStatus.CREATED, methods=["POST"])
    @action(detail=True, methods=["get", "post"], ordering="-at")
    def timeline(self, request: Request, ref: str) -> Response:
        """Give what happened, newest first; or add an entry."""
        incident = self.get_object()
        if request.method == "POST":
            entry = writing.write(incident, **self.read(EntryIn), actor=self.person).entry
            return Response(EntryOut(entry).data, status=HTTPStatus.CREATED)
        kind, tag = request.query_params.get("kind", ""), request.query_params.get("tag", "")
        found = self.paginate_queryset(queries.entries(self.person, incident, kind=kind, tag=tag))
        return self.get_paginated_response(EntryOut(found, many=True).data)
