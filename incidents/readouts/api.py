"""What is written for those who do not repair, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Time
from core.api.permissions import Reads
from core.api.views import ViewSet
from incidents.audiences.models import Page
from incidents.readouts import queries, rules

if TYPE_CHECKING:
    from rest_framework.request import Request

    from incidents.readouts.queries import Readout, Support

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class WordOut(serializers.Serializer[Any]):
    at = Time()
    stage = serializers.CharField()
    text = serializers.CharField()


class AgreedWordingOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    text = serializers.CharField()


class ReadoutOut(serializers.Serializer[Any]):
    """Where an incident stands for those who wait: no hypothesis, no technical detail, only updates that went to them."""

    incident = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.CharField()
    status = serializers.CharField()
    stands = serializers.CharField()
    impact = serializers.CharField(allow_blank=True)
    services = serializers.ListField(child=serializers.CharField())
    started_at = Time(allow_null=True)
    over_since = Time(allow_null=True)
    restored_by = Time(allow_null=True)
    next_update_due_at = Time(allow_null=True)
    doing = serializers.CharField(allow_blank=True)
    next_steps = serializers.CharField(allow_blank=True)
    business = serializers.CharField(allow_blank=True)
    ask = serializers.CharField(allow_blank=True)
    updates = WordOut(many=True)


class SupportReadoutOut(ReadoutOut):
    """The same with what customers were told, what may be said to them, and how many reported it."""

    said_to_customers = WordOut(many=True)
    wording = AgreedWordingOut(many=True)
    customer_reports = serializers.IntegerField()


class SummarySectionOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    lines = serializers.ListField(child=serializers.CharField())


class ExecutiveSummaryOut(serializers.Serializer[Any]):
    """The executive summary by its sections, and as Markdown."""

    sections = SummarySectionOut(many=True)
    markdown = serializers.CharField()


class _Readouts(ViewSet):
    permission_classes = (Reads,)
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]


class StakeholderReadout(_Readouts):
    """An incident as stakeholders read it."""

    serializer_class = ReadoutOut

    @extend_schema(parameters=[INCIDENT], responses=ReadoutOut)
    def list(self, request: Request, incident: str) -> Response:
        """Give it as it stands now."""
        found = queries.get(self.person, incident, Page.STAKEHOLDERS)
        return Response(ReadoutOut(_plain(queries.readout(found, Page.STAKEHOLDERS))).data)


class SupportReadout(_Readouts):
    """An incident as support reads it: for who responds, and who is on a list that reads it."""

    serializer_class = SupportReadoutOut

    @extend_schema(parameters=[INCIDENT], responses=SupportReadoutOut)
    def list(self, request: Request, incident: str) -> Response:
        """Give it as it stands now."""
        found = queries.get(self.person, incident, Page.SUPPORT)
        given = _plain(queries.readout(found, Page.SUPPORT)) | _more(queries.support(self.person, found))
        return Response(SupportReadoutOut(given).data)


class ExecutiveSummary(_Readouts):
    """The executive summary: for who responds, and who is on a list that reads it."""

    serializer_class = ExecutiveSummaryOut

    @extend_schema(parameters=[INCIDENT], responses=ExecutiveSummaryOut)
    def list(self, request: Request, incident: str) -> Response:
        """Write it from what is known now."""
        found = queries.get(self.person, incident, Page.SUMMARY)
        sections = queries.summary(found)
        given = {"sections": sections, "markdown": rules.markdown(str(found), sections)}
        return Response(ExecutiveSummaryOut(given).data)


def _plain(found: Readout) -> dict[str, Any]:
    incident = found.incident
    return {
        "incident": str(incident),
        "title": incident.title,
        "severity": incident.severity.slug,
        "status": incident.status,
        "stands": found.stands,
        "impact": incident.impact,
        "services": found.services,
        "started_at": incident.started_at,
        "over_since": incident.open_until,
        "restored_by": found.estimate.restored_at if found.estimate else None,
        "next_update_due_at": incident.next_update_due_at,
        "doing": found.doing,
        "next_steps": found.next_steps,
        "business": found.business,
        "ask": found.contact,
        "updates": found.words,
    }


def _more(found: Support) -> dict[str, Any]:
    return {
        "said_to_customers": found.said,
        "wording": [{"name": row.name, "text": text} for row, text in found.wording],
        "customer_reports": found.total,
    }
