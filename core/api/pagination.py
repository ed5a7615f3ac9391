"""Lists in cursor pages: `{"next", "previous", "results"}`. A cursor names a row, not a count of rows."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F, Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet
    from django.db.models.expressions import OrderBy
    from rest_framework.request import Request
    from rest_framework.views import APIView


@dataclass(frozen=True, slots=True)
class Order:
    """One field of an order; rows without a value come last."""

    name: str
    descending: bool

    @classmethod
    def of(cls, text: str) -> Order:
        """Read `name` or `-name`."""
        return cls(text.lstrip("-"), text.startswith("-"))

    def sql(self, *, backwards: bool) -> OrderBy:
        """Give the clause, or the one that runs the other way."""
        if self.descending != backwards:
            return F(self.name).desc(nulls_first=backwards or None, nulls_last=not backwards or None)
        return F(self.name).asc(nulls_first=backwards or None, nulls_last=not backwards or None)

    def beyond(self, value: Any, *, backwards: bool) -> Q:
        """Give the rows that come strictly after `value`, or strictly before it."""
        missing = Q(**{f"{self.name}__isnull": True})
        if value is None:
            return ~missing if backwards else Q(pk__in=[])
        side = "lt" if self.descending != backwards else "gt"
        after = Q(**{f"{self.name}__{side}": value})
        return after if backwards else after | missing

    def same(self, value: Any) -> Q:
        """Give the rows with this very value."""
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})


def beyond(orders: Sequence[Order], values: Sequence[Any], *, backwards: bool) -> Q:
    """Give the rows that come strictly after the row with these values, or strictly before it."""
    (order, *others), (value, *rest) = orders, values
    found = order.beyond(value, backwards=backwards)
    return found | (order.same(value) & beyond(others, rest, backwards=backwards)) if others else found


class Cursor(CursorPagination):
    """Pages of 50, up to 200 with `?page_size=`. A view names its `ordering`; the id makes it unambiguous."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"
    page: list[Any]

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """Give the page beside the row that the cursor names; a cursor that is none answers 400."""
        self.request = request
        self.orders = [Order.of(name) for name in self.get_ordering(request, queryset, view)]
        size = self.get_page_size(request)
        place, backwards = self._place(queryset.model)
        if place is not None:
            queryset = queryset.filter(beyond(self.orders, place, backwards=backwards))
        rows = list(queryset.order_by(*[order.sql(backwards=backwards) for order in self.orders])[: size + 1])
        more, self.page = len(rows) > size, rows[:size]
        if backwards:
            self.page.reverse()
        self.has_next = bool(self.page) and (backwards or more)
        self.has_previous = bool(self.page) and (more if backwards else place is not None)
        return self.page

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView | None
    ) -> tuple[str, ...]:
        """Give the wanted order, ended by the id."""
        wanted = tuple(super().get_ordering(request, queryset, cast("APIView", view)))
        if any(name.lstrip("-") in {"id", "pk"} for name in wanted):
            return wanted
        return (*wanted, "-id" if wanted[0].startswith("-") else "id")

    def get_page_size(self, request: Request) -> int:
        """Give how many rows a page has, capped."""
        wanted = request.query_params.get(self.page_size_query_param)
        if wanted is None:
            return self.page_size
        if not (wanted.isascii() and wanted.isdigit() and int(wanted[:9]) > 0):
            raise ValidationError({self.page_size_query_param: ["Give a whole number from 1 to 200."]})
        return min(int(wanted[:9]), self.max_page_size)

    def get_next_link(self) -> str | None:
        """Give the address of the following page."""
        return self._link(self.page[-1], "+") if self.has_next else None

    def get_previous_link(self) -> str | None:
        """Give the address of the page before."""
        return self._link(self.page[0], "-") if self.has_previous else None

    def _link(self, row: Model, direction: str) -> str:
        values = [_text(row, order.name) for order in self.orders]
        cursor = base64.urlsafe_b64encode(orjson.dumps([direction, *values])).decode().rstrip("=")
        query = self.request.query_params.copy()
        query[self.cursor_query_param] = cursor
        path = urlsplit(self.request.get_full_path()).path
        return f"{settings.BASE_URL}{path}?{urlencode(list(query.lists()), doseq=True)}"

    def _place(self, model: type[Model]) -> tuple[list[Any] | None, bool]:
        cursor = self.request.query_params.get(self.cursor_query_param)
        if cursor is None:
            return None, False
        try:
            direction, *texts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            values = [_value(model, order.name, text) for order, text in zip(self.orders, texts, strict=True)]
        except (binascii.Error, ValueError, TypeError, DjangoValidationError) as error:
            raise ValidationError(
                {self.cursor_query_param: ["This is not a cursor of this list."]}
            ) from error
        return values, direction == "-"


def _field(model: type[Model], name: str) -> Any:
    options = model._meta  # noqa: SLF001 - Django's documented way to a model's fields
    return options.pk if name == "pk" else options.get_field(name)


def _text(row: Model, name: str) -> str | None:
    field = _field(type(row), name)
    return None if getattr(row, field.attname) is None else field.value_to_string(row)


def _value(model: type[Model], name: str, text: str | None) -> Any:
    if text is None:
        return None
    if not isinstance(text, str) or "\x00" in text:
        raise ValueError
    value = _field(model, name).to_python(text)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        raise ValueError
    return value
