"""To whom the updates of an incident went, and the approved wording, in the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import Id, Seconds, SlugOrId, Time
from core.api.permissions import Configures, Reads, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.audiences.models import AudienceList
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import STATUSES
from incidents.severities.models import Severity
from incidents.updates import operations, queries
from incidents.updates.models import Audience, Told, UpdateTemplate
from incidents.wording import rules as tone
from incidents.wording.rules import LONGEST_FIELD, Layout

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class UpdateIn(serializers.Serializer[dict[str, Any]]):
    """An update to publish. A later `status` moves the incident along; `no_news` needs no text.

    The `fields` of a `layout` become its text. `lists` names by their slugs who is told; without it, as configured.
    `is_account`: the account for customers of what happened, once it is over.
    """

    audience = serializers.ChoiceField(choices=Audience.choices)
    text = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    components = serializers.DictField(child=serializers.CharField(max_length=40), required=False)
    public_title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    next_update_in_seconds = Seconds(required=False, allow_null=True, min_value=60, max_value=7 * 86400)
    no_news = serializers.BooleanField(required=False)
    is_account = serializers.BooleanField(required=False)
    layout = serializers.ChoiceField(choices=[each.value for each in Layout], required=False)
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(max_length=LONGEST_FIELD, allow_blank=True), required=False
    )
    lists = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=100)


class ToldOut(serializers.ModelSerializer[Told]):
    """One person, mail address or channel that an update went to, by which lists, and what became of it.

    To who does not respond an address outside is “somebody outside”.
    """

    id = Id()
    name = serializers.CharField(source="shown", read_only=True)
    detail = serializers.CharField(source="said", read_only=True)
    update = serializers.CharField(source="update_id", read_only=True)  # type: ignore[assignment]
    user = serializers.CharField(source="user_id", allow_null=True, read_only=True)
    lists = serializers.ListField(child=serializers.CharField(), read_only=True)
    ended_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = Told
        fields: ClassVar[list[str]] = [
            "id",
            "update",
            "name",
            "user",
            "channel",
            "lists",
            "state",
            "detail",
            "ended_at",
        ]
        read_only_fields = fields


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class WasTold(Lists, Shows, ViewSet):
    """To whom the updates of an incident went."""

    permission_classes = (Reads,)
    serializer_class = ToldOut
    filterset_fields: ClassVar[list[str]] = ["update", "state"]
    ordering = "id"
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[Told]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Told.objects.order_by("pk")
        return queries.told(self.person, lifecycle.get(self.person, self.kwargs["incident"]))


class UpdateTemplateOut(serializers.ModelSerializer[UpdateTemplate]):
    """Approved wording; `example` is how it reads in a made-up incident, `hints` what to look at twice in it."""

    id = Id()
    severity = serializers.CharField(source="severity.slug", default=None, allow_null=True, read_only=True)
    audience_list = serializers.CharField(
        source="for_list.slug", default=None, allow_null=True, read_only=True
    )
    status = serializers.ChoiceField(choices=["", *(value for value, _ in STATUSES)], read_only=True)
    example = serializers.SerializerMethodField()
    hints = serializers.SerializerMethodField()

    class Meta:
        model = UpdateTemplate
        fields: ClassVar[list[str]] = [
            "id",
            "name",
            "audience",
            "audience_list",
            "status",
            "severity",
            "text",
            "hint",
            "position",
            "example",
            "hints",
            "version",
        ]
        read_only_fields = fields

    def get_example(self, row: UpdateTemplate) -> str:
        """Give how it reads."""
        return queries.example(row)[0]

    def get_hints(self, row: UpdateTemplate) -> list[str]:
        """Give what to look at twice."""
        return queries.example(row)[1]


class UpdateTemplateChange(serializers.Serializer[dict[str, Any]]):
    """What is not named stays."""

    name = serializers.CharField(max_length=80, required=False)
    audience = serializers.ChoiceField(choices=Audience.choices, required=False)
    audience_list = SlugOrId(
        AudienceList.objects.visible_to, source="for_list", required=False, allow_null=True
    )
    status = serializers.ChoiceField(choices=STATUSES, required=False, allow_blank=True)
    severity = SlugOrId(Severity.objects.visible_to, required=False, allow_null=True)
    text = serializers.CharField(max_length=20_000, required=False)
    hint = serializers.CharField(max_length=200, required=False, allow_blank=True)
    position = serializers.IntegerField(required=False, min_value=0, max_value=32_000)


class UpdateTemplateIn(UpdateTemplateChange):
    name = serializers.CharField(max_length=80)
    audience = serializers.ChoiceField(choices=Audience.choices)
    text = serializers.CharField(max_length=20_000)


class HintsIn(serializers.Serializer[dict[str, Any]]):
    """A text that somebody means to publish."""

    audience = serializers.ChoiceField(choices=Audience.choices)
    text = serializers.CharField(max_length=20_000)
    status = serializers.ChoiceField(choices=STATUSES, required=False, default="investigating")


class HintsOut(serializers.Serializer[dict[str, Any]]):
    """What to look at twice; none of it holds anything up."""

    hints = serializers.ListField(child=serializers.CharField())


class UpdateTemplates(Lists, Shows, ViewSet):
    """Approved wording for updates, with placeholders that are filled from the incident."""

    permission_classes = (Configures,)
    serializer_class = UpdateTemplateOut
    filterset_fields: ClassVar[list[str]] = ["audience", "status"]
    ordering = "position"
    ordering_fields: ClassVar[list[str]] = ["position", "name", "id"]

    def get_queryset(self) -> QuerySet[UpdateTemplate]:
        """Give all of them."""
        return queries.wordings(self.person)

    @extend_schema(request=UpdateTemplateIn, responses={201: UpdateTemplateOut})
    def create(self, request: Request) -> Response:
        """Keep a new wording."""
        return self.created(operations.add_template(**self.read(UpdateTemplateIn), actor=self.person))

    @extend_schema(request=UpdateTemplateChange, responses=UpdateTemplateOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change it."""
        given = self.read(UpdateTemplateChange)
        return self.answer(operations.change_template(self.get_object(), **given, actor=self.person))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Forget it."""
        operations.remove_template(self.get_object(), actor=self.person)
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(request=HintsIn, responses=HintsOut)
    @action(detail=False, methods=["post"], permission_classes=[Responds])
    def check(self, request: Request) -> Response:
        """Say what to look at twice in a text before it goes out."""
        given = self.read(HintsIn)
        return Response({"hints": tone.hints(**given)})
