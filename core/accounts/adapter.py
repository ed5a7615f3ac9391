from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from django.forms import ValidationError
from django.utils.http import url_has_allowed_host_and_scheme

from core.accounts import client, mail, sign_in, throttle

if TYPE_CHECKING:
    from django.http import HttpRequest

    from core.accounts.models import User


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's hooks: nobody signs up by themselves; people come by invitation."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This e-mail and password do not fit together.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Lead nowhere but to a path of our own."""
        return bool(url) and url.startswith("/") and url_has_allowed_host_and_scheme(url, set())

    def get_client_ip(self, request: HttpRequest) -> str:
        """Trust our own proxies alone."""
        return client.address(request) or ""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before the password is looked at."""
        try:
            throttle.take(credentials.get("email", ""), address=client.address(request))
        except throttle.TooManyAttempts as refusal:
            raise ValidationError(str(refusal), code="throttled") from refusal

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check the password; what succeeded does not count as an attempt."""
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            throttle.give_back(credentials.get("email", ""), address=client.address(request))
        return user

    def reauthenticate(self, user: User, password: str) -> bool:
        """Check the password of somebody who is signed in already."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin a session that knows whose it is."""
        sign_in.begin(request, user, zone=request.POST.get("zone", ""))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put allauth's mail into the outbox, which sends it."""
        message = self.render_mail(template_prefix, email, context)
        mail.put_text(email, subject=message.subject, text=message.body)
