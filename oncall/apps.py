from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.db.models import Q

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User
    from core.ui.shell import Duty
    from oncall.models import Escalation


class OncallConfig(AppConfig):
    name = "oncall"

    def ready(self) -> None:
        """Fill the registries: navigation, the watch box, who may hear what."""
        from core.live import registry as live  # noqa: PLC0415 - registries are filled when models are known
        from core.ui import shell  # noqa: PLC0415

        shell.add_nav(
            shell.NavItem(
                "Respond",
                "Alerts",
                "bell",
                "oncall:alerts",
                20,
                counter=_waiting,
                bad=True,
                key="a",
                tab=True,
            )
        )
        shell.add_nav(shell.NavItem("Respond", "Page somebody", "hand", "oncall:page-somebody", 30, key="p"))
        shell.add_nav(
            shell.NavItem("Prepare", "On-call", "calendar", "oncall:schedules", 10, key="o", tab=True)
        )
        shell.add_nav(shell.NavItem("Prepare", "Escalation", "ladder", "oncall:policies", 20, key="e"))
        shell.add_nav(
            shell.NavItem("Prepare", "Sources", "hook", "oncall:integrations", 25, also=("oncall:routes",))
        )
        shell.set_duty(_duty)
        shell.set_mood(shell.Mood.PAGING, _is_paged)
        for topic in ("oncall", "alerts", "routes"):
            live.allow(topic, live.anybody)
        live.allow("alert", _may_hear_alert)
        live.allow("schedule", lambda _user, pk: pk.isdigit())
        live.allow("policy", lambda _user, pk: pk.isdigit())
        live.allow("page", _may_hear_page)
        live.allow("byhand", _may_hear_by_hand)
        live.allow("home", lambda user, pk: pk == str(user.pk))
        shell.add_menu(shell.MenuItem("How I am reached", "bell", "oncall:notifications", 20))
        shell.add_menu(shell.MenuItem("Why was I paged?", "scroll", "oncall:pages", 25))
        _show_events()
        _join_the_engine()
        _send()
        _hear_replies()
        _be_watched()
        _tell_the_hub()


def _show_events() -> None:
    from core.events import visibility  # noqa: PLC0415
    from incidents.models import Incident, Service  # noqa: PLC0415
    from oncall.models import Alert, Destination, Escalation, Integration, Page, Policy, Route, Schedule  # noqa: PLC0415

    def escalations(user: User) -> QuerySet[Escalation]:
        alerts, incidents = Alert.objects.visible_to(user), Incident.objects.visible_to(user)
        return Escalation.objects.filter(Q(alert__in=alerts) | Q(incident__in=incidents))

    visibility.register("alert", Alert.objects.visible_to)
    visibility.register("page", Page.objects.visible_to)
    visibility.register("page.requested", escalations)
    visibility.register("escalation", escalations)
    visibility.register("acknowledgement", escalations)
    visibility.register("night_limit.passed", escalations)
    visibility.register("integration", Integration.objects.visible_to)
    visibility.register("route", Route.objects.visible_to)
    visibility.register("policy", Policy.objects.visible_to)
    visibility.register("service_policy", lambda _user: Service.objects.all())
    visibility.register("destination", Destination.objects.visible_to)
    visibility.register("schedule", lambda _user: Schedule.objects.all())


def _waiting(user: User) -> int:
    from oncall.inbox import queries  # noqa: PLC0415

    return queries.waiting(user)


def _is_paged(user: User) -> bool:
    from oncall.paging import queries  # noqa: PLC0415

    return queries.waiting_for(user).exists()


def _duty(user: User) -> Duty | None:
    from django.urls import reverse  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415
    from django.utils.dateformat import format as write  # noqa: PLC0415

    from core.ui.shell import Duty  # noqa: PLC0415
    from oncall.schedules import queries  # noqa: PLC0415

    shift = queries.duty(user)
    if shift is None:
        return None
    until = write(timezone.localtime(shift.end), "D H:i")
    return Duty("You are on call", f"{shift.name}, until {until}", reverse("oncall:schedules"))


def _may_hear_alert(user: User, pk: str) -> bool:
    from oncall.alerts.models import Alert  # noqa: PLC0415

    return pk.isdigit() and Alert.objects.visible_to(user).filter(pk=int(pk)).exists()


def _may_hear_page(user: User, pk: str) -> bool:
    from oncall.paging.models import Page  # noqa: PLC0415

    return pk.isdigit() and Page.objects.visible_to(user).filter(pk=int(pk)).exists()


def _may_hear_by_hand(user: User, pk: str) -> bool:
    from oncall.byhand import queries  # noqa: PLC0415

    return pk.isdigit() and queries.visible_to(user).filter(pk=int(pk)).exists()


def _join_the_engine() -> None:
    """Let `drain()` take signals in and ask the levels that are due, and keep its tables and counters."""
    from core.events import housekeeping  # noqa: PLC0415
    from core.outbox import registry, sealing  # noqa: PLC0415
    from core.stack import metrics  # noqa: PLC0415
    from core.timers import registry as timers  # noqa: PLC0415
    from oncall import handlers as _handlers  # noqa: F401, PLC0415 - imported, it listens
    from oncall import pipeline  # noqa: PLC0415
    from oncall.alerts.accept import draining  # noqa: PLC0415
    from oncall.alerts.spool import keys  # noqa: PLC0415
    from oncall.escalation import operations  # noqa: PLC0415
    from oncall.readiness import operations as readiness  # noqa: PLC0415

    sealing.keep(sealing.Column("oncall_contactmethod", "address", lookup="address_lookup", had_clear=True))
    sealing.keep(sealing.Column("oncall_contactmethod", "secret"))
    registry.add_step("keys", keys.refresh, order=4)
    registry.add_step("spool", draining.drain_due, order=5)
    registry.add_step("signals", pipeline.process_due, order=10, soon=pipeline.SOON, due=pipeline.DUE)
    registry.add_step(
        "escalations", operations.advance_due, order=20, soon=operations.SOON, due=operations.DUE
    )
    timers.on(operations.UNSNOOZE)(operations.wake)
    timers.on(operations.ACK_TIMEOUT)(operations.ask_again)
    timers.on(readiness.CHECK)(readiness.check)
    housekeeping.add("plan shift checks", readiness.plan_checks)
    housekeeping.prune(
        "oncall_signal",
        "state = 'processed' and processed_at < now() - interval '90 days'"
        " and not exists (select from oncall_ingesterror e where e.signal_id = oncall_signal.id)",
    )
    housekeeping.prune("oncall_spoolreceipt", "drained_at < now() - interval '90 days'")
    metrics.watch(
        metrics.Gauge(
            "watchbill_signals_damaged",
            "Signals taken while Postgres was away whose files lie in quarantine.",
            "select count(*) from oncall_spoolreceipt where outcome = 'damaged'",
        )
    )
    metrics.watch(
        metrics.Gauge(
            "watchbill_signals_unprocessed",
            "Signals taken in and not yet made into alerts.",
            "select count(*) from oncall_signal where state = 'new'",
        )
    )


def _send() -> None:
    """Tell the outbox whom to ask about each kind of message, and who hears what became of it."""
    from core.outbox import bundling, registry, sealing  # noqa: PLC0415
    from oncall.destinations import operations as destinations  # noqa: PLC0415
    from oncall.destinations import queries as rooms  # noqa: PLC0415
    from oncall.escalation import operations, queries  # noqa: PLC0415
    from oncall.paging import operations as paging  # noqa: PLC0415
    from oncall.paging import queries as pages  # noqa: PLC0415
    from oncall.readiness import operations as readiness  # noqa: PLC0415

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


def _hear_replies() -> None:
    from core.callbacks import replies  # noqa: PLC0415
    from oncall.replies import operations  # noqa: PLC0415

    replies.listen(operations.hear)


def _be_watched() -> None:
    """Say what can be stuck on the way from a signal to a person, how a test page goes it, and who will be missing."""
    from core.outbox import registry as outbox  # noqa: PLC0415
    from core.watch import registry  # noqa: PLC0415
    from oncall import detectors  # noqa: PLC0415
    from oncall.canary import operations, queries  # noqa: PLC0415
    from oncall.coverage import operations as warnings  # noqa: PLC0415
    from oncall.coverage import queries as coverage  # noqa: PLC0415
    from oncall.paging import queries as pages  # noqa: PLC0415

    detectors.register()
    registry.add(
        registry.Check(
            name="coverage", title="The next 14 days", order=8, look=coverage.coverage, keep_seconds=60
        )
    )
    registry.add_chore(registry.Chore("the look ahead", 3600, warnings.warn))
    outbox.register(outbox.Client(warnings.CLIENT, warnings.unwanted, pages.stored, warnings.hear))
    registry.set_probe(registry.Probe(operations.send, queries.arrived, operations.forget))
    _page_without_postgres()
    _tell_of_nights()


def _tell_the_hub() -> None:
    """Let the incident room page schedules and policies, and say who is asked first for a service."""
    from incidents.board import registry as board  # noqa: PLC0415
    from incidents.catalog import registry as catalog  # noqa: PLC0415
    from incidents.lifecycle import registry as lifecycle  # noqa: PLC0415
    from oncall.inbox import queries  # noqa: PLC0415

    board.set_first_paged(queries.first_paged)
    catalog.set_on_call(queries.on_call_for)
    lifecycle.add_targets("schedule", queries.schedule_targets)
    lifecycle.add_targets("team", queries.team_targets)
    lifecycle.add_targets("policy", queries.policy_targets)


def _tell_of_nights() -> None:
    """Tell a team in the morning of a night that was too much for one of them."""
    from core.outbox import registry  # noqa: PLC0415
    from core.timers import registry as timers  # noqa: PLC0415
    from oncall.mornings import operations  # noqa: PLC0415
    from oncall.nights import operations as nights  # noqa: PLC0415
    from oncall.paging import queries as pages  # noqa: PLC0415

    timers.on(nights.REPORT)(operations.report)
    registry.register(
        registry.Client(operations.CLIENT, lambda _messages: {}, pages.stored, operations.hear_report)
    )


def _page_without_postgres() -> None:
    """Write down who is on call, and page from that when Postgres is out of reach (break-glass)."""
    from core.outbox import registry  # noqa: PLC0415
    from core.watch import registry as watch  # noqa: PLC0415
    from oncall.breakglass import operations, queries  # noqa: PLC0415

    registry.add_companion("on-call snapshot", operations.keep_writing)
    registry.add_companion("break-glass", lambda over: operations.Lookout().run(over))
    watch.add(
        watch.Check(
            name="break_glass", title="Break-glass", order=9, look=queries.look, asks_database=lambda: False
        )
    )
