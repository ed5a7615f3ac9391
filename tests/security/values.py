"""What stands in an address: real things of the sample company. A route without its entry fails the sweeps."""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from core.accounts import mail as passwords
from core.accounts.models import Session, User
from core.channels import callback
from core.events.models import Event
from core.people.invitations import mail as invitation_mail
from core.people.invitations import operations as invitations
from core.tokens import operations as tokens
from incidents.command import operations as command
from incidents.edits.views import EDITS
from incidents.mitigations import operations as mitigations
from incidents.models import (
    ApprovalRule,
    AudienceMember,
    Change,
    Estimate,
    Incident,
    Mitigation,
    NudgeRule,
    OwedRule,
    OwedWord,
    Participant,
    ReasonToDeclare,
    ReportDuty,
    Runbook,
    SecurityItem,
    Severity,
    Told,
    Update,
    UpdateTemplate,
)
from incidents.production import operations as production
from incidents.regulators import operations as regulators
from incidents.runbooks import operations as runbooks
from incidents.security import operations as security
from incidents.subscriptions import operations as subscriptions
from incidents.subscriptions import tokens as unsubscribing
from oncall.absences import operations as absences
from oncall.announcements.models import Announcement
from oncall.calendars import operations as calendars
from oncall.escalation import operations as escalation
from oncall.feeds import operations as feeds
from oncall.feeds.models import Kind
from oncall.handoffs import operations as handoffs
from oncall.load import operations as load
from oncall.models import (
    Alert,
    ContactMethod,
    Integration,
    NotificationRule,
    Page,
    Route,
    ScheduleImport,
    TimeOff,
)
from oncall.paging import tokens as page_tokens
from oncall.quiet import operations as quiet
from oncall.schedules import operations as schedules
from oncall.swaps import tokens as cover_tokens
from oncall.timeoff import operations as timeoff
from postmortems.models import ActionItem, Factor, Postmortem, TimelineItem
from statuspage.models import Component, Notice
from tests import cast

if TYPE_CHECKING:
    from django.db.models import Model
    from django.test import Client

    from config.demo.company import Company
    from tests.security.addresses import Address

QUERIES = {
    "schedule-shifts": "?from=2026-11-01T00:00:00Z&to=2026-11-08T00:00:00Z",
    "search-list": "?q=payments",
}
"""What an address cannot be asked without."""


class Values:
    """The company, an alert that pages somebody, and the values that lead to all of it."""

    def __init__(self, company: Company) -> None:
        self.admin = User.objects.get(email="admin@example.com")
        self.viewer = User.objects.get(email="viewer@example.com")
        # A look at a private incident leaves a note, and here looks must leave nothing: the leak sweep plants its own.
        Participant.objects.filter(user=self.admin, incident__private=True).delete()
        self.responder = User.objects.filter(role="responder").earliest("id")
        self.alert = cast.alert(of=company.services["payments-api"])
        policy = next(iter(company.policies.values()))
        cast.escalation(self.alert, policy)
        escalation.advance_due()
        self.page = Page.objects.filter(user__isnull=False).latest("id")
        self.by_hand = escalation.page_by_hand(actor=self.admin, user=self.responder, message="Please help")
        self.by_prefix = self._by_prefix(company)

    def urls(self, address: Address) -> list[str]:
        """The addresses to try for a route; at least one, or the sweep does not know this route."""
        if not address.parameters:
            return [address.pattern + QUERIES.get(address.name, "")]
        if address.is_admin:
            return _admin(address)
        known = [prefix for prefix in self.by_prefix if address.pattern.startswith(prefix)]
        assert known, f"tests/security/values.py has nothing to put into {address.pattern}"
        given = self.by_prefix[max(known, key=len)]
        several = [given] if isinstance(given, dict) else given
        filled = [address.filled(one) + QUERIES.get(address.name, "") for one in several]
        return list(dict.fromkeys(filled))

    def _by_prefix(self, company: Company) -> dict[str, Any]:
        now = timezone.now()
        active = Incident.objects.active().earliest("id").number
        ended = Incident.objects.filter(resolved_at__isnull=False, private=False).earliest("id").number
        override = schedules.add_override(
            next(iter(company.schedules.values())),
            start=now + timedelta(days=2),
            end=now + timedelta(days=3),
            user=self.responder,
            actor=self.admin,
        )
        invitation = invitations.invite("nora@example.com", role="viewer", team=None, actor=self.admin)
        token, _ = tokens.create(self.admin, name="sweep", scopes=["read"])
        reset = passwords.reset_link(self.responder).rstrip("/").split("/")
        hours = quiet.add_hours(self.admin, weekdays=[0], start=time(22), end=time(7))
        holiday = quiet.add_holiday(self.admin, day=now.date() + timedelta(days=30), name="Day off")
        calendar, calendar_secret = feeds.add(self.admin)
        _, now_secret = feeds.add(self.admin, kind=Kind.NOW, schedule=override.schedule)
        absence = absences.add(self.admin, start=now, end=now + timedelta(days=400))
        away = absences.add_calendar(self.admin, url="https://calendar.example/away.ics")
        odd = cast.observation(by=self.admin)
        offered = cast.hand_over(Incident.objects.active().earliest("id"), to=self.admin)
        changed = production.note(Incident.objects.active().earliest("id"), what="Flag off", actor=self.admin)
        reported = cast.customer_report(Incident.objects.active().earliest("id"))
        estimate = Estimate.objects.create(
            incident=Incident.objects.active().earliest("id"),
            restored_at=now + timedelta(hours=1),
            by=self.admin,
        )
        subscribed = subscriptions.subscribe(Incident.objects.active().earliest("id"), actor=self.admin)
        regulators.flag(Incident.objects.active().earliest("id"), actor=self.admin)
        duty = ReportDuty.objects.filter(incident__number=active).earliest("id")
        security.begin(Incident.objects.active().earliest("id"), actor=self.admin)
        secured = SecurityItem.objects.earliest("id")
        owed = OwedWord.objects.order_by("pk").filter(incident__number=active).first() or cast.owed_word(
            Incident.objects.active().earliest("id")
        )
        trained = command.put_in(self.admin, actor=self.admin)
        nudge = cast.nudge(Incident.objects.active().earliest("id"))
        tried = mitigations.begin(
            Incident.objects.active().earliest("id"), name="Drain a zone", is_temporary=True, actor=self.admin
        )
        written_down = Runbook.objects.earliest("id")
        tie = cast.tie(Incident.objects.active().earliest("id"), by=self.admin)
        in_use = runbooks.start(
            Incident.objects.active().earliest("id"), runbook=written_down, actor=self.admin
        )
        found_wrong = runbooks.report(written_down, wrong="No such host", right="Another", actor=self.admin)
        thought = Mitigation.objects.select_related("service").earliest("id")
        approval = cast.approval(Incident.objects.active().earliest("id"))
        todo = cast.task(of=Incident.objects.active().earliest("id"), by=self.admin)
        shown = cast.picture()
        attached = cast.attachment(
            Incident.objects.active().earliest("id"), by=self.admin, name="graph.png", content=shown
        )
        looked = cast.looked_into(Incident.objects.active().earliest("id"), by=self.admin)
        handoff = handoffs.hand_over(override.schedule, at=now, outgoing=[], incoming=[self.responder.pk])
        task = handoffs.add_task(override.schedule, kind="alert", text="Less noise", actor=self.admin)
        rates = load.set_rates(team=None, since=now.date(), currency="EUR", actor=self.admin)
        terms = timeoff.set_terms(team=None, severity=None, actor=self.admin)
        off = TimeOff.objects.create(
            user=self.admin,
            why="weekend",
            occurrence="sweep",
            day=now.date(),
            hours=8,
            take_by=now.date(),
            time_zone="UTC",
        )
        swap, shadow = cast.swap(override.schedule), cast.shadow(override.schedule)
        read_from = calendars.add(
            override.schedule,
            name="Roster",
            url="https://calendar.example/roster.ics",
            use="shifts",
            actor=self.admin,
        )
        announcement = Announcement.objects.create(schedule=override.schedule, group="S012AB3CD")
        schedule, page = override.schedule.slug, {"slug": "alder-pay"}
        channel = cast.channel("sweep@example.com", kind="email")
        written = Postmortem.objects.earliest("id")
        report = {
            "number": written.incident.number,
            "pk": _first(Factor) or 1,
        }
        public = {**page, "public_id": Notice.objects.earliest("id").public_id}
        return {
            "/accounts/password/reset/": {"uid": reset[-2], "token": reset[-1]},
            "/me/sessions/": {"key": "0" * 40},
            "/people/": {"pk": self.responder.pk},
            "/people/invitations/": {"pk": invitation.pk},
            "/invitations/": {"token": invitation_mail.token_of(invitation)},
            "/teams/": {
                "slug": "payments",
                "pk": company.teams["payments"].memberships.earliest("id").user_id,
            },
            "/me/tokens/": {"pk": token.pk},
            "/incidents/": [
                {"number": f"INC-{active}", "role": "commander", "what": what} for what in _edits()
            ],
            "/incidents/{number}/tasks/": {"number": f"INC-{active}", "pk": todo.pk},
            "/incidents/{number}/nudges/": {"number": f"INC-{active}", "pk": nudge.pk},
            "/incidents/{number}/mitigations/": {"number": f"INC-{active}", "pk": tried.pk},
            "/services/{slug}/mitigations/": {"slug": thought.service.slug, "pk": thought.pk},
            "/api/v1/incidents/{incident}/mitigations/": {"incident": f"INC-{active}", "ref": tried.pk},
            "/api/v1/services/{service}/past/": {"service": thought.service.slug},
            "/api/v1/services/{service}/readiness/": {"service": thought.service.slug},
            "/api/v1/services/{service}/experts/": {"service": thought.service.slug},
            "/api/v1/services/{service}/mitigations/": {"service": thought.service.slug, "ref": thought.pk},
            "/runbooks/": {"slug": written_down.slug, "version": 1, "pk": found_wrong.pk},
            "/api/v1/runbooks/{runbook}/reports/": {"runbook": written_down.slug, "ref": found_wrong.pk},
            "/incidents/{number}/runbooks/": {
                "number": f"INC-{active}",
                "pk": in_use.pk,
                "step": in_use.steps.all()[0].pk,
            },
            "/incidents/{number}/-/runbooks/": {"number": f"INC-{active}", "pk": in_use.pk},
            "/incidents/{number}/attachments/": {"number": f"INC-{active}", "pk": attached.pk},
            "/api/v1/incidents/{incident}/attachments/": {"incident": f"INC-{active}", "ref": attached.pk},
            "/api/v1/incidents/{incident}/runbook-runs/": {"incident": f"INC-{active}", "ref": in_use.pk},
            "/api/v1/runbooks/{runbook}/runs/": {"runbook": written_down.slug, "ref": in_use.pk},
            "/api/v1/runbooks/": {"ref": written_down.slug},
            "/api/v1/runbooks/{runbook}/versions/": {"runbook": written_down.slug, "ref": 1},
            "/incidents/{number}/approvals/": {"number": f"INC-{active}", "pk": approval.pk},
            "/api/v1/incidents/{incident}/approvals/": {"incident": f"INC-{active}", "ref": approval.pk},
            "/incidents/{number}/hand-overs/": {"number": f"INC-{active}", "pk": offered.pk},
            "/api/v1/incidents/{incident}/hand-overs/": {"incident": f"INC-{active}", "ref": offered.pk},
            "/api/v1/incidents/{incident}/command/": {"incident": f"INC-{active}"},
            "/incidents/{number}/production/": {"number": f"INC-{active}", "pk": changed.pk},
            "/api/v1/incidents/{incident}/production-changes/": {
                "incident": f"INC-{active}",
                "ref": changed.pk,
            },
            "/api/v1/incident-fields/": {"ref": cast.field().slug},
            "/incidents/{number}/ties/": {"number": f"INC-{active}", "pk": tie.pk},
            "/api/v1/incidents/{incident}/ties/": {"incident": f"INC-{active}", "ref": tie.pk},
            "/incidents/{number}/customer-reports/": {"number": f"INC-{active}", "pk": reported.pk},
            "/api/v1/incidents/{incident}/customer-reports/": {
                "incident": f"INC-{active}",
                "ref": reported.pk,
            },
            "/incidents/{number}/regulators/": {"number": f"INC-{active}", "pk": duty.pk},
            "/api/v1/incidents/{incident}/report-duties/": {"incident": f"INC-{active}", "ref": duty.pk},
            "/api/v1/regimes/": {"ref": "gdpr"},
            "/incidents/{number}/security/": {"number": f"INC-{active}", "pk": secured.pk},
            "/api/v1/incidents/{incident}/security/": {"incident": f"INC-{active}", "ref": secured.pk},
            "/api/v1/security-checks/": {"ref": "credentials-rotated"},
            "/incidents/{number}/account/": {"number": f"INC-{ended}"},
            "/incidents/{number}/owed/": {"number": f"INC-{active}", "pk": owed.pk},
            "/api/v1/incidents/{incident}/owed-words/": {"incident": f"INC-{active}", "ref": owed.pk},
            "/api/v1/owed-rules/": {"ref": _first(OwedRule)},
            "/incidents/{number}/mails/": {"number": f"INC-{active}", "pk": subscribed.pk},
            "/unsubscribe/": {"token": unsubscribing.make(subscribed.pk)},
            "/api/v1/incidents/{incident}/subscriptions/": {
                "incident": f"INC-{active}",
                "ref": subscribed.pk,
            },
            "/api/v1/incidents/{incident}/stakeholders/": {"incident": f"INC-{active}"},
            "/api/v1/incidents/{incident}/support/": {"incident": f"INC-{active}"},
            "/api/v1/incidents/{incident}/executive-summary/": {"incident": f"INC-{active}"},
            "/api/v1/incidents/{incident}/estimates/": {"incident": f"INC-{active}", "ref": estimate.pk},
            "/commanders/": {"pk": trained.pk},
            "/api/v1/commanders/": {"ref": trained.pk},
            "/incidents/emergency/": {"pk": looked.emergency.pk},
            "/api/v1/emergency-access/": {"ref": looked.emergency.pk},
            "/api/v1/incidents/{incident}/reads/": {"incident": f"INC-{active}", "ref": looked.read.pk},
            "/api/v1/incidents/{incident}/redactions/": {
                "incident": f"INC-{active}",
                "ref": looked.redaction.pk,
            },
            "/api/v1/approval-rules/": {"ref": _first(ApprovalRule)},
            "/incidents/{number}/updates/": {
                "number": f"INC-{active}",
                "pk": _first(Update, incident__number=active),
            },
            "/audiences/templates/": {"pk": _first(UpdateTemplate)},
            "/api/v1/update-templates/": {"ref": _first(UpdateTemplate)},
            "/audiences/": {"slug": "support", "pk": _first(AudienceMember)},
            "/services/": {"slug": "payments-api"},
            "/status/": public,
            "/status-pages/": {**page, "public_id": Component.objects.earliest("id").public_id},
            "/status-pages/-/": {"number": active},
            "/integrations/": {"pk": Integration.objects.earliest("id").pk},
            "/pages/by-hand/": {"pk": self.by_hand},
            "/routes/": {"pk": _first(Route)},
            "/alerts/": {"pk": self.alert.pk},
            "/alerts/-/INC-": {"number": active},
            "/alerts/-/together/": {"pk": cast.told_together(self.alert).pk},
            "/alerts/-/services/": {"slug": "payments-api"},
            "/on-call/-/import/": {"pk": cast.schedule_import().pk},
            "/on-call/-/swaps/": {"pk": swap.pk},
            "/on-call/-/weekly/": {"slug": "payments"},
            "/cover/": {"token": cover_tokens.make(swap, self.responder)},
            "/on-call/{slug}/handoff/": {"slug": schedule, "pk": handoff.pk},
            "/on-call/{slug}/handoff/tasks/": {"slug": schedule, "pk": task.pk},
            "/on-call/{slug}/chats/": {"slug": schedule, "pk": announcement.pk},
            "/on-call/{slug}/calendars/": {"slug": schedule, "pk": read_from.pk},
            "/on-call/{slug}/shadows/": {"slug": schedule, "pk": shadow.pk},
            "/on-call/": {"slug": schedule, "pk": override.pk, "number": 1},
            "/p/": {"token": page_tokens.make(self.page)},
            "/callbacks/": {"message": callback.name("page-1-0")},
            "/p/-/": {"token": page_tokens.make_digest(cast.digest(self.page))},
            "/escalation/": {"slug": next(iter(company.policies.values())).slug},
            "/me/notifications/methods/": {"pk": _first(ContactMethod, user=self.admin)},
            "/me/notifications/rules/": {"pk": _first(NotificationRule, user=self.admin)},
            "/me/quiet-hours/": {"pk": hours.pk},
            "/me/quiet-hours/holidays/": {"pk": holiday.pk},
            "/me/absences/": {"pk": absence.pk},
            "/me/load/time-off/": {"pk": off.pk},
            "/me/absences/calendars/": {"pk": away.pk},
            "/me/calendars/": {"pk": calendar.pk},
            "/calendars/": {"token": calendar_secret},
            "/on-call-now/": {"token": now_secret},
            "/channels/": {"pk": channel.pk},
            "/postmortems/": report,
            "/postmortems/INC-{number}/timeline/": report | {"pk": _first(TimelineItem, postmortem=written)},
            "/action-items/": {"pk": ActionItem.objects.earliest("id").pk},
            "/api/v1/users/": {"ref": self.responder.pk},
            "/api/v1/users/me/contact-methods/": {"ref": _first(ContactMethod, user=self.admin)},
            "/api/v1/users/me/notification-rules/": {"ref": _first(NotificationRule, user=self.admin)},
            "/api/v1/users/me/quiet-hours/": {"ref": hours.pk},
            "/api/v1/users/me/absences/": {"ref": absence.pk},
            "/api/v1/users/me/absence-calendars/": {"ref": away.pk},
            "/api/v1/users/me/calendars/": {"ref": calendar.pk},
            "/api/v1/users/me/holidays/": {"ref": holiday.pk},
            "/api/v1/teams/": {"ref": "payments"},
            "/api/v1/services/": {"ref": "payments-api"},
            "/api/v1/changes/": {"ref": _first(Change)},
            "/observations/": {"pk": odd.pk},
            "/api/v1/observations/": {"ref": odd.pk},
            "/api/v1/reasons-to-declare/": {"ref": ReasonToDeclare.objects.earliest("id").pk},
            "/api/v1/severities/": {"ref": Severity.objects.earliest("id").slug},
            "/api/v1/incidents/": {"ref": f"INC-{active}"},
            "/api/v1/incidents/{incident}/tasks/": {"incident": f"INC-{active}", "ref": todo.pk},
            "/api/v1/incidents/{incident}/nudges/": {"incident": f"INC-{active}", "ref": nudge.pk},
            "/api/v1/incidents/{incident}/told/": {"incident": _told(), "ref": _first(Told)},
            "/api/v1/audiences/": {"ref": "support"},
            "/api/v1/nudge-rules/": {"ref": _first(NudgeRule)},
            "/api/v1/checklists/": {"ref": cast.checklist().pk},
            "/api/v1/closing-criteria/": {"ref": "no-reports"},
            "/api/v1/alerts/": {"ref": self.alert.pk},
            "/api/v1/escalation-policies/": {"ref": next(iter(company.policies.values())).slug},
            "/api/v1/channels/": {"ref": channel.pk},
            "/api/v1/pages/": {"ref": self.page.pk},
            "/api/v1/integrations/": {"ref": Integration.objects.earliest("id").pk},
            "/api/v1/routes/": {"ref": _first(Route)},
            "/api/v1/schedules/": {"ref": schedule, "override": override.pk, "number": 1, "against": 1},
            "/api/v1/schedules/{schedule}/calendars/": {"schedule": schedule, "ref": read_from.pk},
            "/api/v1/schedules/{schedule}/shadows/": {"schedule": schedule, "ref": shadow.pk},
            "/api/v1/schedules/{schedule}/swaps/": {"schedule": schedule, "ref": swap.pk},
            "/api/v1/on-call/announcements/": {"ref": announcement.pk},
            "/api/v1/on-call/limits/": {"ref": schedule},
            "/api/v1/on-call/swap-rules/": {"ref": schedule},
            "/api/v1/on-call/handoffs/": {"ref": handoff.pk},
            "/api/v1/on-call/handoff-talks/": {"ref": schedule},
            "/api/v1/on-call/handoff-tasks/": {"ref": task.pk},
            "/api/v1/pay-rates/": {"ref": rates.pk},
            "/api/v1/weekly-summaries/": {"ref": "payments"},
            "/api/v1/time-off/": {"ref": off.pk},
            "/api/v1/time-off-terms/": {"ref": terms.pk},
            "/api/v1/schedule-imports/": {"ref": _first(ScheduleImport)},
            "/api/v1/status-pages/": {"ref": "alder-pay"},
            "/api/v1/components/": {"ref": Component.objects.earliest("id").pk},
            "/api/v1/notices/": {"ref": Notice.objects.earliest("id").pk},
            "/api/v1/postmortems/": {"ref": written.pk},
            "/api/v1/action-items/": {"ref": ActionItem.objects.earliest("id").pk},
            "/api/v1/events/": {"ref": Event.objects.earliest("id").pk},
            "/api/v1/audit/": {"ref": Event.objects.earliest("id").pk},
        }


def browser(client: Client, user: User) -> Client:
    """A browser in which this person has just signed in."""
    cast.sign_in(client, user)
    Session.objects.filter(user=user).update(seen_at=timezone.now())
    session = client.session
    session["seen_at"] = timezone.now().timestamp()
    session.save()
    return client


def _first(model: type[Model], **which: Any) -> int | None:
    found = model._default_manager.filter(**which).order_by("pk").first()
    return found.pk if found else None


def _told() -> str:
    return str(Told.objects.earliest("pk").update.incident)


def _edits() -> list[str]:
    return sorted(EDITS)


def _admin(address: Address) -> list[str]:
    for model in admin.site._registry:
        options = model._meta
        if address.pattern.startswith(f"/admin/{options.app_label}/{options.model_name}/"):
            return [address.filled({"object_id": _first(model)})] if _first(model) else []
    if "app_label" in address.parameters:
        return [address.filled({"app_label": "accounts"})]
    if "content_type_id" in address.parameters:
        return [
            address.filled({"content_type_id": ContentType.objects.get_for_model(Alert).pk, "object_id": 1})
        ]
    return [address.filled(dict.fromkeys(address.parameters, "accounts"))]
