"""What every resource of the API has in common: references, ETags, lost updates, idempotency, answers."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.db import transaction
from django.http import Http404
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import mixins
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.accounts.models import User
from core.accounts.sign_in import proved_recently
from core.api import once
from core.api.fields import by_reference
from core.api.filters import Ordering, Search
from core.api.pagination import Cursor
from core.api.permissions import Denied, Owns
from core.api.problems import LostUpdate
from core.api.renderers import Json, JsonBody, OnlyJson
from core.api.throttles import PerToken
from core.tokens.models import ApiToken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import Model
    from rest_framework.parsers import BaseParser
    from rest_framework.permissions import BasePermission
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

Lists = mixins.ListModelMixin
Shows = mixins.RetrieveModelMixin


def etag_of(data: Any) -> str:
    """Give the ETag of a representation: a hash of the JSON that is sent."""
    return f'"{hashlib.sha256(Json().render(data)).hexdigest()[:32]}"'


class ViewSet(GenericViewSet[Any]):
    """The base of every resource. A subclass names its permission, its serializer and its visible objects.

    `serializer_class` says how an object is written. `references` are the fields by which a path may name an
    object, tried in order before its id. Writing methods take their input through `self.read(Serializer)`,
    call one operation, and end in `self.answer(object)` or `self.created(object)`.
    """

    permission_classes: Sequence[type[BasePermission]] = (Denied,)
    renderer_classes = (Json,)
    parser_classes: Sequence[type[BaseParser]] = (JsonBody,)
    content_negotiation_class = OnlyJson
    pagination_class = Cursor
    filter_backends = (DjangoFilterBackend, Search, Ordering)
    throttle_classes = (PerToken,)
    metadata_class = None
    http_method_names: Sequence[str] = ("get", "head", "post", "put", "patch", "delete")
    lookup_field = "ref"
    lookup_value_regex = "[^/]+"
    references: ClassVar[list[str]] = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who calls, then put the transaction that the request's headers ask for around the handler."""
        super().initial(request, *args, **kwargs)
        if "\x00" in request.META.get("QUERY_STRING", "") or "%00" in request.META.get("QUERY_STRING", ""):
            raise ValidationError({"query": ["The query holds a NUL character."]})
        method = (request.method or "").lower()
        if once.HEADER in request.headers and method == "post":
            self._wrap(method, lambda handler: once.answer(request, handler))
        elif "If-Match" in request.headers and request.method not in SAFE_METHODS:
            self._wrap(method, _in_transaction)

    def check_permissions(self, request: Request) -> None:
        """Say 405 to people who may call at all, where nobody could do this."""
        offered = hasattr(self, (request.method or "").lower()) and request.method != "OPTIONS"
        if request.user.is_authenticated and not offered:
            self.http_method_not_allowed(request)
        super().check_permissions(request)

    def _wrap(self, method: str, around: Callable[[Callable[[], Response]], Response]) -> None:
        inner = getattr(self, method, self.http_method_not_allowed)
        setattr(
            self, method, lambda request, *args, **kwargs: around(lambda: inner(request, *args, **kwargs))
        )

    def get_object(self) -> Any:
        """Give the object that the path names, if this person may see it; refuse to write over a change."""
        found = by_reference(self.get_queryset(), self.kwargs[self.lookup_field], self.references)
        if found is None:
            raise Http404
        self.check_object_permissions(self.request, found)
        wanted = self.request.headers.get("If-Match")
        if wanted is None or self.request.method in SAFE_METHODS:
            return found
        return self._unchanged(found, wanted)

    def _unchanged(self, found: Model, wanted: str) -> Model:
        """Lock the row, so that nobody changes it between this look and the write."""
        type(found)._default_manager.select_for_update().get(pk=found.pk)  # noqa: SLF001 - the public name may differ
        fresh: Model = self.get_queryset().get(pk=found.pk)
        if not _matches(wanted, etag_of(self.represent(fresh))):
            raise LostUpdate
        return fresh

    @property
    def person(self) -> User:
        """Who calls; every permission lets signed-in people through and nobody else."""
        if getattr(self, "swagger_fake_view", False):
            return User(pk=0)  # the description of the API is made without anybody calling
        return cast("User", self.request.user)

    def read(self, serializer: type[BaseSerializer[Any]], **kwargs: Any) -> dict[str, Any]:
        """Give the valid content of the request's body; anything else answers 400 field by field."""
        given = serializer(data=self.request.data, context=self.get_serializer_context(), **kwargs)
        given.is_valid(raise_exception=True)
        found: dict[str, Any] = given.validated_data
        return found

    def represent(self, thing: Any) -> Any:
        """Give an object as it is sent."""
        return self.get_serializer(thing).data

    def answer(self, thing: Model, *, status: int = HTTPStatus.OK) -> Response:
        """Answer with an object, read anew so that it shows what the database holds."""
        fresh = self.get_queryset().filter(pk=thing.pk).first()
        return Response(self.represent(thing if fresh is None else fresh), status=status)

    def created(self, thing: Model) -> Response:
        """Answer 201 with a new object and its address."""
        response = self.answer(thing, status=HTTPStatus.CREATED)
        if url := response.data.get("url"):
            response["Location"] = url
        return response

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Put an ETag on what was read, and say 304 where the client has it already."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if (
            final.status_code not in {HTTPStatus.OK, HTTPStatus.CREATED}
            or getattr(final, "data", None) is None
        ):
            return final
        final["ETag"] = etag_of(final.data)
        if request.method in SAFE_METHODS and _matches(
            request.headers.get("If-None-Match", ""), final["ETag"]
        ):
            final.data, final.status_code = None, HTTPStatus.NOT_MODIFIED
        return final


class Mine(Lists, Shows, ViewSet):
    """What belongs to the caller alone and says how they are reached.

    In a browser a change wants the password of the last 12 hours.
    """

    permission_classes = (Owns,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a change by a session whose person has not proved who they are lately."""
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            need_proof(request, "this changes how you are reached")


def need_proof(request: Request, why: str) -> None:
    """Refuse a session whose person has not proved lately who they are."""
    if not isinstance(request.auth, ApiToken) and not proved_recently(request._request):  # noqa: SLF001
        raise PermissionDenied(f"Enter your password again first: {why}.")


def _in_transaction(handler: Callable[[], Response]) -> Response:
    with transaction.atomic():
        return handler()


def _matches(header: str, etag: str) -> bool:
    known = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in known or etag in known
