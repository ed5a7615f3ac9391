from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rest_framework import serializers

from core.api.fields import Time
from core.api.permissions import Reads
from core.api.views import Lists, Shows, ViewSet
from statuspage.notices import queries
from statuspage.notices.models import Notice, NoticeUpdate

if TYPE_CHECKING:
    from django.db.models import QuerySet


class NoticeUpdateSerializer(serializers.ModelSerializer[NoticeUpdate]):
    id = serializers.CharField(source="public_id", read_only=True)
    at = Time(read_only=True)

    class Meta:
        model = NoticeUpdate
        fields: ClassVar[list[str]] = ["id", "status", "body", "affected", "at"]
        read_only_fields = fields


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    id = serializers.CharField(source="public_id", read_only=True)
    page = serializers.CharField(source="page.slug", read_only=True)
    components: serializers.ManyRelatedField = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="public_id", many=True, read_only=True
    )
    updates = NoticeUpdateSerializer(many=True, read_only=True)
    started_at = Time(read_only=True)
    resolved_at = Time(read_only=True)
    restored_by = Time(source="expected_by", read_only=True, allow_null=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields: ClassVar[list[str]] = [
            "id",
            "page",
            "title",
            "status",
            "impact",
            "components",
            "started_at",
            "resolved_at",
            "restored_by",
            "updates",
            "url",
        ]
        read_only_fields = fields

    def get_url(self, notice: Notice) -> str:
        return queries.address(notice)


class Notices(Lists, Shows, ViewSet):
    """What the public pages say about incidents. They are written by publishing an update of an incident."""

    permission_classes = (Reads,)
    serializer_class = NoticeSerializer
    references: ClassVar[list[str]] = ["public_id"]
    filterset_fields: ClassVar[list[str]] = ["status"]

    def get_queryset(self) -> QuerySet[Notice]:
        return queries.visible(self.request.user).order_by("-created_at")  # type: ignore[arg-type]
