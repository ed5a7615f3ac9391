from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from core.ui.markdown import to_html
from incidents.lifecycle.registry import looked_at
from postmortems.reports import operations, queries, rules
from postmortems.reports.models import Factor, Postmortem, TimelineItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

    from postmortems.reports.models import PostmortemQuerySet


class FactorSerializer(serializers.ModelSerializer[Factor]):
    id = Id()

    class Meta:
        model = Factor
        fields: ClassVar[list[str]] = ["id", "kind", "text"]


class TimelineItemSerializer(serializers.ModelSerializer[TimelineItem]):
    id = Id()
    at = Time()

    class Meta:
        model = TimelineItem
        fields: ClassVar[list[str]] = ["id", "at", "kind", "text", "included"]


class Sections(serializers.Serializer[dict[str, str]]):
    """The written sections, in Markdown."""

    summary = serializers.CharField(required=False, allow_blank=True, max_length=50_000)
    impact = serializers.CharField(required=False, allow_blank=True, max_length=50_000)
    factors_text = serializers.CharField(required=False, allow_blank=True, max_length=50_000)
    went_well = serializers.CharField(required=False, allow_blank=True, max_length=50_000)
    went_badly = serializers.CharField(required=False, allow_blank=True, max_length=50_000)
    lucky = serializers.CharField(required=False, allow_blank=True, max_length=50_000)
    lessons = serializers.CharField(required=False, allow_blank=True, max_length=50_000)


class PostmortemSerializer(serializers.ModelSerializer[Postmortem]):
    id = Id()
    incident = serializers.CharField(read_only=True)
    sections = serializers.SerializerMethodField()
    factors = FactorSerializer(many=True, read_only=True)
    timeline = TimelineItemSerializer(many=True, read_only=True)
    author = serializers.CharField(source="author_id", read_only=True, allow_null=True)
    due_at = Time(read_only=True)
    created_at = Time(read_only=True)
    published_at = Time(read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Postmortem
        fields: ClassVar[list[str]] = [
            "id",
            "incident",
            "status",
            "sections",
            "factors",
            "timeline",
            "author",
            "due_at",
            "created_at",
            "published_at",
            "version",
            "url",
        ]
        read_only_fields = fields

    @extend_schema(responses=Sections)
    def get_sections(self, postmortem: Postmortem) -> dict[str, str]:
        return {section.value: text for section, text in queries.sections(postmortem).items()}

    def get_url(self, postmortem: Postmortem) -> str:
        return queries.address(postmortem)


class PostmortemChange(serializers.Serializer[dict[str, Any]]):
    sections = Sections()


class Postmortems(Lists, Shows, ViewSet):
    """What was learned from incidents; a path names one by its incident (`INC-12`) or its id."""

    permission_classes = (Responds,)
    serializer_class = PostmortemSerializer
    references: ClassVar[list[str]] = ["incident__number"]
    filterset_fields: ClassVar[list[str]] = ["status"]
    search_fields: ClassVar[list[str]] = ["incident__title", "summary", "impact", "lessons"]
    ordering_fields: ClassVar[list[str]] = ["created_at", "due_at"]

    def get_queryset(self) -> PostmortemQuerySet:
        return queries.with_parts(self.request.user)  # type: ignore[arg-type]

    def get_object(self) -> Postmortem:
        """Give the one that the path names; who looks at one of a private incident is noted."""
        found: Postmortem = super().get_object()
        looked_at(self.person, found.incident, way="export" if self.action == "export" else "")
        return found

    def paginate_queryset(self, queryset: QuerySet[Any] | Sequence[Any]) -> list[Any] | None:
        """Give a page; who gets one of a private incident with it is noted."""
        page: list[Any] | None = super().paginate_queryset(queryset)
        for row in page or ():
            looked_at(self.person, row.incident)
        return page

    @extend_schema(request=PostmortemChange, responses=PostmortemSerializer)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Write sections; the others stay as they are."""
        postmortem = self.get_object()
        texts = {rules.Section(name): text for name, text in self.read(PostmortemChange)["sections"].items()}
        operations.save_sections(postmortem, texts=texts, version=postmortem.version, actor=request.user)  # type: ignore[arg-type]
        return self.answer(postmortem)

    @extend_schema(request=FactorSerializer, responses={201: PostmortemSerializer})
    @action(detail=True, methods=["post"])
    def factors(self, request: Request, ref: str) -> Response:
        """Add a contributing factor."""
        postmortem = self.get_object()
        operations.add_factor(postmortem, **self.read(FactorSerializer))
        return self.created(postmortem)

    @extend_schema(request=None, responses=PostmortemSerializer)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, ref: str) -> Response:
        """Ask others to read the draft."""
        postmortem = self.get_object()
        operations.send_for_review(postmortem)
        return self.answer(postmortem)

    @extend_schema(request=None, responses=PostmortemSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, ref: str) -> Response:
        """Publish it; 409 while something that every reader needs is missing."""
        postmortem = self.get_object()
        operations.publish(postmortem, actor=request.user)  # type: ignore[arg-type]
        return self.answer(postmortem)

    @extend_schema(
        parameters=[OpenApiParameter("format", str, enum=["md", "html"])],
        responses={
            (200, "text/markdown"): OpenApiResponse(OpenApiTypes.STR),
            (200, "text/html"): OpenApiResponse(OpenApiTypes.STR),
        },
    )
    @action(detail=True, methods=["get"])
    def export(self, request: Request, ref: str) -> HttpResponse:
        """The whole document as Markdown, or as HTML with `?format=html`."""
        text = rules.markdown(queries.document(self.get_object()))
        if request.query_params.get("format") == "html":
            return HttpResponse(to_html(text), content_type="text/html; charset=utf-8")
        return HttpResponse(text, content_type="text/markdown; charset=utf-8")
