"""Say what can be stuck on the way from a signal to a person, how a test page goes it, and who will be missing."""

from __future__ import annotations

from core.outbox import registry as outbox
from core.timers import registry as timers
from core.watch import registry
from oncall import detectors
from oncall.breakglass import operations as breakglass
from oncall.breakglass import queries as snapshot
from oncall.canary import operations, queries
from oncall.coverage import operations as warnings
from oncall.coverage import queries as coverage
from oncall.lookahead import operations as lookahead
from oncall.mornings import operations as mornings
from oncall.nights import operations as nights
from oncall.paging import queries as pages


def register() -> None:
    detectors.register()
    registry.add(
        registry.Check(
            name="coverage", title="The next 14 days", order=8, look=coverage.coverage, keep_seconds=60
        )
    )
    registry.add_chore(registry.Chore("the look ahead", 3600, warnings.warn))
    outbox.register(outbox.Client(warnings.CLIENT, warnings.unwanted, pages.stored, warnings.hear))
    registry.add_chore(registry.Chore("the look ahead at schedules", 3600, lookahead.warn))
    outbox.register(outbox.Client(lookahead.CLIENT, warnings.unwanted, pages.stored, warnings.hear))
    registry.set_probe(registry.Probe(operations.send, queries.arrived, operations.forget))
    _page_without_postgres()
    _tell_of_nights()


def _tell_of_nights() -> None:
    """Tell a team in the morning of a night that was too much for one of them."""
    timers.on(nights.REPORT)(mornings.report)
    outbox.register(outbox.Client(mornings.CLIENT, lambda _messages: {}, pages.stored, mornings.hear_report))


def _page_without_postgres() -> None:
    """Write down who is on call, and page from that when Postgres is out of reach (break-glass)."""
    outbox.add_companion("on-call snapshot", breakglass.keep_writing)
    outbox.add_companion("break-glass", lambda over: breakglass.Lookout().run(over))
    registry.add(
        registry.Check(
            name="break_glass", title="Break-glass", order=9, look=snapshot.look, asks_database=lambda: False
        )
    )
