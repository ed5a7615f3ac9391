"""The request of a view that only signed-in people reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from core.accounts.models import User

    class PersonRequest(HttpRequest):
        """A request that passed SignInRequired: its user is a person."""

        user: User
        htmx: HtmxDetails
        known: dict[Any, Any]

else:
    PersonRequest = HttpRequest
