"""What responders change in production during an incident, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.production import operations, queries
from incidents.production.models import ProductionChange

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)
LONG = 20_000


class ProductionChangeOut(serializers.ModelSerializer[ProductionChange]):
    """What somebody changed, what came of it, and whether it was undone. People are named by id."""

    id = Id()
    made_by = serializers.CharField(source="made_by_id", read_only=True)
    made_by_name = serializers.CharField(source="made_by.name", read_only=True)
    at = Time(read_only=True)
    undone_at = Time(read_only=True, allow_null=True)
    undone_by = serializers.CharField(source="undone_by_id", read_only=True, allow_null=True)

    class Meta:
        model = ProductionChange
        fields: ClassVar[list[str]] = [
            "id",
            "what",
            "place",
            "result",
            "made_by",
            "made_by_name",
            "at",
            "undone_at",
            "undone_by",
            "version",
        ]
        read_only_fields = fields


class ProductionChangeIn(serializers.Serializer[dict[str, Any]]):
    """What was changed is enough; `at` may lie in the past."""

    what = serializers.CharField(max_length=500)
    place = serializers.CharField(max_length=200, required=False, allow_blank=True)
    result = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    at = Time(required=False, allow_null=True)


class ProductionResultIn(serializers.Serializer[dict[str, Any]]):
    result = serializers.CharField(max_length=LONG)


class ProductionUndoIn(serializers.Serializer[dict[str, Any]]):
    result = serializers.CharField(max_length=LONG, required=False, allow_blank=True)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class ProductionChanges(Lists, Shows, ViewSet):
    """What responders changed in production: no change without telling anybody."""

    permission_classes = (Responds,)
    serializer_class = ProductionChangeOut
    filterset_fields = {"made_by": ["exact"], "undone_at": ["isnull"]}
    ordering = "-at"
    ordering_fields: ClassVar[list[str]] = ["at", "id"]

    def get_queryset(self) -> QuerySet[ProductionChange]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return ProductionChange.objects.order_by("-at", "-pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], request=ProductionChangeIn, responses={201: ProductionChangeOut})
    def create(self, request: Request, incident: str) -> Response:
        """Write down what was changed."""
        data = self.read(ProductionChangeIn)
        return self.created(operations.note(self._incident(), **data, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=ProductionResultIn, responses=ProductionChangeOut)
    @action(detail=True, methods=["post"])
    def result(self, request: Request, incident: str, ref: str) -> Response:
        """Write down what came of it."""
        data = self.read(ProductionResultIn)
        return self.answer(operations.tell_result(self.get_object(), **data, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=ProductionUndoIn, responses=ProductionChangeOut)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, incident: str, ref: str) -> Response:
        """Note that it was taken back."""
        data = self.read(ProductionUndoIn)
        return self.answer(operations.undo(self.get_object(), **data, actor=self.person))
