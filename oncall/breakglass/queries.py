"""The snapshot by which people are paged while Postgres is out of reach: made of rows, read from a sealed file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from core.channels import secrets
from core.watch.rules import Grade, Reading, spell
from oncall.alerts import parsers
from oncall.alerts.models import CANARY, Integration
from oncall.alerts.rules import Action, Parsed, Unreadable
from oncall.alerts.spool import asked, files
from oncall.alerts.spool.files import Damaged, Kept
from oncall.breakglass.rules import Call, Person, Send, Turn, Word
from oncall.escalation import queries as escalations
from oncall.escalation.models import Policy
from oncall.escalation.rules.plans import Kind, LevelSpec, Plan
from oncall.escalation.rules.steps import Position
from oncall.escalation.rules.targets import following
from oncall.matching.rules import Condition, Facts
from oncall.paging import queries as paging
from oncall.routing import queries as routing
from oncall.routing.rules import Map, Rule, decide
from oncall.schedules import queries as schedules

AHEAD = timedelta(hours=24)
FRESH_SECONDS = 180.0
UNKNOWN = Facts(urgency="high")


@dataclass(frozen=True, slots=True)
class Source:
    """A source of signals, known by the hash of its key."""

    id: int
    service_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is needed to page without Postgres, and when it was written (seconds since 1970)."""

    written_at: float
    sources: Mapping[str, Source]
    world: Map
    turns: Mapping[int, tuple[Turn, ...]]
    people: Mapping[int, Person]


def path() -> Path:
    """Where the snapshot lies."""
    return Path(settings.SPOOL_DIR) / "oncall.snapshot"


def take(now: datetime) -> Snapshot:
    """Read who would be asked first by each policy in the next 24 hours, and how they are reached."""
    found = Policy.objects.prefetch_related(*escalations.TARGETS)
    plans = {0: escalations.usable(None)} | {
        policy.pk: escalations.usable(escalations.plan_of(policy)) for policy in found
    }
    turns = _turns(plans, now)
    ids = {id_ for own in turns.values() for turn in own for id_ in turn.people}
    sources = Integration.objects.filter(is_active=True).exclude(kind=CANARY)
    return Snapshot(
        time.time(),
        {row.key_hash: Source(row.pk, row.service_id, row.name) for row in sources},
        routing.load(),
        turns,
        {id_: _person(person, now) for id_, person in paging.reachable(ids, is_on_call=True).items()},
    )


def _turns(plans: Mapping[int, Plan], now: datetime) -> dict[int, tuple[Turn, ...]]:
    """Whom each plan asks first from now on, anew at each hand-over of any schedule.

    For what a level would be asked alone is not looked at: it is not known yet, and somebody must come.
    """
    plans = {
        id_: replace(plan, levels=tuple(_for_all(level) for level in plan.levels))
        for id_, plan in plans.items()
    }
    targets = [target for plan in plans.values() for target in escalations.targets_of(plan)]
    reading = escalations.reading(targets, start=now, end=now + AHEAD)
    ids = sorted({target.id for target in targets if target.kind is Kind.SCHEDULE})
    resolved = schedules.resolve(ids, start=now, end=now + AHEAD) if ids else {}
    cuts = {piece.start for one in resolved.values() for piece in one.final(now, now + AHEAD)}
    found: dict[int, tuple[Turn, ...]] = dict.fromkeys(plans, ())
    for at in sorted({now, *(cut for cut in cuts if cut > now)}):
        answers = reading.answers(at)
        for id_, plan in plans.items():
            asks = following(plan, Position(), answers, facts=UNKNOWN, at=at)
            turn = Turn(at, asks[0].level if asks else 0, asks[1] if asks else ())
            if not found[id_] or found[id_][-1].people != turn.people:
                found[id_] += (turn,)
    return found


def _for_all(level: LevelSpec) -> LevelSpec:
    people = tuple(target for target in level.targets if target.kind is not Kind.CHANNEL)
    return replace(level, branch=None, targets=people)


def _person(person: paging.Person, at: datetime) -> Person:
    sends = paging.way_to(person, urgency="high", at=at).sends
    first = min((send.delay_seconds for send in sends), default=0)
    ways = [send.method for send in sends if send.delay_seconds == first]
    return Person(person.name, tuple(Send(way.channel, way.address, way.secret) for way in ways))


def sealed(snapshot: Snapshot) -> bytes:
    """Give the snapshot as it may lie on a disk."""
    return secrets.seal(orjson.dumps(asdict(snapshot), option=orjson.OPT_NON_STR_KEYS).decode()).encode()


def load() -> Snapshot | None:
    """Read the snapshot; None where there is none, or none that can be opened, or what it says is over."""
    try:
        stored: dict[str, Any] = orjson.loads(secrets.unseal(path().read_text()))
    except (OSError, ValueError, secrets.CannotOpen):
        return None
    if not 0 <= time.time() - stored["written_at"] < AHEAD.total_seconds():
        return None
    return Snapshot(
        stored["written_at"],
        {key: Source(**source) for key, source in stored["sources"].items()},
        _world(stored["world"]),
        {int(id_): tuple(_turn(turn) for turn in own) for id_, own in stored["turns"].items()},
        {
            int(id_): Person(one["name"], tuple(Send(**send) for send in one["sends"]))
            for id_, one in stored["people"].items()
        },
    )


def _turn(stored: dict[str, Any]) -> Turn:
    return Turn(datetime.fromisoformat(stored["start"]), stored["level"], tuple(stored["people"]))


def _world(stored: dict[str, Any]) -> Map:
    rules = [
        Rule(**{**rule, "conditions": [Condition(**one) for one in rule["conditions"]]})
        for rule in stored["rules"]
    ]
    by_number = {
        name: {int(key): value for key, value in stored[name].items()}
        for name in ("service_names", "policies", "policy_names")
    }
    return Map(
        rules=rules,
        services=stored["services"],
        default_policy_id=stored["default_policy_id"],
        **by_number,
    )


def words(snapshot: Snapshot, names: Iterable[str]) -> Iterator[Word]:
    """Say what the signals in the spool want, in the order in which they came."""
    for name in names:
        try:
            kept = files.read(name)
        except Damaged:
            continue
        if kept is not None and kept.values.get("state") == "new":
            yield from _of_signal(snapshot, kept)


def _of_signal(snapshot: Snapshot, kept: Kept) -> Iterator[Word]:
    source = snapshot.sources.get(kept.values["key_hash"])
    if source is None or kept.values["kind"] in (CANARY, parsers.CHANGE):
        return
    for parsed in _parsed(kept, source):
        decision = decide(
            routing.subject(
                parsed, integration_id=source.id, service_id=source.service_id, source=source.name
            ),
            snapshot.world,
        )
        policy = decision.policy_id or 0
        subject = f"service-{decision.service_id}" if decision.service_id else f"policy-{policy}"
        yield Word(
            (source.id, parsed.dedup_key),
            parsed.action is Action.TRIGGER and decision.urgency == "high" and not decision.not_paged,
            Call(kept.name, subject, policy, parsed.title),
            is_asked=asked.of(kept.name) is not None,
        )


def _parsed(kept: Kept, source: Source) -> list[Parsed]:
    given = str(kept.values.get("dedup_key") or "")
    try:
        return parsers.parse(kept.values["kind"], kept.body, source=source.name, given_key=given)
    except Unreadable as error:
        return [parsers.not_understood(source.name, kept.body, str(error))]


def look() -> Reading:
    """Whether people could be paged while Postgres is out of reach."""
    if not settings.BREAK_GLASS:
        return Reading(grade=Grade.GOOD, text="Off: while Postgres is away nobody is paged (BREAK_GLASS).")
    snapshot = load()
    if snapshot is None or time.time() - snapshot.written_at > FRESH_SECONDS:
        return Reading(
            grade=Grade.BAD,
            text="Nobody could be paged if Postgres went away: who is on call was not written down lately.",
            advice="See that the pager runs and may write to SPOOL_DIR; its log says what failed.",
        )
    ago = spell(time.time() - snapshot.written_at)
    return Reading(grade=Grade.GOOD, text=f"Who is on call until tomorrow was written down {ago} ago.")
