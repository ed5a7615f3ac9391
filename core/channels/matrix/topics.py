"""Matrix: our part of a room's topic."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from core.channels import registry, topics
from core.channels.matrix import transport
from core.channels.registry import Sent

if TYPE_CHECKING:
    from core.channels.registry import Delivery

TOPIC = "matrix_topic"
LONGEST = 2000


def send(delivery: Delivery) -> Sent:
    """Write our part where it is not right already; an account that was only invited joins first."""
    ours = topics.parts(delivery, str)
    until = time.monotonic() + delivery.timeout
    room = quote(delivery.address, safe="")
    path = f"rooms/{room}/state/m.room.topic"
    try:
        now = _topic(path, until)
    except transport.NotInRoom:
        transport.call("POST", f"join/{room}", {}, until=until)
        now = _topic(path, until)
    wanted = topics.replaced(now, ours, longest=LONGEST)
    if wanted != now:
        transport.call("PUT", path, {"topic": wanted}, until=until)
    return Sent()


def _topic(path: str, until: float) -> str:
    try:
        return str(transport.call("GET", path, None, until=until).get("topic") or "")
    except transport.NothingThere:
        return ""


registry.register(
    registry.Channel(
        kind=TOPIC,
        name="Matrix topic",
        check_address=transport.check_address,
        hint=transport.hint,
        send=send,
        is_ready=transport.is_ready,
        is_offered=False,
    )
)
