from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Time
from core.api.permissions import Responds
from core.api.views import ViewSet
from oncall.alerts.models import Alert
from oncall.runbooks import queries

if TYPE_CHECKING:
    from rest_framework.request import Request


class MissingRunbook(serializers.Serializer[Any]):
    """An alert by its source and name that paged in the last 30 days without a runbook, its own or its service's.

    `alerts` is how many times, `alert` the latest of them.
    """

    integration = serializers.CharField(source="integration_id", allow_null=True)
    integration_name = serializers.CharField(source="source")
    service = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    alerts = serializers.IntegerField()
    last_at = Time()
    alert = serializers.CharField(source="alert_id")


class MissingRunbooks(ViewSet):
    """What paged without a runbook."""

    permission_classes = (Responds,)
    serializer_class = MissingRunbook
    queryset = Alert.objects.none()
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    @extend_schema(responses=MissingRunbook(many=True))
    def list(self, request: Request) -> Response:
        """Give the latest first, at most 200."""
        return Response(MissingRunbook(queries.missing(self.person), many=True).data)
