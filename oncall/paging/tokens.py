"""The address of a page on a phone: signed, for one page, with no row of its own."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from core.outbox.models import Message
    from oncall.paging.models import Page

PAGE, CONTACT, REPLY, DIGEST = "oncall.page", "oncall.contact", "oncall.reply", "oncall.digest"
ROOM = "oncall.room"
MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says: a page or a digest, and the nonce that tells it from another one of that number."""

    id: int
    nonce: str


def make(page: Page) -> str:
    """Give a page's token. Who has it may act on the page as its person."""
    content = f"{page.pk:x}-{page.nonce}"
    return f"{content}-{_mac(content, settings.SECRET_KEY, salt=PAGE)}"


def read(token: str) -> int | None:
    """Give the id of the page that a token is for, None where it was not made here."""
    claim = parse(token)
    return claim.id if claim else None


def parse(token: str) -> Claim | None:
    """Give what a token says, None where it was not made with a key of ours."""
    return _parse(token, salt=PAGE)


def _parse(token: str, *, salt: str) -> Claim | None:
    content, _, mac = token.rpartition("-")
    number, _, nonce = content.partition("-")
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(_mac(content, key, salt=salt).encode(), mac.encode()) for key in keys):
        return None
    return Claim(int(number, 16), nonce)


def url(page: Page) -> str:
    """Give the address to send to the person who is paged."""
    return f"{settings.BASE_URL}/p/{make(page)}/"


def reply_code(page: Page, *, key: str | None = None) -> str:
    """Give the six digits by which a text from the number that was paged names its page."""
    content = f"{page.pk:x}-{page.nonce}".encode()
    mac = hmac.new(_key(REPLY, key or settings.SECRET_KEY), content, sha256).digest()
    return f"{int.from_bytes(mac[:8]) % 1_000_000:06}"


def is_reply_code(given: str, page: Page) -> bool:
    """Say whether these digits name a page, by a secret key of now or earlier."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(reply_code(page, key=key), given) for key in keys)


def answers(page: Page) -> tuple[str, str]:
    """Give what an answer must carry, by text and by button: nothing for a channel, in which nobody is asked."""
    return ("", "") if page.destination_id else (reply_code(page), make(page))


def room(page: Page) -> str:
    """Give what the buttons of a message in a channel carry, "" for a person's page. Everybody there can read it,
    so it only names the page: it opens nothing, and who presses is known by their account.
    """
    if page.destination_id is None:
        return ""
    content = f"{page.pk:x}-{page.nonce}"
    return f"{content}-{_mac(content, settings.SECRET_KEY, salt=ROOM)}"


def parse_room(token: str) -> Claim | None:
    """Give what the token of a channel's message says, None where it was not made with a key of ours."""
    return _parse(token, salt=ROOM)


def digest_nonce(digest: Message) -> str:
    """Give what tells a digest from another message of that number."""
    return sha256(digest.key.encode()).hexdigest()[:16]


def make_digest(digest: Message) -> str:
    """Give a digest's token. Who has it may see what is in it, and take it as its person."""
    content = f"{digest.pk:x}-{digest_nonce(digest)}"
    return f"{content}-{_mac(content, settings.SECRET_KEY, salt=DIGEST)}"


def parse_digest(token: str) -> Claim | None:
    """Give what the token of a digest says, None where it was not made with a key of ours."""
    return _parse(token, salt=DIGEST)


def digest_url(digest: Message) -> str:
    """Give the address to send to the person a digest is for."""
    return f"{settings.BASE_URL}/p/-/{make_digest(digest)}/"


def code(method_id: int, address: str, day: str, *, key: str | None = None) -> str:
    """Give the code that proves that a person reads an address: ten letters and digits, good for that day."""
    content = f"{method_id}|{address}|{day}".encode()
    mac = hmac.new(_key(CONTACT, key or settings.SECRET_KEY), content, sha256).digest()
    return base64.b32encode(mac)[:10].decode().lower()


def codes(method_id: int, address: str, days: list[str]) -> list[str]:
    """Give every code that is good now, those of earlier secret keys among them."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [code(method_id, address, day, key=key) for day in days for key in keys]


def _mac(content: str, key: str, *, salt: str) -> str:
    mac = hmac.new(_key(salt, key), content.encode(), sha256).digest()[:MAC_BYTES]
    return base64.b32encode(mac).decode().rstrip("=").lower()


def _key(salt: str, key: str) -> bytes:
    return sha256(f"{salt}:{key}".encode()).digest()
