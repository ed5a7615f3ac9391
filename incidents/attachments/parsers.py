"""What a file is, by its content alone. Pictures are drawn anew, so that nothing but what one sees goes on with them."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Refused
from incidents.attachments.rules import PIXELS, PREVIEW, Kind, clean_name, is_pdf, is_text, size

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
STARTS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")


class CannotKeep(Refused):
    """Only pictures, PDFs and texts are kept, and none that is too large."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is kept: its bytes, and of a picture its size and a small one of it."""

    name: str
    kind: Kind
    media_type: str
    content: bytes
    width: int | None = None
    height: int | None = None
    preview: bytes | None = None


def parse(name: str, content: bytes, *, most: int) -> File:
    """Give a file as it is kept; refused where it is too large, empty, or nothing that is kept."""
    if not content:
        raise CannotKeep(f"“{_short(name)}” is empty.")
    if len(content) > most:
        raise CannotKeep(f"“{_short(name)}” has {size(len(content))}; the most is {size(most)}.")
    if content.startswith(STARTS):
        return _picture(name, content)
    if is_pdf(content):
        return File(clean_name(name, "application/pdf"), Kind.PDF, "application/pdf", content)
    if is_text(content):
        return File(clean_name(name, "text/plain"), Kind.TEXT, "text/plain", content)
    raise CannotKeep(
        f"“{_short(name)}” is no picture (PNG, JPEG, WebP, GIF), PDF or text in UTF-8 by its content."
    )


def _short(name: str) -> str:
    return clean_name(name, "text/plain").removesuffix(".txt")[:60]


def _picture(name: str, content: bytes) -> File:
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - who keeps no picture needs none of it

    bad = CannotKeep(f"“{_short(name)}” is a broken picture, or of a kind that is not kept.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a picture that is too large is refused below
            given = Image.open(io.BytesIO(content), formats=FORMATS)
        if given.width * given.height > PIXELS:
            raise CannotKeep(
                f"“{_short(name)}” has {given.width:,} by {given.height:,} dots;"
                f" the most is {PIXELS // 1_000_000} million together."
            )
        if getattr(given, "is_animated", False):
            raise CannotKeep(f"“{_short(name)}” moves. Attach a still picture.")
        seen = ImageOps.exif_transpose(given)  # as it was held, before what says so is left out
        media_type = {"JPEG": "image/jpeg", "WEBP": "image/webp"}.get(given.format or "", "image/png")
        drawn = _plain(seen, media_type)
        whole = _written(drawn, media_type)
        drawn.thumbnail((PREVIEW, PREVIEW))
        small = _written(drawn.convert("RGBA" if drawn.mode == "RGBA" else "RGB"), "image/webp")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise bad from None
    return File(clean_name(name, media_type), Kind.PICTURE, media_type, whole, seen.width, seen.height, small)


def _plain(seen: Image, media_type: str) -> Image:
    """Give the dots alone, in colours that every browser shows: no comments, no place, no profile."""
    from PIL import Image  # noqa: PLC0415

    has_holes = media_type != "image/jpeg" and (
        seen.mode in {"RGBA", "LA", "PA"} or "transparency" in seen.info
    )
    mode = "RGBA" if has_holes else "RGB"
    dots = seen if seen.mode == mode else seen.convert(mode)
    fresh = Image.new(mode, dots.size)
    fresh.paste(dots)
    return fresh


def _written(drawn: Image, media_type: str) -> bytes:
    out = io.BytesIO()
    if media_type == "image/jpeg":
        drawn.save(out, "JPEG", quality=88)
    elif media_type == "image/webp":
        drawn.save(out, "WEBP", quality=85, method=2)
    else:
        drawn.save(out, "PNG", compress_level=6)
    return out.getvalue()
