"""Every error as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, OperationalError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http import HttpRequest

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
NOT_FOUND = "There is nothing here, or nothing that you may see."
UNEXPECTED = "Something went wrong here. It is noted."
AWAY = "The database does not answer."
GENERAL = "non_field_errors"


class Conflict(exceptions.APIException):
    status_code = HTTPStatus.CONFLICT
    default_detail = "The state of the thing does not allow this."


class LostUpdate(exceptions.APIException):
    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = (
        "Somebody changed this since you read it. Read it again and apply your change to what you find."
    )


def body(status: int, detail: str, errors: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """Give a problem's members. `about:blank` means that the status says what kind of problem it is."""
    found: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
    }
    return found | ({"errors": dict(errors)} if errors else {})


def response(status: int, detail: str, *, headers: dict[str, str] | None = None) -> JsonResponse:
    """Give a problem from outside the API's views, as for an address that does not exist."""
    return JsonResponse(body(status, detail), status=status, content_type=MEDIA_TYPE, headers=headers)


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into a problem; what nobody expected is logged and says nothing."""
    known = _known(error)
    if known is None:
        return _unexpected(error, context)
    headers: dict[str, str] = {}
    if header := getattr(known, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(known, "wait", None):
        headers["Retry-After"] = str(int(wait))
    detail, errors = _texts(known)
    return Response(
        body(known.status_code, detail, errors),
        status=known.status_code,
        headers=headers,
        content_type=MEDIA_TYPE,
    )


def _known(error: Exception) -> exceptions.APIException | None:
    match error:
        case exceptions.APIException():
            found = error
        case Refused():
            found = Conflict(str(error))
        case Http404():
            found = exceptions.NotFound(NOT_FOUND)
        case PermissionDenied():
            found = exceptions.PermissionDenied(str(error) or None)
        case DjangoValidationError():
            named = error.message_dict if hasattr(error, "error_dict") else {GENERAL: error.messages}
            found = exceptions.ValidationError(named)
        case DataError():
            found = exceptions.ValidationError({GENERAL: ["The database cannot hold a value in this."]})
        case _:
            return None
    return found


def _unexpected(error: Exception, context: Mapping[str, Any]) -> Response:
    away = isinstance(error, OperationalError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
    request = context.get("request")
    where = f"{request.method} {request.path}" if request is not None else "a request"
    log.error("%s failed", where, exc_info=error)
    return Response(
        body(status, AWAY if away else UNEXPECTED),
        status=status,
        headers={"Retry-After": "5"} if away else {},
        content_type=MEDIA_TYPE,
    )


def _texts(error: exceptions.APIException) -> tuple[str, dict[str, list[str]] | None]:
    if not isinstance(error, exceptions.ValidationError):
        return (NOT_FOUND if isinstance(error, exceptions.NotFound) else str(error.detail)), None
    errors: dict[str, list[str]] = {}
    for field, text in _flat(error.detail):
        errors.setdefault(field or GENERAL, []).append(text)
    first, texts = next(iter(errors.items()), (GENERAL, ["The request is not valid."]))
    return (texts[0] if first == GENERAL else f"{first}: {texts[0]}"), errors


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Nested errors by dotted path: `levels.0.timeout_seconds`."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flat(
                value, path if key == GENERAL and path else ".".join(filter(None, [path, str(key)]))
            )
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, (dict, list))
            yield from _flat(value, f"{path}.{index}".strip(".") if nested else path)
    else:
        yield path, str(detail)


def is_api(request: HttpRequest) -> bool:
    """Say whether an address belongs to the API, whose errors are problems and not pages."""
    return request.path.startswith("/api/")
