"""Fields that the API writes and reads everywhere in the same way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from core.accounts.models import User

YEAR_SECONDS = 366 * 86400


class Time(serializers.DateTimeField):
    """RFC 3339, written in UTC with `Z`, read with any offset but never without one."""

    default_error_messages = {
        "offset": "Give the offset from UTC, as in 2026-11-21T03:33:00Z.",
        "range": "This time is too far away.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timezone = UTC

    def bind(self, field_name: str, parent: Any) -> None:
        """Learn from the model whether there may be no time, so that the schema says so."""
        super().bind(field_name, parent)
        columns = getattr(getattr(parent, "Meta", None), "model", None)
        if self.read_only and columns is not None and "." not in str(self.source):
            known = {field.name: field for field in columns._meta.fields}  # noqa: SLF001
            column = known.get(str(self.source))
            self.allow_null = self.allow_null or (column is not None and column.null)

    def to_internal_value(self, value: Any) -> datetime:
        """Give the instant in UTC."""
        if isinstance(value, str) and self._is_naive(value):
            self.fail("offset")
        try:
            found: datetime = super().to_internal_value(value)
            at = found.astimezone(UTC)
        except OverflowError:
            self.fail("range")
        if not 1900 <= at.year <= 9000:
            self.fail("range")
        return at

    def to_representation(self, value: datetime | str) -> str:
        """Give the instant as 2026-11-21T03:33:00.000000Z."""
        if isinstance(value, str):
            return value
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _is_naive(self, value: str) -> bool:
        try:
            return datetime.fromisoformat(value).tzinfo is None
        except ValueError:
            return False


class Seconds(serializers.IntegerField):
    """A duration in whole seconds; a timedelta in the model becomes one as well."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", YEAR_SECONDS)
        super().__init__(**kwargs)

    def to_representation(self, value: int | timedelta) -> int:
        """Give the seconds."""
        return int(value.total_seconds()) if isinstance(value, timedelta) else int(value)


@extend_schema_field(OpenApiTypes.STR)
class Id(serializers.Field[Any, Any, str, Any]):
    """An object's own id: an opaque string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, "source": "pk", **kwargs})

    def to_representation(self, value: Any) -> str:
        """Give the id as text."""
        return str(value)


@extend_schema_field(OpenApiTypes.STR)
class SlugOrId(serializers.Field[Any, str, str, Any]):
    """Another object, named by slug or id; it is written as its slug where it has one, else as its id.

    `among` gives the objects that this person may name; absent and invisible are the same answer.
    """

    default_error_messages = {"unknown": "There is no {value!r}, or none that you may see."}

    def __init__(
        self, among: Callable[[User], QuerySet[Any]], *, slug: str | None = "slug", **kwargs: Any
    ) -> None:
        self.among = among
        self.slug = slug
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Give the object that is meant."""
        if not isinstance(data, (str, int)) or isinstance(data, bool):
            self.fail("unknown", value=data)
        found = by_reference(
            self.among(self.context["request"].user), str(data), [self.slug] if self.slug else []
        )
        if found is None:
            self.fail("unknown", value=data)
        return found

    def to_representation(self, value: Any) -> str:
        """Give the object's slug or id."""
        return str(getattr(value, self.slug) if self.slug else value.pk)


def by_reference(objects: QuerySet[Any], reference: str, names: list[str]) -> Any | None:
    """Give the one object with this slug, number (`INC-12` or `12`) or id; the names are tried in order."""
    if "\x00" in reference:
        return None
    for name in names:
        if name.endswith("number"):
            digits = reference.rpartition("-")[2]
            found = objects.filter(**{name: int(digits)}).first() if _fits(digits) else None
        else:
            found = objects.filter(**{name: reference}).first()
        if found is not None:
            return found
    return objects.filter(pk=int(reference)).first() if _fits(reference) else None


def _fits(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) <= 9


class ZoneName(serializers.CharField):
    """A time zone by its IANA name, as Europe/Berlin."""

    default_error_messages = {"zone": "There is no time zone {value!r}; give a name as Europe/Berlin."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Give the name, if there is such a zone."""
        name = super().to_internal_value(data)
        if name not in available_timezones():
            self.fail("zone", value=name)
        return name
