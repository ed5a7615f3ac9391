"""Files of an incident, in the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser

from core.api.fields import Id, Time
from core.api.permissions import Responds
from core.api.renderers import JsonBody
from core.api.views import Lists, Shows, ViewSet
from core.errors import Refused
from core.ui.files import saved
from incidents.attachments import operations, queries
from incidents.attachments.models import Attachment
from incidents.attachments.parsers import parse
from incidents.lifecycle import queries as lifecycle

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse
    from rest_framework.request import Request
    from rest_framework.response import Response

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class AttachmentOut(serializers.ModelSerializer[Attachment]):
    """A file of an incident; its bytes are at `content/`. One that was removed says who, when and why."""

    id = Id()
    at = Time(read_only=True)
    by = serializers.CharField(source="by_id", read_only=True)
    by_name = serializers.CharField(source="by.name", read_only=True)
    removed_at = Time(read_only=True, allow_null=True)
    removed_by = serializers.CharField(source="removed_by_id", read_only=True, allow_null=True)
    removed_because = serializers.CharField(source="why", read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields: ClassVar[list[str]] = [
            "id", "name", "kind", "media_type", "size", "width", "height", "at", "by", "by_name", "removed_at",
            "removed_by", "removed_because", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, row: Attachment) -> str:
        """Give the address at which people who are signed in save it."""
        return settings.BASE_URL + reverse("incidents:attachment", args=[row.incident.number, row.pk])


class AttachmentIn(serializers.Serializer[dict[str, Any]]):
    """One file, as `multipart/form-data`; `text` stands on the timeline with it."""

    file = serializers.FileField()
    text = serializers.CharField(required=False, allow_blank=True, max_length=5000)


class AttachmentRemoval(serializers.Serializer[dict[str, Any]]):
    """Why it has to go; it stands where the file was."""

    why = serializers.CharField(max_length=300)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Attachments(Lists, Shows, ViewSet):
    """Pictures, PDFs and texts of an incident. What a file is, its content says, not its name."""

    permission_classes = (Responds,)
    parser_classes = (JsonBody, MultiPartParser)
    serializer_class = AttachmentOut
    filterset_fields: ClassVar[dict[str, list[str]]] = {"kind": ["exact"], "removed_at": ["isnull"]}
    ordering = "-at"
    ordering_fields: ClassVar[list[str]] = ["at", "size", "id"]

    def get_queryset(self) -> QuerySet[Attachment]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Attachment.objects.order_by("-at", "-pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(
        parameters=[INCIDENT], request={"multipart/form-data": AttachmentIn}, responses={201: AttachmentOut}
    )
    def create(self, request: Request, incident: str) -> Response:
        """Attach a file. It stands on the timeline at once."""
        found, data = self._incident(), self.read(AttachmentIn)
        given = data["file"]
        try:
            file = parse(given.name, given.read(), most=settings.ATTACHMENT_MAX_MB * 1_000_000)
        except Refused as refused:
            raise ValidationError({"file": [str(refused)]}) from refused
        text = data.get("text", "")
        return self.created(operations.attach(found, files=[file], text=text, actor=self.person)[0])

    @extend_schema(
        parameters=[INCIDENT], responses={(HTTPStatus.OK, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    @action(detail=True, methods=["get"])
    def content(self, request: Request, incident: str, ref: str) -> HttpResponse:
        """Give the bytes; of a removed one there are none, and the answer is 404."""
        found = queries.read(self.person, self._incident(), self.get_object().pk)
        return saved(found.content, media_type=found.media_type, name=found.name)

    @extend_schema(parameters=[INCIDENT], request=AttachmentRemoval, responses=AttachmentOut)
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, incident: str, ref: str) -> Response:
        """Remove it for good, from here and wherever a split took it along; it stays as a tombstone."""
        why = self.read(AttachmentRemoval)["why"]
        return self.answer(operations.remove(self.get_object(), why=why, actor=self.person))
