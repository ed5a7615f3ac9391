"""Who may call what: the person's role decides, and a token besides needs the scope.

A view names one of these. Reading asks for the scope `read`, writing for the class's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission

from core.accounts.policy import Verb, can
from core.tokens.models import ApiToken, Scope

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Denied(BasePermission):
    """The default: a view that names no permission answers nobody."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Refuse."""
        return False


class _Allows(BasePermission):
    read_verb = Verb.VIEW
    read_scope = Scope.READ
    write_verb: Verb | None = None
    write_scope = Scope.WRITE

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Ask the role, then the token's scope."""
        if not request.user.is_authenticated:
            return False
        reads = request.method in SAFE_METHODS
        verb = self.read_verb if reads else self.write_verb
        if verb is None or not can(request.user, verb):
            raise PermissionDenied("Your role does not allow this.")
        scope = self.read_scope if reads else self.write_scope
        if isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
            raise PermissionDenied(f"This token lacks the scope {scope}.")
        return True


class Reads(_Allows):
    """Anybody who is signed in reads; nobody writes."""


class Owns(_Allows):
    """Anybody reads and writes what is theirs: the view's queryset holds nothing else."""

    write_verb = Verb.VIEW


class Responds(_Allows):
    """Anybody reads, responders write."""

    write_verb = Verb.RESPOND


class RespondersRead(_Allows):
    """Responders read; nobody writes."""

    read_verb = Verb.RESPOND


class Pages(_Allows):
    """Anybody reads; paging needs a responder and the scope `page`."""

    write_verb = Verb.RESPOND
    write_scope = Scope.PAGE


class Configures(_Allows):
    """Anybody reads; managers write what belongs to a team of theirs, by the object's `team`."""

    write_verb = Verb.CONFIGURE

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """Ask whether this team's things are theirs to configure."""
        if request.method in SAFE_METHODS or can(request.user, Verb.CONFIGURE, getattr(obj, "team", None)):
            return True
        raise PermissionDenied("Only a manager of its team may change this.")


class Administers(_Allows):
    """Admins alone, for reading as well."""

    read_verb = write_verb = Verb.ADMIN
    read_scope = write_scope = Scope.ADMIN
