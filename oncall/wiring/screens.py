"""Navigation, the watch box, the marks in the tab, and which live topics a person may hear."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as write

from core.live import registry as live
from core.search import registry as finding
from core.ui import shell
from oncall.absences import queries as absences
from oncall.alerts.models import Alert
from oncall.byhand import queries as byhand
from oncall.clocks import queries as clocks
from oncall.escalation import queries as escalation
from oncall.inbox import queries as inbox
from oncall.paging import queries as pages
from oncall.paging.models import Page
from oncall.routing import queries as routing
from oncall.schedules import queries as schedules
from oncall.schedules import registry
from oncall.search import queries as search
from oncall.swaps import queries as swaps

if TYPE_CHECKING:
    from core.accounts.models import User


def register() -> None:
    shell.add_nav(
        shell.NavItem(
            "Respond",
            "Alerts",
            "bell",
            "oncall:alerts",
            20,
            counter=inbox.waiting,
            bad=True,
            key="a",
            tab=True,
        )
    )
    shell.add_nav(shell.NavItem("Respond", "Page somebody", "hand", "oncall:page-somebody", 30, key="p"))
    shell.add_nav(shell.NavItem("Prepare", "On-call", "calendar", "oncall:schedules", 10, key="o", tab=True))
    shell.add_nav(shell.NavItem("Prepare", "Escalation", "ladder", "oncall:policies", 20, key="e"))
    shell.add_nav(
        shell.NavItem("Prepare", "Sources", "hook", "oncall:integrations", 25, also=("oncall:routes",))
    )
    _let_find()
    shell.set_duty(_duty)
    registry.add_marks(escalation.marks)
    registry.add_marks(schedules.holiday_marks)
    registry.add_marks(absences.marks)
    registry.add_notices(clocks.notices)
    registry.add_reaching(routing.reaching, answering=routing.policies_for)
    registry.add_ranking(swaps.fits)
    shell.set_mood(shell.Mood.PAGING, pages.waiting_for)
    _let_hear()
    shell.add_menu(shell.MenuItem("How I am reached", "bell", "oncall:notifications", 20))
    shell.add_menu(shell.MenuItem("Why was I paged?", "scroll", "oncall:pages", 25))
    shell.add_menu(shell.MenuItem("When I am away", "moon", "oncall:absences", 26))
    shell.add_menu(shell.MenuItem("Calendars", "calendar", "oncall:calendar-addresses", 27))
    shell.add_menu(shell.MenuItem("My load", "clock", "oncall:my-load", 28))


def _let_hear() -> None:
    for topic in ("oncall", "alerts", "routes"):
        live.allow(topic, live.anybody)
    live.allow("alert", _may_hear_alert)
    live.allow("schedule", lambda _user, pk: pk.isdigit())
    live.allow("policy", lambda _user, pk: pk.isdigit())
    live.allow("page", _may_hear_page)
    live.allow("byhand", _may_hear_by_hand)
    live.allow("home", lambda user, pk: pk == str(user.pk))


def _let_find() -> None:
    finding.add(finding.Source("page", "Do", "bell", 0, search.pages, does=True))
    finding.add(finding.Source("alert", "Alerts", "bell", 20, search.alerts, search.OPERATORS))
    finding.add(finding.Source("duty", "On-call", "calendar", 35, search.duties))


def _duty(user: User) -> shell.Duty | None:
    shift, now = schedules.next_shift(user), timezone.now()
    if shift is None:
        return None
    address = reverse("oncall:my-shifts")
    if shift.start <= now:
        until = write(timezone.localtime(shift.end), "D H:i")
        return shell.Duty("You are on call", f"{shift.name}, until {until}", address)
    near = shift.start < now + timedelta(days=6)
    start = write(timezone.localtime(shift.start), "D H:i" if near else "D j M, H:i")
    return shell.Duty("Your next shift", f"{shift.name}, {start}", address, on_call=False)


def _may_hear_alert(user: User, pk: str) -> bool:
    return pk.isdigit() and Alert.objects.visible_to(user).filter(pk=int(pk)).exists()


def _may_hear_page(user: User, pk: str) -> bool:
    return pk.isdigit() and Page.objects.visible_to(user).filter(pk=int(pk)).exists()


def _may_hear_by_hand(user: User, pk: str) -> bool:
    return pk.isdigit() and byhand.visible_to(user).filter(pk=int(pk)).exists()
