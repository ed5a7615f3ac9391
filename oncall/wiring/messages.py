"""Tell the outbox whom to ask about each kind of message, and who hears what became of it."""

from __future__ import annotations

from core.callbacks import replies
from core.outbox import bundling, registry, sealing
from oncall.announcements import operations as announcements
from oncall.announcements import queries as announced
from oncall.clocks import operations as clocks
from oncall.coverage import operations as warnings
from oncall.destinations import operations as destinations
from oncall.destinations import queries as rooms
from oncall.escalation import operations, queries
from oncall.feeds import registry as feeds
from oncall.handoffs import operations as handoffs
from oncall.handoffs import queries as talks
from oncall.paging import operations as paging
from oncall.paging import queries as pages
from oncall.readiness import operations as readiness
from oncall.replies import operations as answers
from oncall.swaps import operations as swaps
from oncall.weekly import operations as weekly


def register() -> None:
    bundling.register(
        registry.Client(pages.CLIENT, queries.unwanted, queries.content, operations.hear),
        render=queries.digest,
    )
    registry.register(
        registry.Client(operations.ALARM, queries.alarm_unwanted, pages.stored, operations.hear_alarm)
    )
    registry.register(
        registry.Client(pages.VERIFICATION, pages.code_unwanted, pages.stored, paging.hear_code)
    )
    registry.register(
        registry.Client(pages.HELD, queries.held_unwanted, queries.held_content, operations.hear_held)
    )
    registry.register(
        registry.Client(
            queries.EDIT, queries.edit_unwanted, queries.edit_content, operations.hear_edit, edits=True
        )
    )
    registry.register(
        registry.Client(
            queries.DIGEST_EDIT, lambda _messages: {}, queries.digest, lambda _outcomes: None, edits=True
        )
    )
    registry.add_step("edits", operations.edit_due, order=54, due=operations.EDITS_DUE)
    sealing.keep(sealing.Column("oncall_destination", "address", had_clear=True))
    sealing.keep(sealing.Column("oncall_destination", "secret"))
    registry.register(registry.Client(rooms.TEST, rooms.test_unwanted, pages.stored, destinations.hear_test))
    registry.register(
        registry.Client(operations.ANSWER, lambda _messages: {}, pages.stored, operations.hear_answer)
    )
    registry.register(
        registry.Client(readiness.WARNING, lambda _messages: {}, pages.stored, readiness.hear_warning)
    )
    registry.register(registry.Client(swaps.CLIENT, swaps.unwanted, pages.stored, swaps.hear))
    for client in (handoffs.CHANGED, handoffs.SHIFT):
        registry.register(registry.Client(client, warnings.unwanted, pages.stored, handoffs.hear_edge))
    registry.register(registry.Client(clocks.CLIENT, warnings.unwanted, pages.stored, clocks.hear))
    for client in (announced.TOPIC, announced.GROUP):
        registry.register(registry.Client(client, announced.unwanted, announced.content, announcements.hear))
    registry.register(registry.Client(weekly.CLIENT, warnings.unwanted, pages.stored, weekly.hear))
    feeds.set_talks(talks.talks)
    replies.listen(answers.hear)
