from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import Id, Seconds, SlugOrId, Time
from core.api.views import Mine
from core.channels import registry as channels
from oncall.alerts.models import Urgency
from oncall.paging import addresses, operations, queries
from oncall.paging.models import ContactMethod, NotificationRule

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class MethodOut(serializers.ModelSerializer[ContactMethod]):
    """One of your own ways to be reached."""

    id = Id()
    address = serializers.SerializerMethodField(help_text="Masked where it is sealed, as a phone number is.")
    is_verified = serializers.SerializerMethodField()
    verified_at = Time(read_only=True)
    last_ok_at = Time(read_only=True)
    created_at = Time(read_only=True)

    class Meta:
        model = ContactMethod
        fields: ClassVar[list[str]] = [
            "id",
            "channel",
            "address",
            "label",
            "is_enabled",
            "takes_calls",
            "is_verified",
            "verified_at",
            "last_ok_at",
            "last_error",
            "created_at",
        ]
        read_only_fields = fields

    def get_address(self, method: ContactMethod) -> str:
        """Give it whole where it stands in the clear, else masked."""
        sealed = {channel.kind for channel in channels.all() if channel.is_sealed}
        known = method.channel not in sealed
        return method.address if known else addresses.hint(method.channel, method.address)

    def get_is_verified(self, method: ContactMethod) -> bool:
        """Say whether a code proved that it reaches you."""
        return method.verified_at is not None


class MethodIn(serializers.Serializer[dict[str, Any]]):
    channel = serializers.ChoiceField(choices=())
    address = serializers.CharField(max_length=500)
    label = serializers.CharField(  # type: ignore[assignment]  # the field's name
        max_length=60, required=False, allow_blank=True, default=""
    )
    secret = serializers.CharField(max_length=120, required=False, write_only=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["channel"]
        assert isinstance(field, serializers.ChoiceField)  # noqa: S101 - declared above
        field.choices = {channel.kind: channel.name for channel in channels.offered()}

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Let the channel say whether the address is one."""
        try:
            return {**data, "address": channels.get(data["channel"]).check_address(data["address"])}
        except ValueError as error:
            raise serializers.ValidationError({"address": [str(error)]}) from error


class MethodMade(MethodOut):
    """A new contact method; `secret` signs what is sent there and is shown this once."""

    secret = serializers.CharField(read_only=True, default="")

    class Meta(MethodOut.Meta):
        fields: ClassVar[list[str]] = [*MethodOut.Meta.fields, "secret"]


class MethodChange(serializers.Serializer[dict[str, Any]]):
    is_enabled = serializers.BooleanField(required=False)
    takes_calls = serializers.BooleanField(
        required=False, help_text="Callers of an on-call number may be connected to it: a verified number."
    )
    label = serializers.CharField(  # type: ignore[assignment]  # the field's name
        max_length=60, required=False, allow_blank=True
    )


class CodeIn(serializers.Serializer[dict[str, Any]]):
    code = serializers.CharField(max_length=20)


class ContactMethods(Mine):
    """Your own ways to be reached."""

    serializer_class = MethodOut

    def get_queryset(self) -> QuerySet[ContactMethod]:
        return queries.methods_of(self.person)

    @extend_schema(request=MethodIn, responses={201: MethodMade})
    def create(self, request: Request) -> Response:
        """Add a way to be reached and send a code there; until it is verified no page goes that way."""
        added = operations.add_method(self.person, **self.read(MethodIn))
        method = self.get_queryset().get(pk=added.method.pk)
        return Response({**MethodOut(method).data, "secret": added.secret}, status=201)

    @extend_schema(request=MethodChange, responses=MethodOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Turn it on or off, or give it another name."""
        method = self.get_object()
        data = self.read(MethodChange)
        if "label" in data:
            operations.rename_method(method, label=data["label"])
        if "is_enabled" in data:
            operations.set_enabled(method, enabled=data["is_enabled"])
        if "takes_calls" in data:
            operations.set_takes_calls(method, takes=data["takes_calls"])
        return self.answer(method)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Forget it, with the rules that name it."""
        operations.remove_method(self.get_object())
        return Response(status=204)

    @extend_schema(request=CodeIn, responses=MethodOut)
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, ref: str) -> Response:
        """Prove with the code that was sent there that it reaches you."""
        method = self.get_object()
        operations.verify(method, code=self.read(CodeIn)["code"])
        return self.answer(method)


class RuleOut(serializers.ModelSerializer[NotificationRule]):
    """At this urgency, this method, so long after the page was due."""

    id = Id()
    method = serializers.CharField(source="method_id", read_only=True)

    class Meta:
        model = NotificationRule
        fields: ClassVar[list[str]] = ["id", "urgency", "method", "delay_seconds", "only_on_call"]
        read_only_fields = fields


class RuleIn(serializers.Serializer[dict[str, Any]]):
    urgency = serializers.ChoiceField(choices=Urgency.values, default=Urgency.HIGH.value)
    method = SlugOrId(queries.methods_of, slug=None)
    delay_seconds = Seconds(max_value=86400, default=0)
    only_on_call = serializers.BooleanField(
        default=False, help_text="Counts while you are on call, beside your other rules."
    )


class NotificationRules(Mine):
    """Your own rules: by which method you are paged, and how long after the page."""

    serializer_class = RuleOut

    def get_queryset(self) -> QuerySet[NotificationRule]:
        return queries.rules_of(self.person)

    @extend_schema(request=RuleIn, responses={201: RuleOut})
    def create(self, request: Request) -> Response:
        """Add a rule."""
        return self.created(operations.add_rule(self.person, **self.read(RuleIn)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Take a rule back."""
        operations.remove_rule(self.get_object())
        return Response(status=204)
