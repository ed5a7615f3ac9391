"""`Idempotency-Key`: the same POST within 24 hours is done once and answered twice.

The key's row is written in the same transaction as what the request does. A duplicate that comes meanwhile
waits for it at the unique constraint and then finds the answer; a request that failed leaves no row and can
be sent again.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import orjson
from django.db import OperationalError, connection, transaction
from django.http import RawPostDataException
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.api.models import Answer
from core.api.problems import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.core.files.uploadedfile import UploadedFile
    from rest_framework.request import Request

HEADER = "Idempotency-Key"
_CLAIM = """
insert into api_answer (user_id, key, fingerprint, body, created_at) values (%s, %s, %s, '', now())
on conflict (user_id, key) do update
set fingerprint = excluded.fingerprint, status = null, body = '', created_at = now()
where api_answer.created_at < now() - interval '24 hours' returning id
"""


class ShownOnce(Response):
    """An answer with secrets in it: the fields named in `once` are sent, and never kept for a replay."""

    def __init__(self, data: dict[str, Any], *, once: Sequence[str], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.once = tuple(once)


def answer(request: Request, handler: Callable[[], Response]) -> Response:
    """Do what the handler does, or give the answer that the same request got before."""
    key = request.headers[HEADER]
    if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise ValidationError({HEADER: ["Give 1 to 255 printable ASCII characters."]})
    user_id = int(request.user.pk or 0)
    fingerprint = _fingerprint(request)
    with transaction.atomic():
        row = _claim(user_id, key, fingerprint)
        if row is None:
            return _replay(user_id, key, fingerprint)
        response = handler()
        if response.status_code < HTTPStatus.BAD_REQUEST:
            _keep(row, response)
        else:
            transaction.set_rollback(True)
    return response


def _fingerprint(request: Request) -> str:
    """Give a hash of what is asked. Where a form was read already, as for its CSRF token, its fields and files are."""
    found = hashlib.sha256(f"{request.get_full_path()}\n".encode())
    form = request._request  # noqa: SLF001
    try:
        found.update(form.body)
    except RawPostDataException:
        found.update(orjson.dumps(sorted(form.POST.lists())))
        for name, given in sorted(form.FILES.items()):
            file = cast("UploadedFile[bytes]", given)
            found.update(f"\n{name}\n{file.name}\n".encode())
            for chunk in file.chunks():
                found.update(chunk)
            file.seek(0)
    return found.hexdigest()


def _claim(user_id: int, key: str, fingerprint: str) -> int | None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_CLAIM, [user_id, key, fingerprint])
            found = cursor.fetchone()
    except OperationalError as error:
        raise Conflict("A request with this Idempotency-Key is still being worked on.") from error
    return found[0] if found else None


def _keep(row: int, response: Response) -> None:
    data = response.data
    if isinstance(response, ShownOnce):
        data = {**data, **dict.fromkeys(response.once)}
    Answer.objects.filter(pk=row).update(
        status=response.status_code,
        body=orjson.dumps({"data": data, "location": response.get("Location", "")}, default=str).decode(),
    )


def _replay(user_id: int, key: str, fingerprint: str) -> Response:
    first = Answer.objects.get(user_id=user_id, key=key)
    if first.fingerprint != fingerprint:
        raise Conflict("This Idempotency-Key was used for another request.")
    kept = orjson.loads(first.body)
    headers = {"Idempotent-Replay": "true"} | ({"Location": kept["location"]} if kept["location"] else {})
    return Response(kept["data"], status=first.status, headers=headers)
