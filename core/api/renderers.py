"""JSON, whatever the client says it accepts: there is nothing else to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import IO

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request


class Json(JSONRenderer):
    charset = None


class OnlyJson(BaseContentNegotiation):
    """Answer in the view's first renderer; an `Accept` that wants something else is no reason to refuse."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Give the parser for the body's type; None answers 415."""
        wanted = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Give the first renderer."""
        first = next(iter(renderers))
        return first, first.media_type


class JsonBody(BaseParser):
    """Strict JSON: no NaN, no broken surrogates, no NUL that Postgres could not hold."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Give the body's value; anything but JSON answers 400."""
        raw = stream.read()
        if b"\\u0000" in raw:
            raise ParseError("The body holds a NUL character.")
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
