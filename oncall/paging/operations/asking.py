"""Page people: a row for each who is asked and why, and messages by their own rules."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from core import clock, live
from core.accounts.models import User
from core.events import bus
from core.outbox import operations as outbox
from oncall import events
from oncall.alerts.models import Urgency
from oncall.destinations import queries as destinations
from oncall.paging import queries, rules, tokens
from oncall.paging.models import Page, PageStatus
from oncall.paging.operations.messages import content_of, held_messages, message
from oncall.paging.rules import About, Front, Notice, Over
from oncall.quiet import queries as quiet

if TYPE_CHECKING:
    from oncall.destinations.models import Destination
    from oncall.paging.queries import Person, Way
    from oncall.quiet.rules import Quiet

ASIDE = 1000
"""The position of what is said of a level that is not asked: whoever it asks later come from 0 on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A person to page and why it is them.

    `over_limit` is what became of it because it is over their limit of a night, `not_before` when it goes out then.
    Who `learns` is asked beside those on call; `fronts` are trainees for whom a page waits.
    """

    user_id: int
    why: str
    over_limit: Over | None = None
    not_before: datetime | None = None
    learns: bool = False
    fronts: tuple[Front, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One level of one escalation that is due: whom it asks, and for which targets nobody was found (`nobody`).

    `skipped` are levels (pass, level, why) whose time was over before anybody could be asked; `after_you` are
    those who are asked next (id and name), channels below zero; `channels` are told and wake nobody (their ids);
    `thread` joins the messages about one thing. What a person wrote by hand never goes in a digest. `passed_over` are
    people whom it does not wake because they had as many pages as a night may bring.
    """

    escalation_id: int
    epoch: int
    round: int
    level: int
    urgency: str
    due: datetime
    people: tuple[Asked, ...]
    nobody: tuple[str, ...] = ()
    skipped: tuple[tuple[int, int, str], ...] = ()
    alert_id: int | None = None
    incident_id: int | None = None
    after_you: tuple[tuple[int, str], ...] = ()
    thread: str = ""
    by_hand: bool = False
    channels: tuple[Asked, ...] = ()
    passed_over: tuple[Asked, ...] = ()
    notice: Notice


@dataclass(frozen=True, slots=True)
class Aside:
    """A run that asks nobody now: what the ledger says of its levels (pass, level, why)."""

    escalation_id: int
    epoch: int
    urgency: str
    due: datetime
    lines: tuple[tuple[int, int, str], ...]


def note_aside(runs: Sequence[Aside]) -> None:
    """Write into the ledger why levels are passed over or wait, where nobody is asked with it."""
    pages = [_said_aside(run, *line) for run in runs for line in run.lines]
    if pages:
        Page.objects.bulk_create(pages)


def _said_aside(run: Aside, round_: int, level: int, why: str) -> Page:
    ask = Ask(
        escalation_id=run.escalation_id,
        epoch=run.epoch,
        round=round_,
        level=level,
        urgency=run.urgency,
        due=run.due,
        people=(),
        notice=Notice(about=About.MESSAGE, title=""),
    )
    return _skipped(ask, round_, level, why).page


@dataclass(frozen=True, slots=True)
class Paged:
    """What asking one level came to: the people who are being reached, and the pages of those who cannot be.

    `waits_until` is when the first of them hears of it, where quiet hours keep it from all of them.
    """

    escalation_id: int
    reached: tuple[int, ...]
    failed: tuple[int, ...]
    waits_until: datetime | None = None


def page_level(asks: Sequence[Ask], *, known: Mapping[int, Person] | None = None) -> list[Paged]:
    """Write the pages of levels that are due and put their messages into the outbox, all in a few statements.

    `known` is how people are reached, where the caller has read that already: of all those asked.
    A person who cannot be reached and a target without anybody are written as failed, with an event each.
    """
    asked_of = {asked.user_id for ask in asks for asked in ask.people}
    people = known if known is not None else queries.reachable(asked_of)
    low = {asked.user_id for ask in asks if ask.urgency == Urgency.LOW for asked in ask.people}
    left_alone = quiet.of(low) if low else {}
    rooms = destinations.known(told.user_id for ask in asks for told in ask.channels)
    drafts = [
        draft
        for ask in asks
        for draft in (*_drafts(ask, people, left_alone), *_rooms(ask, rooms), *_passed_over(ask))
    ]
    Page.objects.bulk_create([draft.page for draft in drafts])
    outbox.put([each for draft in drafts for each in _messages(draft)])
    _send_overtaken([draft for draft in drafts if draft.sends and draft.page.held_until is not None])
    failed = [draft for draft in drafts if draft.page.status == PageStatus.FAILED]
    if failed:
        bus.emit_all([_failure(draft.page, draft.ask) for draft in failed])
    live.changed(*{f"home-{draft.page.user_id}" for draft in drafts if draft.page.user_id})
    return [_paged(ask, [draft.page for draft in drafts if draft.ask is ask]) for ask in asks]


@dataclass(frozen=True, slots=True)
class _Draft:
    page: Page
    ask: Ask
    sends: Sequence[rules.Send] = ()
    zone: str = "UTC"
    wait: timedelta = timedelta()


def _drafts(ask: Ask, people: Mapping[int, Person], left_alone: Mapping[int, Quiet]) -> list[_Draft]:
    drafts = [_skipped(ask, *skipped) for skipped in ask.skipped]
    ways = {asked.user_id: _way(ask, asked, people, left_alone) for asked in ask.people}
    own = [
        _draft(ask, n, asked, people.get(asked.user_id), ways[asked.user_id])
        for n, asked in enumerate(ask.people)
    ]
    if any(asked.fronts for asked in ask.people):
        own = _told_of_others(
            [
                _put_behind(draft, asked, ways, people) if asked.fronts else draft
                for draft, asked in zip(own, ask.people, strict=True)
            ],
            people,
        )
    return drafts + own + [_nobody(ask, len(ask.people) + n, why) for n, why in enumerate(ask.nobody)]


def _way(ask: Ask, asked: Asked, people: Mapping[int, Person], left_alone: Mapping[int, Quiet]) -> Way:
    person, theirs = people.get(asked.user_id), left_alone.get(asked.user_id)
    way = queries.way_to(person, urgency=ask.urgency, at=asked.not_before or _at(ask), quiet=theirs)
    return replace(way, waits_until=way.waits_until or asked.not_before) if way.sends else way


def _put_behind(draft: _Draft, asked: Asked, ways: Mapping[int, Way], people: Mapping[int, Person]) -> _Draft:
    """Let a page wait for somebody in front who hears of it now, the one for whom it waits least; else it goes at once."""
    if not draft.sends or draft.page.held_until is not None:
        return draft
    good = [front for front in asked.fronts if front.user_id in ways and ways[front.user_id].is_good_in_front]
    front = min(good, key=lambda each: each.wait, default=None)
    if front is None:
        draft.page.why = f"{draft.page.why} At once: who is in front, to learn, cannot be reached now."[:500]
        return draft
    said = (
        f"{people[front.user_id].name} is in front, to learn: this comes {rules.minutes(front.wait)} later,"
        " unless somebody has acknowledged."
    )
    draft.page.in_front_id, draft.page.waits_until = front.user_id, _at(draft.ask) + front.wait
    draft.page.why = f"{draft.page.why} {said}"[:500]
    return replace(draft, wait=front.wait)


def _told_of_others(drafts: Sequence[_Draft], people: Mapping[int, Person]) -> list[_Draft]:
    """Tell those in front who is paged after them, and when."""
    behind = [draft for draft in drafts if draft.page.in_front_id]
    for draft in drafts:
        mine = [each for each in behind if each.page.in_front_id == draft.page.user_id]
        for each in mine:
            name = people[each.page.user_id or 0].name
            said = f"{name} is paged {rules.minutes(each.wait)} later, unless somebody has acknowledged."
            draft.page.why = f"{draft.page.why} {said}"[:500]
    return list(drafts)


def _rooms(ask: Ask, rooms: Mapping[int, Destination]) -> list[_Draft]:
    """The drafts of the channels that a level tells; what is private only to those that an admin opened to it."""
    first = len(ask.people) + len(ask.nobody)
    return [_room(ask, first + n, told, rooms.get(told.user_id)) for n, told in enumerate(ask.channels)]


def _passed_over(ask: Ask) -> list[_Draft]:
    """What the ledger says of those whom a level does not wake this night."""
    first = len(ask.people) + len(ask.nobody) + len(ask.channels)
    drafts = [
        _Draft(_page(ask, first + n, asked.user_id, asked.why), ask)
        for n, asked in enumerate(ask.passed_over)
    ]
    for draft in drafts:
        draft.page.status, draft.page.over_limit = PageStatus.SUPPRESSED, Over.PASSED_OVER
    return drafts


def _room(ask: Ask, position: int, told: Asked, room: Destination | None) -> _Draft:
    page = _page(ask, position, None, told.why)
    if room is None or (ask.notice.private and not room.hears_private):
        page.why = f"{told.why} {f'{rules.PRIVATE.capitalize()}.' if room else 'It was removed.'}"[:500]
        page.status, page.destination = PageStatus.SUPPRESSED, room
        return _Draft(page, ask)
    page.status, page.ended_at, page.destination = PageStatus.PENDING, None, room
    method = rules.Method(None, room.channel, room.address, room.secret)
    return _Draft(page, ask, [rules.Send(method)])


def _draft(ask: Ask, position: int, asked: Asked, person: Person | None, way: Way) -> _Draft:
    why = f"{asked.why} {way.note}".strip()
    page = _page(ask, position, (asked.user_id or None) if person else None, why)
    if way.sends:
        page.status, page.ended_at = PageStatus.PENDING, None
        page.held_until, page.over_limit = way.waits_until, asked.over_limit or ""
    return _Draft(page, ask, way.sends, person.zone if person else "UTC")


def _at(ask: Ask) -> datetime:
    return ask.notice.asked_at or clock.now()


def _nobody(ask: Ask, position: int, why: str) -> _Draft:
    return _Draft(_page(ask, position, None, why), ask)


def _skipped(ask: Ask, round_: int, level: int, why: str) -> _Draft:
    page = _page(replace(ask, round=round_, level=level), ASIDE, None, why)
    page.status = PageStatus.SUPPRESSED
    return _Draft(page, ask)


def _page(ask: Ask, position: int, user_id: int | None, why: str) -> Page:
    """A page that reaches nobody, until messages are found for it."""
    return Page(
        escalation_id=ask.escalation_id,
        user_id=user_id,
        epoch=ask.epoch,
        round=ask.round,
        level=ask.level,
        position=position,
        urgency=ask.urgency,
        why=why[:500],
        message=ask.notice.message,
        nonce=secrets.token_hex(8),
        status=PageStatus.FAILED,
        planned_at=ask.due,
        ended_at=Now(),
    )


def note_asked(
    escalation_id: int, people: Sequence[int], *, level: int, urgency: str, at: datetime, why: str
) -> None:
    """Write the pages of people who were asked before there was a row to write; nothing is sent."""
    known = set(User.objects.filter(pk__in=people).values_list("pk", flat=True))
    Page.objects.bulk_create(
        Page(
            escalation_id=escalation_id,
            user_id=user_id,
            epoch=1,
            level=level,
            position=position,
            urgency=urgency,
            why=why[:500],
            nonce=secrets.token_hex(8),
            status=PageStatus.SENT,
            planned_at=at,
            sent_at=at,
        )
        for position, user_id in enumerate(id_ for id_ in people if id_ in known)
    )


def _messages(draft: _Draft) -> list[outbox.NewMessage]:
    if not draft.sends:
        return []
    if draft.page.held_until is not None:
        return held_messages(draft.page, draft.sends, at=_at(draft.ask))
    content = content_of(_addressed(draft), draft.page, thread=draft.ask.thread)
    return [
        message(
            draft.page,
            send,
            content,
            key=f"page-{draft.page.pk}-{n}",
            may_bundle=not draft.ask.by_hand and not _is_for_programs(draft.page.destination),
            late=draft.ask.notice.late,
            wait=draft.wait,
        )
        for n, send in enumerate(draft.sends)
    ]


def _send_overtaken(held: Sequence[_Draft]) -> None:
    """Send by itself what was to wait for a message that is on its way by now, and may say nothing of it.

    One that is not on its way stays so until this transaction has ended, and then says all.
    """
    if not held:
        return
    keys = {id(draft): {message.key for message in _messages(draft)} for draft in held}
    to_come = outbox.keep_pending(set().union(*keys.values()))
    overtaken = [draft for draft in held if not keys[id(draft)] <= to_come]
    for draft in overtaken:
        draft.page.held_until = None
    Page.objects.bulk_update([draft.page for draft in overtaken], ["held_until"])
    outbox.put([each for draft in overtaken for each in _messages(draft)])


def _is_for_programs(room: Destination | None) -> bool:
    return room is not None and queries.is_for_programs(room.channel)


def _addressed(draft: _Draft) -> Notice:
    """The level's notice as this person reads it."""
    others = tuple(name for id_, name in draft.ask.after_you if id_ != draft.page.user_id)
    return replace(
        draft.ask.notice,
        url=queries.place(draft.ask.alert_id, draft.ask.notice.reference)
        if draft.page.destination_id
        else tokens.url(draft.page),
        why=draft.page.why,
        zone=draft.zone,
        after_you=others,
        again=bool(draft.ask.after_you) and not others,
        private=draft.ask.notice.private and draft.page.destination_id is None,
    )


def _paged(ask: Ask, pages: Sequence[Page]) -> Paged:
    reached = [page for page in pages if page.status == PageStatus.PENDING]
    if (
        ask.people or ask.passed_over
    ):  # what a channel is told does not stand for a person who should have been asked
        reached = [page for page in reached if page.destination_id is None]
    held = [page.held_until for page in reached if page.held_until is not None]
    return Paged(
        ask.escalation_id,
        tuple(page.user_id or -(page.destination_id or 0) for page in reached),
        tuple(page.pk for page in pages if page.status == PageStatus.FAILED),
        min(held) if held and len(held) == len(reached) else None,
    )


def _failure(page: Page, ask: Ask) -> events.PageFailed:
    return events.PageFailed(page.pk, page.user_id, ask.alert_id, ask.incident_id, page.status, page.why)
