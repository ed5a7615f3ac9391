"""Let schedules know of calendars elsewhere, of swaps and shadows, swaps of who is away or rests; offer time off."""

from __future__ import annotations

from django.utils import timezone

from core.outbox import registry as outbox
from core.timers import registry as timers
from core.watch import registry as watch
from oncall.absences import queries as absences
from oncall.announcements import operations as announcing
from oncall.announcements import queries as announcements
from oncall.calendars import operations as ending_calendars
from oncall.calendars import queries as calendars
from oncall.escalation import queries as escalation
from oncall.feeds import queries as feeds
from oncall.lookahead import registry as ahead
from oncall.nights import queries as nights
from oncall.paging import queries as pages
from oncall.schedules import registry as schedules
from oncall.shadows import operations as shadowing
from oncall.shadows import queries as shadows
from oncall.swaps import operations, queries, registry
from oncall.timeoff import operations as timeoff
from oncall.timeoff import queries as resting


def register() -> None:
    schedules.add_exceptions(queries.exceptions, naming=queries.naming, marked=True)
    schedules.add_absences(absences.known_away)
    schedules.add_layers(calendars.layers)
    schedules.add_exceptions(calendars.exceptions, naming=calendars.naming, marked=True)
    schedules.add_sources(calendars.sources)
    schedules.add_ending(calendars.ending, ending_calendars.end_of)
    schedules.add_wishes(queries.wishes)
    registry.add_absences(
        lambda ids, start, end: (
            (away.user, (away.start, away.end)) for away in absences.away(ids, start=start, end=end)
        )
    )
    registry.add_rests(lambda ids, _start, _end: nights.rests(ids, now=timezone.now()))
    schedules.add_marks(shadows.marks)
    schedules.add_ending(feeds.ending)
    schedules.add_ending(queries.ending)
    schedules.add_ending(shadows.ending)
    schedules.add_ending(announcements.ending)
    schedules.add_notices(announcements.notices)
    schedules.add_offers(escalation.offers)
    watch.add_chore(watch.Chore("who is on call in chats", 300, announcing.refresh_all))
    outbox.register(outbox.Client(shadowing.CLIENT, shadowing.unwanted, pages.stored, shadowing.hear))
    timers.on(operations.EXPIRE)(operations.expire)
    timers.on(operations.REMIND)(operations.remind)
    _time_off()


def _time_off() -> None:
    """Offer time off for what people went through, and tell of it before it is lost."""
    watch.add_chore(watch.Chore("time off for being on call", 3600, timeoff.propose_now))
    schedules.add_wishes(resting.wishes)
    ahead.add_signs(resting.signs)
    timers.on(timeoff.DAY)(timeoff.come)
    timers.on(timeoff.OVER)(timeoff.over)
    outbox.register(outbox.Client(timeoff.CLIENT, timeoff.unwanted, pages.stored, timeoff.hear))
