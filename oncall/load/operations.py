"""Say what is paid for being on call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from core.accounts import policy
from core.accounts.models import Team, User
from core.accounts.policy import Verb
from core.events import bus
from oncall.events import PayRatesChanged
from oncall.load.models import PayRates

if TYPE_CHECKING:
    from datetime import date


@transaction.atomic
def set_rates(*, team: Team | None, since: date, actor: User, **given: Any) -> PayRates:
    """Say what is paid from a date on, in the schedules of a team or of every team without rates of its own.

    What was said for that very date before is replaced; earlier dates keep what they were paid by.
    """
    policy.require(actor, Verb.CONFIGURE if team else Verb.ADMIN, team)
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    found, _ = PayRates.objects.update_or_create(
        team=team, since=since, defaults={**given, "created_by": actor}
    )
    bus.emit(PayRatesChanged(found.pk, team.pk if team else None, since.isoformat()), actor=actor)
    return found
