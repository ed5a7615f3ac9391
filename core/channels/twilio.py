"""Twilio's REST API as documented: one resource made per message or call, and call-backs that it signs.

Its own client library brings another HTTP client; this goes through the guarded one.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings

from core.channels import answers, calls, numbers
from core.channels.registry import Permanent, ProviderRefused, Temporary

if TYPE_CHECKING:
    from core.net import http

NUMBER_IS_WRONG = {13223, 13224, 21211, 21214, 21217, 21604, 21614}
"""Codes that say that nobody can be reached at that number; any other refusal is about our account."""


def is_configured() -> bool:
    """Whether there is an account to send with."""
    return bool(settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN)


def create(resource: str, fields: Mapping[str, str], *, timeout: float) -> str:
    """Make a resource, as "Messages" or "Calls"; give its SID.

    Raise Permanent for a number that is none, ProviderRefused for any other refusal, Temporary, or Unknown when
    no answer came.
    """
    login = f"{settings.TWILIO_ACCOUNT_SID}:{settings.TWILIO_AUTH_TOKEN}".encode()
    url = f"{settings.TWILIO_URL}/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT_SID}/{resource}.json"
    headers = {
        "Authorization": f"Basic {base64.b64encode(login).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = calls.call(
        url,
        headers=headers,
        body=urlencode(fields).encode(),
        timeout=timeout,
        repeats=False,
        who="Twilio",
        refused=ProviderRefused,
    )
    said = calls.read(answer)
    if answer.status >= 500 or answer.status in answers.LATER:
        raise Temporary(_words(answer, said), retry_after=answers.retry_after(answer))
    if not 200 <= answer.status < 300:
        raise (Permanent if said.get("code") in NUMBER_IS_WRONG else ProviderRefused)(_words(answer, said))
    return str(said.get("sid") or "")


def _words(answer: http.Response, said: Mapping[str, object]) -> str:
    told = numbers.without(str(said.get("message") or ""))
    code = f" (code {said['code']})" if said.get("code") else ""
    return f"Twilio: HTTP {answer.status} {told}"[: answers.LONGEST].strip() + code


def is_signed(path: str, fields: Mapping[str, Sequence[str]], signature: str) -> bool:
    """Whether Twilio signed a form that came to this path (with its query) with our token.

    It signs the address that it was given, so BASE_URL counts and not the Host header.
    """
    if not settings.TWILIO_AUTH_TOKEN:
        return False
    text = settings.BASE_URL + path
    text += "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    mac = hmac.new(settings.TWILIO_AUTH_TOKEN.encode(), text.encode(), sha1).digest()
    return hmac.compare_digest(base64.b64encode(mac), signature.encode())
