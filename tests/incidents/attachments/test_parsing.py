"""A file is what its content says: pictures are drawn anew, names are harmless, anything else is refused (X-59)."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from incidents.attachments.parsers import CannotKeep, parse
from incidents.attachments.rules import PIXELS, clean_name
from tests import cast

MOST = 5_000_000
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.mark.parametrize(
    ("name", "content", "kept", "media_type"),
    [
        ("worker.log", b"\x1b[31mout of memory\x1b[0m\n", "worker.log", "text/plain"),
        ("page.html", b"<script>alert(1)</script>", "page.html.txt", "text/plain"),
        ("logo.svg", b"<svg onload='alert(1)'/>", "logo.svg.txt", "text/plain"),
        ("invoice.exe", PDF, "invoice.exe.pdf", "application/pdf"),
        ("graph.html", cast.picture(), "graph.html.png", "image/png"),
        ("photo.JPEG", cast.picture(kind="JPEG"), "photo.JPEG", "image/jpeg"),
        ("photo.png", cast.picture(kind="JPEG"), "photo.png.jpg", "image/jpeg"),
        ("drawn.webp", cast.picture(kind="WEBP"), "drawn.webp", "image/webp"),
        ("old.gif", cast.picture(kind="GIF"), "old.gif.png", "image/png"),
    ],
)
def test_its_content_says_what_it_is(name: str, content: bytes, kept: str, media_type: str) -> None:
    file = parse(name, content, most=MOST)
    assert (file.name, file.media_type) == (kept, media_type)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "is no picture"),
        (b"\xff\xfe\x00plain", "is no picture"),
        (b"%PDF-1.7 and no end", ""),
        (b"PK\x03\x04\x14\x00", "is no picture"),
        (b"\x89PNG\r\n\x1a\n" + b"nonsense" * 9, "is a broken picture"),
        (cast.picture()[:60], "is a broken picture"),
        (b"a" * (MOST + 1), "has 5.0 MB; the most is 5.0 MB"),
    ],
)
def test_anything_else_is_refused_with_why(content: bytes, why: str) -> None:
    if not why:  # it is a text that begins like a PDF, and is kept as one
        assert parse("x.pdf", content, most=MOST).name == "x.pdf.txt"
        return
    with pytest.raises(CannotKeep, match=why):
        parse("x.bin", content, most=MOST)


def test_nothing_but_what_one_sees_goes_on_with_a_picture() -> None:
    notes, place = PngInfo(), Image.Exif()
    notes.add_text("Comment", "the key is hunter2")
    place[0x010F], place[0x0112] = "Camera of Zoe", 6  # who made it, and that it was held on its side
    for kind, more in (
        ("PNG", {"pnginfo": notes, "exif": place}),
        ("JPEG", {"exif": place, "comment": b"hunter2"}),
    ):
        given = cast.picture(40, 20, kind, **more)
        assert b"hunter2" in given
        file = parse("photo", given + b"<script>hunter2</script>", most=MOST)
        assert b"hunter2" not in file.content
        assert b"Camera" not in file.content
        drawn = Image.open(io.BytesIO(file.content))
        assert (drawn.size, (file.width, file.height)) == ((20, 40), (20, 40))
        assert not drawn.getexif()


def test_holes_stay_holes_and_a_preview_is_small() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (1200, 300), (200, 40, 40, 0)).save(out, "PNG")
    file = parse("graph.png", out.getvalue(), most=MOST)
    drawn = Image.open(io.BytesIO(file.content))
    assert (drawn.mode, drawn.size, drawn.getpixel((5, 5))[3]) == ("RGBA", (1200, 300), 0)  # type: ignore[index]
    small = Image.open(io.BytesIO(file.preview or b""))
    assert (small.format, small.size) == ("WEBP", (480, 120))


def test_a_picture_of_too_many_dots_is_never_drawn() -> None:
    out = io.BytesIO()
    Image.new("1", (5001, 5000)).save(out, "PNG")
    assert len(out.getvalue()) < 20_000 < PIXELS
    with pytest.raises(CannotKeep, match="has 5,001 by 5,000 dots; the most is 25 million together"):
        parse("bomb.png", out.getvalue(), most=MOST)


def test_a_picture_that_moves_is_refused() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(CannotKeep, match="moves"):
        parse("x.gif", out.getvalue(), most=MOST)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd.txt"),
        ("C:\\logs\\a b.log", "a b.log"),
        ("gpj\u202egnp.log\x00\r\n", "gpjgnp.log"),
        ("...", "file.txt"),
        ("x" * 300 + ".log", "x" * 116 + ".log"),
        ("x" * 300, "x" * 116 + ".txt"),
    ],
)
def test_a_name_has_no_folders_nothing_unseen_and_an_honest_ending(given: str, kept: str) -> None:
    assert clean_name(given, "text/plain") == kept
