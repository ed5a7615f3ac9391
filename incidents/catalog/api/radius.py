"""How far trouble goes, as programs read it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class BusinessOut(serializers.Serializer[Any]):
    """A business service that is touched, and what customers would say."""

    service = serializers.CharField(source="slug")
    name = serializers.CharField()
    customers_say = serializers.CharField()


class FeltOut(serializers.Serializer[Any]):
    """A service that needs a failing one: in how many steps, and by which."""

    service = serializers.CharField(source="service.slug")
    name = serializers.CharField(source="service.name")
    tier = serializers.IntegerField(source="service.tier")
    distance = serializers.IntegerField()
    via = serializers.CharField(source="via.slug")


class DistantOut(FeltOut):
    """A service at a distance, and how it does as far as the reader may know."""

    status = serializers.CharField(source="situation.state")


class RadiusOut(serializers.Serializer[Any]):
    """`downstream` needs the service and may feel it; `upstream` is what it needs and may be the cause.

    `circle` names services that need one another, this one among them. `is_cut` says that more than 500 are reached.
    """

    downstream = DistantOut(many=True, source="needed_by")
    upstream = DistantOut(many=True, source="needs")
    business = BusinessOut(many=True)
    circle = serializers.ListField(child=serializers.CharField(), source="circle_slugs")
    is_cut = serializers.BooleanField()
