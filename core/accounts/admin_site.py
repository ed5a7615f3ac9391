"""The admin site: the same door as everywhere, and the password again after 12 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from core.accounts.sign_in import proved_recently

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

NOT_USED = {"auth.Group", "account.EmailAddress"}
"""Libraries bring these; roles and e-mail are fields of our own person."""


class Site(AdminSite):
    """For admins who have proved who they are within 12 hours."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take a model into the site, unless it means nothing here."""
        models: Iterable[type[Model]] = (
            model_or_iterable if isinstance(model_or_iterable, (list, tuple)) else [model_or_iterable]
        )
        used = [model for model in models if model._meta.label not in NOT_USED]  # noqa: SLF001
        super().register(used, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Say whether the site opens."""
        return super().has_permission(request) and proved_recently(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the page that is missing: the sign-in, or the password again."""
        if not request.user.is_authenticated or not request.user.is_staff:
            raise PermissionDenied("Only admins come in here.")
        after = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': after})}")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the one page that changes a password."""
        return redirect("people:password")
