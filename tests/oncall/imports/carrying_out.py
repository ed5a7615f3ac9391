"""An import carried out, and who is on call then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.accounts.models import User
from oncall.imports import operations
from oncall.imports.models import ImportedFrom
from oncall.models import Layer, Override, Schedule
from oncall.schedules import queries as reading

if TYPE_CHECKING:
    from datetime import datetime

    from oncall.imports.models import ScheduleImport


def imported(text: str, **fields: Any) -> ScheduleImport:
    started = operations.plan(text, actor=None, **fields)
    operations.confirm(started, actor=None)
    started.refresh_from_db()
    return started


def who(moment: datetime, schedule: Schedule | None = None) -> set[str]:
    one = schedule or Schedule.objects.get()
    users = reading.on_call([one.pk], moment)[one.pk].users
    return {user.email.split("@")[0] for user in User.objects.filter(pk__in=users)}


def duty(start: datetime, end: datetime) -> set[tuple[str, datetime, datetime]]:
    """Everybody's stretches on call in [start, end), by the first half of the address."""
    pk = Schedule.objects.get().pk
    names = {user.pk: user.email.split("@")[0] for user in User.objects.all()}
    found: set[tuple[str, datetime, datetime]] = set()
    since: dict[str, datetime] = {}
    slices = reading.resolve([pk], start=start, end=end)[pk].final(start, end)
    for begin, on in (
        *((piece.start, {names[user] for user in piece.users}) for piece in slices),
        (end, set()),
    ):
        found |= {(person, since.pop(person), begin) for person in since.keys() - on}
        since |= dict.fromkeys(on - since.keys(), begin)
    return found


def rows() -> list[Any]:
    """Every row that an import could change."""
    return [
        list(model.objects.order_by("pk").values()) for model in (Schedule, Layer, Override, ImportedFrom)
    ]
