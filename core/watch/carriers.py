"""Who carries texts and calls, and whether what became of them is heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.channels import gateway
from core.channels.sms import providers as sms
from core.channels.voice import providers as voice
from core.outbox import receipts
from core.outbox.receipts import Reported
from core.watch import registry
from core.watch.registry import Check
from core.watch.rules import Grade, Reading, counted, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.channels.gateway import Gateway
    from core.channels.providers import Provider

NOUNS = {"sms": "text", "voice": "call"}
NONE = Reported(heard=0, missing=0)


@dataclass(frozen=True, slots=True)
class Way:
    """How one kind of message goes: by whom, in which order, and the setting without which its gateway is not heard."""

    kind: str
    by: tuple[str, ...]
    lacks: str = ""


def look() -> Reading:
    """Who carries texts and calls, and what was reported on them within 24 hours."""
    return judge(ways(), receipts.reported())


def judge(found: Sequence[Way], reports: Mapping[str, Reported]) -> Reading:
    """Judge the ways by what was reported on each kind of message within 24 hours."""
    said = "; ".join(f"{NOUNS[way.kind]}s go by {', then by '.join(way.by)}" for way in found)
    said = f"{said[:1].upper()}{said[1:]}."
    lacking = [way.lacks for way in found if way.lacks]
    if lacking:
        return Reading(
            grade=Grade.WARN,
            text=f"{said} What a gateway tells is not believed without {listed(lacking)}.",
            advice="Give both sides the same long random secret and start everything again.",
        )
    deaf = [way.kind for way in found if _is_deaf(reports.get(way.kind, NONE))]
    if deaf:
        missing = " and ".join(counted(reports[kind].missing, NOUNS[kind]) for kind in deaf)
        return Reading(
            grade=Grade.WARN,
            text=f"{said} In the last 24 h nothing was heard of {missing}, nor of any other.",
            advice="See that the provider reaches BASE_URL, and that a gateway signs with the secret that stands here.",
        )
    return Reading(grade=Grade.GOOD, text=said)


def _is_deaf(reported: Reported) -> bool:
    return reported.missing > 0 and reported.heard == 0


def ways() -> list[Way]:
    """How texts and calls go, where they are set up."""
    kinds = ((gateway.SMS, sms.configured()), (gateway.VOICE, voice.configured()))
    return [_way(by, able) for by, able in kinds if able]


def _way(by: Gateway, able: Sequence[Provider]) -> Way:
    is_deaf = by.is_configured and by.tells and not by.setting("SECRET")
    lacks = f"{by.kind.upper()}_GATEWAY_SECRET" if is_deaf else ""
    return Way(by.kind, tuple(provider.name for provider in able), lacks)


def register() -> None:
    """Look at it where texts or calls are set up, for people."""
    if ways():
        registry.add(Check(name="carriers", title="Providers", order=10, look=look, alarms=False))
