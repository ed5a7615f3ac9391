from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time, ZoneName
from core.api.permissions import Configures, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from statuspage.components import operations, queries
from statuspage.components.models import Component, ComponentState, StatusPage

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class PageSerializer(serializers.ModelSerializer[StatusPage]):
    id = Id()
    components: serializers.ManyRelatedField = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="public_id", many=True, read_only=True
    )
    url = serializers.SerializerMethodField()

    class Meta:
        model = StatusPage
        fields: ClassVar[list[str]] = [
            "id",
            "slug",
            "name",
            "time_zone",
            "support_url",
            "is_public",
            "components",
            "url",
        ]

    def get_url(self, page: StatusPage) -> str:
        return queries.address(page)


class NewPage(serializers.ModelSerializer[StatusPage]):
    time_zone = ZoneName(required=False)

    class Meta:
        model = StatusPage
        fields: ClassVar[list[str]] = ["slug", "name", "time_zone", "support_url", "is_public"]


class PageChange(serializers.ModelSerializer[StatusPage]):
    time_zone = ZoneName(required=False)

    class Meta:
        model = StatusPage
        fields: ClassVar[list[str]] = ["name", "time_zone", "support_url", "is_public"]


class Pages(Lists, Shows, ViewSet):
    """Public status pages."""

    permission_classes = (Configures,)
    serializer_class = PageSerializer
    references: ClassVar[list[str]] = ["slug"]

    def get_queryset(self) -> QuerySet[StatusPage]:
        return queries.pages().prefetch_related("components").order_by("pk")

    @extend_schema(request=NewPage, responses={201: PageSerializer})
    def create(self, request: Request) -> Response:
        """Make an empty page."""
        return self.created(operations.create_page(actor=self.person, **self.read(NewPage)))

    @extend_schema(request=PageChange(partial=True), responses=PageSerializer)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change its settings; the address stays."""
        page = self.get_object()
        operations.change_page(page, actor=self.person, **self.read(PageChange, partial=True))
        return self.answer(page)


class ComponentSerializer(serializers.ModelSerializer[Component]):
    id = serializers.CharField(source="public_id", read_only=True)
    page = serializers.CharField(source="page.slug", read_only=True)
    service = serializers.CharField(source="service.slug", read_only=True, default=None, allow_null=True)
    created_at = Time(read_only=True)
    updated_at = Time(read_only=True)

    class Meta:
        model = Component
        fields: ClassVar[list[str]] = [
            "id",
            "page",
            "slug",
            "name",
            "description",
            "position",
            "state",
            "service",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class NewComponent(serializers.Serializer[dict[str, Any]]):
    page = SlugOrId(lambda _: StatusPage.objects.all())
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    service = SlugOrId(lambda _: Service.objects.all(), required=False, allow_null=True)


class ComponentChange(serializers.Serializer[dict[str, Any]]):
    state = serializers.ChoiceField(choices=ComponentState.choices)


class Components(Lists, Shows, ViewSet):
    """The parts of a product as its customers know them."""

    permission_classes = (Responds,)
    serializer_class = ComponentSerializer
    references: ClassVar[list[str]] = ["public_id"]
    filterset_fields: ClassVar[list[str]] = ["state"]

    def get_queryset(self) -> QuerySet[Component]:
        return queries.components()

    @extend_schema(request=NewComponent, responses={201: ComponentSerializer})
    def create(self, request: Request) -> Response:
        """Add a component at the end of a page; for those who configure."""
        require(request.user, Verb.CONFIGURE)
        data = self.read(NewComponent)
        return self.created(operations.add_component(data.pop("page"), actor=self.person, **data))

    @extend_schema(request=ComponentChange, responses=ComponentSerializer)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Show it to customers in another state, at once."""
        component = self.get_object()
        operations.set_state(component, state=self.read(ComponentChange)["state"], actor=request.user)  # type: ignore[arg-type]
        return self.answer(component)
