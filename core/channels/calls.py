"""Web addresses that people give, and the calls to them, said in the words of channels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from core.channels import answers
from core.channels.registry import Permanent, Temporary, Unknown
from core.net import http, targets


def check_address(address: str) -> str:
    """The address in its normal form. Raise ValueError when it may not be called."""
    try:
        target = targets.parse(address)
        targets.check_literal(target, targets.networks(settings.PRIVATE_TARGETS))
    except targets.Blocked as error:
        raise ValueError(str(error)) from error
    return target.url


def hint(address: str) -> str:
    """The address for others to see: its host alone, for the path may be a secret."""
    try:
        target = targets.parse(address)
    except targets.Blocked:
        return "•••"
    return f"{target.scheme}://{target.authority}/•••"


def call(
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    timeout: float,
    repeats: bool,
    method: str = "POST",
    who: str = "",
    refused: type[Permanent] = Permanent,
) -> http.Response:
    """Call an address and give the answer, whatever its status.

    `repeats` says that the same call twice does no harm, as the other side knows it by its key: then a call without
    an answer is Temporary, else Unknown. An address that may not be called raises `refused`. `who` goes before the
    words of what was raised.
    """
    before = f"{who}: " if who else ""
    try:
        return http.request(method, url, headers=headers, body=body, timeout=timeout)
    except http.Blocked as error:
        raise refused(f"{who} cannot be called: {error}" if who else str(error)) from error
    except http.NoAnswer as error:
        raise (Temporary if repeats else Unknown)(f"{before}{error}") from error
    except http.Failed as error:
        raise Temporary(f"{before}{error}") from error


def send_json(
    url: str,
    said: Mapping[str, object],
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float,
    repeats: bool,
    method: str = "POST",
    who: str = "",
) -> dict[str, Any]:
    """Send JSON as `call` does; give the object in a good answer, empty where there is none. Raise for any other."""
    answer = call(
        url,
        headers={"Content-Type": "application/json", **(headers or {})},
        body=json.dumps(said, separators=(",", ":")).encode(),
        timeout=timeout,
        repeats=repeats,
        method=method,
        who=who,
    )
    answers.judge(answer)
    return read(answer)


def read(answer: http.Response) -> dict[str, Any]:
    """The JSON object of an answer, empty where it is none."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
