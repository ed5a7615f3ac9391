from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.accounts.models import User
from core.api.fields import Time
from core.api.permissions import Reads
from core.api.views import ViewSet
from oncall.readiness import queries, rules

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class ShiftOut(serializers.Serializer[Any]):
    schedule = serializers.CharField(source="name")
    start = Time()
    end = Time()


class ReasonOut(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=[problem.value for problem in rules.Problem])
    detail = serializers.CharField()


class ReadinessOut(serializers.Serializer[Any]):
    """A person who is on call now or in the next seven days, and why a page may not reach them."""

    user = serializers.CharField(source="user.pk")
    name = serializers.CharField(source="user")
    on_call_now = serializers.BooleanField(source="is_now")
    ready = serializers.BooleanField()
    reasons = serializers.SerializerMethodField()
    shifts = ShiftOut(many=True)

    @extend_schema(responses=ReasonOut(many=True))
    def get_reasons(self, line: queries.Line) -> list[dict[str, str]]:
        """Give each problem with its words."""
        return [{"code": problem.value, "detail": rules.WORDS[problem]} for problem in line.problems]


class Readiness(ViewSet):
    """Whether everybody who is on call now or in the next seven days can be reached."""

    permission_classes = (Reads,)
    serializer_class = ReadinessOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.active()

    @extend_schema(responses=ReadinessOut(many=True))
    def list(self, request: Request) -> Response:
        """Everybody who is on call soon, green or red with the reasons."""
        return Response(ReadinessOut(queries.board().lines, many=True).data)
