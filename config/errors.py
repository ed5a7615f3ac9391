"""When nothing answers: a problem for the API, a page for people."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from core.api import problems
from core.ui import views as pages

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    if problems.is_api(request):
        return problems.response(HTTPStatus.BAD_REQUEST, "The request is not one that can be answered.")
    return pages.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    if problems.is_api(request):
        return problems.response(HTTPStatus.FORBIDDEN, "You may not do this.")
    return pages.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    if problems.is_api(request):
        return problems.response(HTTPStatus.NOT_FOUND, problems.NOT_FOUND)
    return pages.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    if problems.is_api(request):
        return problems.response(HTTPStatus.INTERNAL_SERVER_ERROR, problems.UNEXPECTED)
    return pages.server_error(request)
