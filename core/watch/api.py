"""`paging-health/`: whether people can rely on being paged, and if not, what is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Time
from core.api.permissions import RespondersRead
from core.api.views import ViewSet
from core.watch import queries
from core.watch.rules import Finding  # noqa: TC001 - the description of the API reads the type

if TYPE_CHECKING:
    from rest_framework.request import Request

GRADES = ["good", "warn", "bad"]


class FindingOut(serializers.Serializer[Any]):
    what = serializers.CharField()
    since = Time(allow_null=True)
    url = serializers.SerializerMethodField()

    def get_url(self, finding: Finding) -> str | None:
        """Give its page for people, if it has one."""
        return settings.BASE_URL + finding.path if finding.path else None


class CheckOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=GRADES, source="reading.grade")
    text = serializers.CharField(source="reading.text")
    advice = serializers.CharField(source="reading.advice")
    findings = FindingOut(many=True, source="reading.findings")


@extend_schema_serializer(many=False)
class HealthOut(serializers.Serializer[Any]):
    """One sentence, then each check, the worst first. `bad` means: do not rely on paging."""

    status = serializers.ChoiceField(choices=GRADES, source="grade")
    sentence = serializers.CharField()
    at = Time(allow_null=True)
    checks = CheckOut(many=True, source="seen")
    url = serializers.SerializerMethodField()

    def get_url(self, _: queries.Health) -> str:
        """Give the page for people."""
        return settings.BASE_URL + reverse("watch:index")


class PagingHealth(ViewSet):
    """Is paging healthy? For responders."""

    permission_classes = (RespondersRead,)
    serializer_class = HealthOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    @extend_schema(responses=HealthOut)
    def list(self, request: Request) -> Response:
        """Look at everything now."""
        return Response(HealthOut(queries.health()).data)
