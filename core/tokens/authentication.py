"""`Authorization: Bearer wb_…` for the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from core.events import bus
from core.tokens import operations, queries

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from rest_framework.request import Request

    from core.tokens.models import ApiToken

NOTED_EVERY = timedelta(minutes=1)


class BearerToken(BaseAuthentication):
    """The person whose token it is. What the token may do besides is for the permission to ask."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiToken] | None:
        """Give the person and the token; no header leaves it to the browser's session."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        token = queries.find(parts[1].decode("ascii", "replace")) if len(parts) == 2 else None
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        if token.last_used_at is None or token.last_used_at < timezone.now() - NOTED_EVERY:
            operations.note_use(token, address=bus.origin.get())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Say how to sign in."""
        return 'Bearer realm="watchbill"'
