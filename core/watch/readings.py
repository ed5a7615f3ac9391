"""What each measurement of the pager means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.watch.rules import Grade, Reading, counted, listed, spell

SKEW_SECONDS = 5.0
BEAT_SECONDS = 15
"""Whoever works leaves a sign of life each second, in a storm too."""
SLOW_SECONDS = 1.0
VERY_SLOW_SECONDS = 10.0
PAGE_WAITS_SECONDS = 10.0
OTHER_WAITS_SECONDS = 300.0
FREE_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Beats:
    """How many workers of a kind are alive, and seconds since the last one was, None when none ever was."""

    alive: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The oldest message due on a channel, of pages or of the others."""

    channel: str
    is_page: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Lag:
    """Within how many seconds 99 % of so many messages were begun."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Tries of a day that nobody knows the end of, and messages that may have arrived twice for that."""

    unknown: int
    twice: int


def database(fsync: str, synchronous_commit: str, *, skew: float) -> Reading:
    """Judge Postgres by its settings, and by how far its clock is from this machine's, in seconds."""
    off = [
        name
        for name, value in (("fsync", fsync), ("synchronous_commit", synchronous_commit))
        if value == "off"
    ]
    if off:
        return Reading(
            grade=Grade.BAD,
            text=f"Postgres runs with {listed(off)} off: a power cut can lose an accepted alert.",
            advice=f"Set {listed([f'{name} = on' for name in off])} in postgresql.conf and reload.",
        )
    if abs(skew) > SKEW_SECONDS:
        return Reading(
            grade=Grade.BAD,
            text=f"The clocks of Postgres and of the web server are {abs(skew):.0f} s apart.",
            advice="Set both by NTP: Postgres decides when anybody is paged.",
        )
    return Reading(grade=Grade.GOOD, text="Postgres answers, writes safely, and its clock is right.")


def jump(seconds: float) -> Reading:
    """Judge how far the clock of Postgres has gone astray between two looks, in seconds."""
    if abs(seconds) <= SKEW_SECONDS:
        return Reading(grade=Grade.GOOD, text="The clock of Postgres goes evenly.")
    way = "forward" if seconds > 0 else "back"
    return Reading(
        grade=Grade.BAD,
        text=f"The clock of Postgres jumped {way} by {spell(abs(seconds))}.",
        advice="See that it is set by NTP: what was due meanwhile is asked at once, or later than it should.",
    )


def disk(free_share: float) -> Reading:
    """Judge the room on the disk of the data folder, as a share of it."""
    said = f"{free_share * 100:.0f} % of the disk of the data folder is free."
    if free_share < FREE_SHARE:
        return Reading(
            grade=Grade.BAD, text=f"Only {said}", advice="Make room before Postgres stops for want of it."
        )
    return Reading(grade=Grade.GOOD, text=said)


def workers(pagerd: Beats, celery: Beats, *, spare_wanted: bool) -> Reading:
    """Judge the workers; in production one `pagerd` alone is not enough."""
    if not pagerd.alive:
        said = "has never run" if pagerd.seconds is None else f"was last seen {spell(pagerd.seconds)} ago"
        return Reading(
            grade=Grade.BAD, text=f"The pager {said}.", advice="Start manage.py pagerd, and read its log."
        )
    if not celery.alive:
        return Reading(
            grade=Grade.WARN,
            text="No Celery worker is at work. Pages still go out, up to a second later.",
            advice="See that the Celery worker, beat and Redis run; their logs say what is wrong.",
        )
    if spare_wanted and pagerd.alive < 2:
        return Reading(
            grade=Grade.WARN,
            text="Only one pager runs: nobody takes over at once when it dies.",
            advice="Run manage.py pagerd twice, best on two machines.",
        )
    return Reading(
        grade=Grade.GOOD,
        text=f"At work: {counted(pagerd.alive, 'pager')} and {counted(celery.alive, 'Celery worker')}.",
    )


def waiting(oldest: Sequence[Waiting]) -> Reading:
    """Judge how long the oldest messages that are due have waited."""
    if not oldest:
        return Reading(grade=Grade.GOOD, text="Nothing waits.")
    said = "; ".join(
        f"{'a page' if each.is_page else 'a message'} by {each.channel.lower()} for {spell(each.seconds)}"
        for each in sorted(oldest, key=lambda each: -each.seconds)
    )
    late = any(
        each.seconds > (PAGE_WAITS_SECONDS if each.is_page else OTHER_WAITS_SECONDS) for each in oldest
    )
    if late:
        return Reading(
            grade=Grade.WARN,
            text=f"Waiting: {said}.",
            advice="See whether that channel answers; its latest error is on the page it belongs to.",
        )
    return Reading(grade=Grade.GOOD, text=f"Waiting: {said}.")


def lag(measured: Lag) -> Reading:
    """Judge how long after their time messages are begun."""
    if not measured.messages:
        return Reading(grade=Grade.GOOD, text="No message was sent in the last hour.")
    last = (
        "The last message was"
        if measured.messages == 1
        else f"99 % of the last {measured.messages:,} messages were"
    )
    said = f"{last} begun within {measured.seconds:.2f} s of {'its' if measured.messages == 1 else 'their'} time."
    if measured.seconds <= SLOW_SECONDS:
        return Reading(grade=Grade.GOOD, text=said)
    return Reading(
        grade=Grade.BAD if measured.seconds > VERY_SLOW_SECONDS else Grade.WARN,
        text=said,
        advice="See that Redis answers and that the machines have processor time to spare.",
    )


def duplicates(measured: Duplicates) -> Reading:
    """Judge how often a day's messages ended without anybody knowing."""
    if not measured.unknown:
        return Reading(grade=Grade.GOOD, text="Every try of the last 24 h has a known outcome.")
    tries = "one try" if measured.unknown == 1 else f"{measured.unknown:,} tries"
    return Reading(
        grade=Grade.WARN,
        text=f"After {tries} of the last 24 h nobody knew whether the message had arrived."
        f" Arrived twice, perhaps: {measured.twice:,}.",
        advice="That happens when a worker is killed or a server hangs in the middle. If it goes on, read their logs.",
    )


LATE_SECONDS = 30
"""A canary that takes longer is missed: it raises the alarm and sends no heartbeat."""
MISSED_SECONDS = 150.0
"""Two canaries in a row were missed, or nobody sent them."""
WELL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Flight:
    """Seconds since the last canary set out, since the oldest that is under way did, and since the last arrived.

    `took` is how many seconds that last one was under way. None stands for never, or for none.
    """

    started: float | None
    open_since: float | None
    arrived: float | None
    took: float | None


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat to one host: seconds since it last got through, None for never, and what went wrong last."""

    host: str
    seconds: float | None
    error: str


def canary(flight: Flight, *, is_on: bool) -> Reading:
    """Judge the test page that is sent every minute through everything that a real page goes through."""
    if not is_on:
        return Reading(
            grade=Grade.WARN,
            text="No canary page is sent: SELF_WATCH is off.",
            advice="Take SELF_WATCH=false out of the environment.",
        )
    if flight.started is None:
        return Reading(
            grade=Grade.WARN,
            text="No canary page has been sent yet.",
            advice="It is sent within a minute of the start of the pager.",
        )
    if trouble := _trouble(flight):
        return Reading(
            grade=Grade.BAD,
            text=trouble,
            advice="See that the web process answers at WEB_URL and that the pager runs; its log says what failed.",
        )
    if flight.arrived is None or flight.took is None:
        return Reading(grade=Grade.GOOD, text="The first canary page is under way.")
    return Reading(
        grade=Grade.GOOD,
        text=f"A test page went the whole way {spell(flight.arrived)} ago, in {flight.took:.2f} s.",
    )


def _trouble(flight: Flight) -> str:
    if flight.started is not None and flight.started > MISSED_SECONDS:
        return f"No canary page has set out for {spell(flight.started)}."
    if flight.open_since is not None and flight.open_since > LATE_SECONDS:
        return f"The canary page of {spell(flight.open_since)} ago has not arrived."
    if flight.took is not None and flight.took > LATE_SECONDS:
        return f"The last canary page took {spell(flight.took)}."
    return ""


def heartbeats(beats: Sequence[Beat], *, wanted: int, in_production: bool = True) -> Reading:
    """Judge the heartbeats to the outside; `wanted` addresses are configured, which production should have."""
    if not wanted:
        return _no_heartbeat(in_production=in_production)
    if not beats:
        return Reading(
            grade=Grade.WARN,
            text="No heartbeat has gone out yet.",
            advice="It goes out after the first canary page that arrives.",
        )
    got_through = [beat for beat in beats if beat.seconds is not None and beat.seconds < MISSED_SECONDS]
    failing = [beat for beat in beats if beat.error]
    said = "; ".join(f"{beat.host}: {beat.error}" for beat in failing)
    if not got_through:
        return Reading(
            grade=Grade.BAD,
            text=f"No heartbeat got through lately. {said}".strip(),
            advice="If the canary is well, see that the pager may reach the addresses in HEARTBEAT_URLS.",
        )
    if failing:
        return Reading(
            grade=Grade.WARN,
            text=f"A heartbeat fails: {said}",
            advice="See that the pager may reach that address, and that it is right.",
        )
    newest = min(beat.seconds for beat in got_through if beat.seconds is not None)
    return Reading(grade=Grade.GOOD, text=f"The last heartbeat went out {spell(newest)} ago.")


def _no_heartbeat(*, in_production: bool) -> Reading:
    if not in_production:
        return Reading(grade=Grade.GOOD, text="None is sent: HEARTBEAT_URLS is for production.")
    return Reading(
        grade=Grade.WARN,
        text="Nobody outside would notice that this whole install is dead.",
        advice="Set HEARTBEAT_URLS to one or two services that alarm when they hear nothing.",
    )
