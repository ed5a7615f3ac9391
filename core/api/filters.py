"""`?search=` and `?ordering=`: only where a view names its fields, and strict about what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import filters
from rest_framework.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Search(filters.SearchFilter):
    """Text search over the view's `search_fields`."""

    def get_search_terms(self, request: Request) -> list[str]:
        """Give at most ten words, so that a long query stays cheap."""
        return list(super().get_search_terms(request))[:10]

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the parameter where it does something."""
        return super().get_schema_operation_parameters(view) if getattr(view, "search_fields", None) else []


class Ordering(filters.OrderingFilter):
    """An order by the view's `ordering_fields`; anything else answers 400."""

    ordering_fields: Sequence[str] = ()

    def remove_invalid_fields(
        self, queryset: QuerySet[Any], fields: Iterable[str], view: APIView, request: Request
    ) -> list[str]:
        """Refuse what is no field of the order."""
        known = getattr(view, "ordering_fields", ())
        wrong = [name for name in fields if name.removeprefix("-") not in known]
        if wrong:
            choice = ", ".join(known) or "nothing"
            raise ValidationError(
                {"ordering": [f"This list can be ordered by {choice}; put - before it to reverse."]}
            )
        return list(fields)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the parameter with its choices."""
        known = getattr(view, "ordering_fields", ())
        choices = [sign + name for name in known for sign in ("", "-")]
        description = f"One or more of {', '.join(known)}, comma-separated; - before a name reverses it."
        schema = {"type": "string", "examples": choices[:2]}
        return (
            [
                {
                    "name": "ordering",
                    "required": False,
                    "in": "query",
                    "description": description,
                    "schema": schema,
                }
            ]
            if known
            else []
        )
