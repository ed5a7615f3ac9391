"""What is sent to change an incident."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.accounts import queries as people
from core.api.fields import Seconds, SlugOrId, Time
from incidents.catalog.models import Service
from incidents.closing.operations import Said
from incidents.fields.api import TagsField
from incidents.lifecycle import operations, registry, rules
from incidents.lifecycle.models import EntryKind, Outcome
from incidents.lifecycle.rules import PHASES, Status
from incidents.severities import queries as severities

STATUSES = [status.value for status in Status]
WRITTEN = [EntryKind.NOTE.value, EntryKind.DECISION.value, EntryKind.ACTION.value, EntryKind.HYPOTHESIS.value]
ENDS = [choice for choice in Outcome.choices if choice[0] != Outcome.DUPLICATE]
LONG = 20_000
KIND = OpenApiParameter("kind", str, enum=[*EntryKind.values], description="Only entries of this kind.")
TAG = OpenApiParameter("tag", str, enum=[*PHASES], description="Only entries with this tag.")


class SeverityField(serializers.CharField):
    """A severity by slug, label, name, alias or rank; written as its slug."""

    def to_internal_value(self, data: Any) -> Any:
        """Give the level that is meant."""
        word = super().to_internal_value(data)
        found = severities.find(word)
        if found is None:
            known = ", ".join(level.slug for level in severities.levels())
            raise serializers.ValidationError(f"There is no severity “{word}”. Known: {known}.")
        return found

    def to_representation(self, value: Any) -> str:
        """Give the slug."""
        return str(value.slug)


class Picture(serializers.Serializer[Any]):
    """What may be known at the beginning and be put right later."""

    summary = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    impact = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    blast_radius = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    recent_changes = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    who_else = serializers.CharField(required=False, allow_blank=True, max_length=LONG)


class IncidentIn(Picture):
    """An incident to declare. A title is enough; without a severity it gets the second worst."""

    title = serializers.CharField(max_length=200)
    severity = SeverityField(required=False)
    tags = TagsField(required=False)
    custom_fields = serializers.DictField(required=False)
    services = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100
    )
    private = serializers.BooleanField(required=False)
    drill = serializers.BooleanField(required=False)
    started_at = Time(required=False, allow_null=True)
    detected_at = Time(required=False, allow_null=True)


class Correction(Picture):
    """Corrections; what is not named stays. Each corrected time is kept with the old one."""

    title = serializers.CharField(max_length=200, required=False)
    tags = TagsField(required=False)
    custom_fields = serializers.DictField(required=False)
    hypothesis = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    next_decision = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    started_at = Time(required=False, allow_null=True)
    detected_at = Time(required=False, allow_null=True)
    acknowledged_at = Time(required=False, allow_null=True)
    declared_at = Time(required=False)
    identified_at = Time(required=False, allow_null=True)
    mitigated_at = Time(required=False, allow_null=True)
    resolved_at = Time(required=False, allow_null=True)
    closed_at = Time(required=False, allow_null=True)
    services = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100
    )
    update_every_seconds = Seconds(required=False, allow_null=True, min_value=60, max_value=7 * 86400)


class StatusIn(serializers.Serializer[Any]):
    """A step; `at` is when it really happened."""

    status = serializers.ChoiceField(choices=STATUSES)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    at = Time(required=False, allow_null=True)


class ResolveIn(serializers.Serializer[Any]):
    """What ended it, since when, and which criteria hold (slugs, as `closing/` gives them).

    Where something lacks, `despite` says why it is resolved all the same; without it `reason` does. `all_clear` is
    told to everybody who hears of it inside, `public_clear` is published to customers.
    """

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    at = Time(required=False, allow_null=True)
    confirmed = serializers.ListField(
        child=serializers.SlugField(max_length=40), required=False, max_length=50
    )
    despite = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    all_clear = serializers.CharField(required=False, allow_blank=True, max_length=5000)
    public_clear = serializers.CharField(required=False, allow_blank=True, max_length=5000)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Put what is said together."""
        reason = data.get("reason", "")
        return {"said": Said(**{**data, "despite": data.get("despite") or reason})}


class ReopenIn(serializers.Serializer[Any]):
    """Why it is open again."""

    reason = serializers.CharField(max_length=2000)


class CloseIn(serializers.Serializer[Any]):
    """Why it is closed; an `outcome` closes an open incident and needs a reason.

    `accepted_risk` needs `risk`, `monitoring` and `decided_by` instead, a person by id. Where parts of an open one go
    on without it, `anyway` says that this is known. It becomes a duplicate by `merge/` alone.
    """

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    outcome = serializers.ChoiceField(choices=ENDS, required=False, allow_blank=True)
    anyway = serializers.BooleanField(required=False)
    risk = serializers.CharField(required=False, max_length=5000)
    monitoring = serializers.CharField(required=False, max_length=5000)
    decided_by = SlugOrId(lambda _: people.people(), slug=None, required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Put what is said of an accepted risk together."""
        given = {name: data.pop(name) for name in ("risk", "monitoring", "decided_by") if name in data}
        if data.get("outcome") != Outcome.ACCEPTED_RISK:
            return data
        missing = [name for name in ("risk", "monitoring", "decided_by") if name not in given]
        if missing:
            raise ValidationError({name: ["An accepted risk needs it."] for name in missing})
        return {**data, "accepted": operations.Acceptance(**given)}


class SeverityIn(serializers.Serializer[Any]):
    """The new level and why."""

    severity = SeverityField()
    reason = serializers.CharField(max_length=2000)


class RoleIn(serializers.Serializer[Any]):
    """Who takes which role; a person by id."""

    role = serializers.CharField(max_length=20)
    user = SlugOrId(lambda _: people.people(), slug=None)


class PageIn(serializers.Serializer[Any]):
    """Exactly one of user, schedule, team and policy, and what to say to them."""

    user = serializers.CharField(required=False, max_length=80)
    schedule = serializers.CharField(required=False, max_length=80)
    team = serializers.CharField(required=False, max_length=80)
    policy = serializers.CharField(required=False, max_length=80)
    message = serializers.CharField(required=False, allow_blank=True, max_length=1000)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Find whom to page."""
        kinds = [kind for kind in ("user", "schedule", "team", "policy") if data.get(kind)]
        if len(kinds) != 1:
            raise ValidationError("Name exactly one of user, schedule, team and policy.")
        found = registry.find(self.context["request"].user, kinds[0], data[kinds[0]])
        if found is None:
            raise ValidationError({kinds[0]: [f"There is no {kinds[0]} “{data[kinds[0]]}”."]})
        return {"target": found, "message": data.get("message", "")}


class EntryIn(serializers.Serializer[Any]):
    """An entry to add; `at` may lie in the past. A hypothesis of now becomes the working one.

    A note that begins with `Decision:` is a decision. What is asked of somebody by @name becomes a task of theirs.
    `options`, `reason`, `decided_by` (a person by id, else the caller), `trade_off` and `accepted_by` (a name)
    belong to a decision. `next_update_in_seconds` promises the next word with it.
    """

    kind = serializers.ChoiceField(choices=WRITTEN)
    text = serializers.CharField(max_length=LONG)
    at = Time(required=False, allow_null=True)
    tag = serializers.ChoiceField(choices=["", *PHASES], required=False)
    next_update_in_seconds = Seconds(required=False, min_value=60, max_value=7 * 86400)
    options = serializers.ListField(
        child=serializers.CharField(max_length=500), required=False, max_length=20
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    decided_by = SlugOrId(lambda _: people.people(), slug=None, required=False)
    trade_off = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    accepted_by = serializers.CharField(required=False, allow_blank=True, max_length=120)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Put what belongs to a decision together."""
        names = ("options", "reason", "decided_by", "trade_off", "accepted_by")
        given = {name: data.pop(name) for name in names if name in data}
        decides = data["kind"] == EntryKind.DECISION or rules.without_prefix(data["text"]) is not None
        if given and not decides:
            raise ValidationError({name: ["This belongs to a decision."] for name in given})
        return {**data, "decision": operations.Decision(**given)} if given else data
