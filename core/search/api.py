"""`search/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts.models import User
from core.api.permissions import Reads
from core.api.views import ViewSet
from core.search import queries, registry, rules

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

EACH = 25
OPERATORS = ", ".join(f"{name}: {means}" for name, means in rules.OPERATORS.items())


class HitOut(serializers.Serializer[Any]):
    """One thing that was found."""

    kind = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()
    facts = serializers.CharField()
    excerpt = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class Search(ViewSet):
    """Find things by words and operators, as far as the caller may know of them."""

    permission_classes = (Reads,)
    serializer_class = HitOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[User]:
        """Give nobody but the caller; what is found comes from the kinds that can be."""
        return User.objects.filter(pk=self.person.pk)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "q",
                str,
                required=True,
                description=f"Words, and operators: {OPERATORS}.",
            ),
            OpenApiParameter("kind", str, description="One kind alone, as `incident` or `postmortem`."),
        ],
        responses=HitOut(many=True),
    )
    def list(self, request: Request) -> Response:
        """At most 25 of each kind, the best first."""
        query = rules.parse(request.query_params.get("q", ""))
        if query.wrong or query.is_empty:
            raise ValidationError({"q": list(query.wrong) or ["Say what to look for."]})
        kinds = [source.kind for source in registry.sources() if not source.does]
        kind = request.query_params.get("kind", "")
        if kind and kind not in kinds:
            raise ValidationError({"kind": [f"There is no such kind. Known: {', '.join(kinds)}."]})
        groups = queries.search(self.person, query, each=EACH, kind=kind)
        hits = [(group.source, each.hit) for group in groups if not group.source.does for each in group.found]
        return Response([_represent(source, hit) for source, hit in hits])


def _represent(source: registry.Source, hit: registry.Hit) -> dict[str, Any]:
    address = hit.url if "://" in hit.url else f"{settings.BASE_URL}{hit.url}"
    return {
        "kind": source.kind,
        "title": hit.title,
        "url": address,
        "facts": hit.facts,
        "excerpt": hit.excerpt,
        "at": serializers.DateTimeField().to_representation(hit.at) if hit.at else None,
    }
