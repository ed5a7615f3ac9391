"""Files that people gave, as they are given out again: to be saved, never shown as a page of ours."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def saved(content: bytes, *, media_type: str, name: str) -> HttpResponse:
    """Answer with a file. `SecurityHeaders` puts it into a sandbox and lets no browser guess what it is."""
    kind = f"{media_type}; charset=utf-8" if media_type == "text/plain" else media_type
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
