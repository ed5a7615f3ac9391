"""A private incident with a word in everything that can be written about it, and the addresses that lead to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from core.accounts.models import User
from core.events.models import Event
from incidents.customer_reports import operations as customer_reports
from incidents.edits.views import EDITS
from incidents.fields import operations as fields
from incidents.lifecycle import operations as lifecycle
from incidents.mitigations import operations as mitigations
from incidents.models import (
    Approval,
    Attachment,
    CustomerReport,
    EmergencyAccess,
    Estimate,
    Incident,
    Nudge,
    OwedWord,
    PrivateRead,
    Redaction,
    ReportDuty,
    Run,
    RunStep,
    Subscription,
    Task,
    TimelineEntry,
    Update,
)
from incidents.nudges import operations as nudges
from incidents.observations import operations as observations
from incidents.production import operations as production
from incidents.regulators import operations as regulators
from incidents.runbooks import operations as runbooks
from incidents.security import operations as security
from incidents.subscriptions import operations as subscriptions
from incidents.ties import operations as ties
from incidents.updates import operations as updates
from oncall.escalation import operations as escalation
from oncall.models import Alert, Page
from postmortems.models import ActionItem, Factor, Postmortem
from postmortems.reports import operations as postmortems
from postmortems.reports.rules import Section
from tests import cast
from tests.security.addresses import Address, all_of_them

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.security.values import Values

PLACES = (
    "title", "corrected_title", "summary", "impact", "hypothesis", "next_decision", "blast_radius", "recent_changes",
    "who_else", "note", "decision", "action", "update", "detail", "approval", "task", "result", "nudge", "hand_over",
    "observation", "alert", "payload", "page", "reason", "risk", "emergency", "redaction", "postmortem", "factor",
    "action_item", "mitigation", "production", "tie", "runbook_step", "runbook_run", "runbook_wrong",
    "runbook_right",
    "estimate", "customer_report", "breach", "owed", "tagged", "filled", "attached", "inside", "security",
)  # fmt: skip
BIRDS = "canary"
WORDS = {place: f"{place.replace('_', '')}{BIRDS}" for place in PLACES}


@dataclass
class Canary:
    """The private incident, who was a member of it, and what belongs to it by its address."""

    incident: Incident
    member: User
    former: User
    own: dict[str, dict[str, Any] | list[dict[str, Any]]] = field(default_factory=dict)

    def urls(self, address: Address) -> list[str]:
        """Give the addresses that lead into the incident by a route; none where it leads elsewhere."""
        known = [prefix for prefix in self.own if address.pattern.startswith(prefix)]
        if not known:
            return []
        given = self.own[max(known, key=len)]
        several = [given] if isinstance(given, dict) else given
        filled = [address.filled(one) for one in several if set(address.parameters) <= set(one)]
        return list(dict.fromkeys(filled))

    def every(self) -> Iterator[str]:
        """Give every address that leads into it; a route with an incident in it and without a value fails."""
        for address in all_of_them():
            found = self.urls(address) if address.parameters and not address.is_admin else []
            about = {"number", "incident"} & set(address.parameters)
            about |= {"ref"} if address.pattern.startswith("/api/v1/incidents/{ref}") else set()
            of_schedule = address.pattern.startswith(("/on-call/", "/api/v1/schedules/"))
            assert found or not about or of_schedule, f"tests/security/canary.py leads nowhere by {address}"
            yield from found


def plant(values: Values) -> Canary:
    """Declare it and write wherever one can write."""
    w, lead = WORDS, values.responder
    former = User.objects.filter(role="responder").exclude(pk=lead.pk).latest("pk")
    service = cast.service("Canary keys")
    incident = lifecycle.declare(
        title=f"{w['title']} leaked", actor=lead, severity=cast.severity("SEV1"), private=True, services=[service],
        summary=w["summary"], blast_radius=w["blast_radius"], recent_changes=w["recent_changes"],
        who_else=w["who_else"],
    )  # fmt: skip
    lifecycle.invite(incident, user=former, actor=lead)
    lifecycle.set_picture(
        incident, impact=w["impact"], hypothesis=w["hypothesis"], next_decision=w["next_decision"], actor=lead
    )
    for kind in ("note", "decision", "action"):
        lifecycle.add_entry(incident, kind=kind, text=w[kind], actor=lead)
    changed = {"title": f"{w['title']} {w['corrected_title']}"}
    lifecycle.correct(incident, changes=changed, actor=lead)
    update = updates.publish(incident, audience="internal", text=f"{w['update']} {w['detail']}", actor=lead)
    cast.attachment(incident, by=lead, name=f"{w['attached']}.log", content=w["inside"].encode())
    approval = Approval.objects.create(
        incident=incident,
        audience="internal",
        by="second",
        content={"audience": "internal", "text": w["approval"]},
        asked_by=lead,
        lapses_at=timezone.now() + timedelta(hours=1),
    )
    task = cast.task(w["task"], of=incident, by=lead, assignee=former)
    Task.objects.filter(pk=task.pk).update(result=w["result"])
    nudge = nudges.answer(cast.nudge(incident), text=w["nudge"], actor=lead)
    odd = cast.observation(w["observation"], by=lead, service=service)
    observations.link(odd, incident=incident, actor=lead)
    hand_over = cast.hand_over(incident, to=former)
    type(hand_over).objects.filter(pk=hand_over.pk).update(briefing=w["hand_over"])
    tried = mitigations.begin(incident, name=w["mitigation"], actor=lead)
    used = use_runbook(incident, lead)
    subscriptions.subscribe(incident, actor=lead)
    regulators.flag(incident, what=w["breach"], actor=lead)
    security.begin(incident, actor=lead)
    for asked in incident.security_items.all():
        security.answer(asked, words=w["security"], actor=lead)
    cast.owed_word(incident, state="not_needed", why=w["owed"])
    cast.estimate(incident, why=w["estimate"])
    customer_reports.note(incident, text=w["customer_report"], actor=lead)
    changed_there = production.note(incident, what=w["production"], actor=lead)
    cast.field("Customer", "text")
    fields.write(incident, tags=[w["tagged"]], custom_fields={"customer": w["filled"]}, actor=lead)
    beside = cast.incident("Logins are slow", by=lead)
    tie = ties.relate(incident, other=beside, kind="related", reason=w["tie"], actor=lead)
    ties.relate(beside, other=incident, kind="part", reason=w["tie"], actor=lead)
    alert = cast.alert(w["alert"], of=service, description=w["payload"], labels={"where": w["payload"]})
    Alert.objects.filter(pk=alert.pk).update(incident=incident)
    cast.escalation(incident, cast.policy((5, [lead]), name="Canary"))
    escalation.advance_due()
    page = Page.objects.filter(escalation__incident=incident).latest("pk")
    Page.objects.filter(pk=page.pk).update(message=w["page"])
    looked = cast.looked_into(incident, by=former)
    EmergencyAccess.objects.filter(pk=looked.emergency.pk).update(
        reason=w["emergency"], ends_at=timezone.now() - timedelta(hours=1), ended_at=timezone.now()
    )
    Redaction.objects.filter(pk=looked.redaction.pk).update(reason=w["redaction"])
    lifecycle.resolve(incident, actor=lead, reason=w["reason"])
    report = report_of(incident, lead)
    lifecycle.reopen(incident, reason=w["risk"], actor=lead)
    lifecycle.leave(incident, user=former, actor=lead)
    incident.refresh_from_db()
    found = Canary(incident, lead, former)
    found.own = _own(
        found,
        update,
        report,
        alert,
        page,
        nudge,
        (approval.pk, task.pk, hand_over.pk, odd.pk, tried.pk, changed_there.pk, tie.pk, used.pk),
        looked,
    )
    return found


def use_runbook(incident: Incident, lead: User) -> Run:
    """Use a runbook and write into it."""
    team = lead.memberships.select_related("team").earliest("pk").team
    written = runbooks.add(name="What to do", text="## Steps\n1. Look", team=team, actor=lead)
    run = runbooks.start(incident, runbook=written, actor=lead)
    runbooks.mark(run.steps.all()[0], state="skipped", note=WORDS["runbook_step"], actor=lead)
    runbooks.report(
        written, wrong=WORDS["runbook_wrong"], right=WORDS["runbook_right"], incident=incident, actor=lead
    )
    return runbooks.finish(run, result="worked", note=WORDS["runbook_run"], actor=lead)


def report_of(incident: Incident, lead: User) -> Postmortem:
    """Write a postmortem with a factor and an action item."""
    report = postmortems.open_draft(incident.pk, actor=lead)
    postmortems.save_sections(
        report, texts={Section.SUMMARY: WORDS["postmortem"]}, version=report.version, actor=lead
    )
    postmortems.add_factor(report, kind="technical", text=WORDS["factor"])
    ActionItem.objects.create(postmortem=report, title=WORDS["action_item"], owner=lead)
    return report


def _own(
    canary: Canary,
    update: Update,
    report: Postmortem,
    alert: Alert,
    page: Page,
    nudge: Nudge,
    ids: tuple[int, int, int, int, int, int, int, int],
    looked: cast.LookedInto,
) -> dict[str, Any]:
    number = canary.incident.number
    ref, approval, task, hand_over, odd, tried, there, tie, used = f"INC-{number}", *ids
    here, api = {"number": ref}, {"incident": ref}
    duty = ReportDuty.objects.get(incident=canary.incident).pk
    owed = OwedWord.objects.get(incident=canary.incident).pk
    secured = canary.incident.security_items.earliest("pk").pk
    reported = CustomerReport.objects.get(incident=canary.incident)
    factor, action = Factor.objects.get(postmortem=report), ActionItem.objects.get(postmortem=report)
    event = Event.objects.filter(name="incident.corrected", subject_id=canary.incident.pk).latest("pk")
    told = update.told.order_by("pk").values_list("pk", flat=True).first() or 1
    read = PrivateRead.objects.get(pk=looked.read.pk)
    of_report = {"number": number, "pk": factor.pk}
    return {
        "/incidents/{number}/": [{**here, "role": "commander", "what": what} for what in sorted(EDITS)],
        "/incidents/{number}/tasks/": {**here, "pk": task},
        "/incidents/{number}/approvals/": {**here, "pk": approval},
        "/incidents/{number}/hand-overs/": {**here, "pk": hand_over},
        "/incidents/{number}/mitigations/": {**here, "pk": tried},
        "/api/v1/incidents/{incident}/mitigations/": {**api, "ref": tried},
        "/incidents/{number}/runbooks/": {**here, "pk": used, "step": RunStep.objects.get(run=used).pk},
        "/incidents/{number}/-/runbooks/": {**here, "pk": used},
        "/api/v1/incidents/{incident}/runbook-runs/": {**api, "ref": used},
        "/incidents/{number}/production/": {**here, "pk": there},
        "/api/v1/incidents/{incident}/production-changes/": {**api, "ref": there},
        "/incidents/{number}/ties/": {**here, "pk": tie},
        "/api/v1/incidents/{incident}/ties/": {**api, "ref": tie},
        "/incidents/{number}/attachments/": {
            **here,
            "pk": Attachment.objects.get(incident=canary.incident).pk,
        },
        "/api/v1/incidents/{incident}/attachments/": {
            **api,
            "ref": Attachment.objects.get(incident=canary.incident).pk,
        },
        "/incidents/{number}/regulators/": {**here, "pk": duty},
        "/api/v1/incidents/{incident}/report-duties/": {**api, "ref": duty},
        "/incidents/{number}/security/": {**here, "pk": secured},
        "/api/v1/incidents/{incident}/security/": {**api, "ref": secured},
        "/incidents/{number}/owed/": {**here, "pk": owed},
        "/api/v1/incidents/{incident}/owed-words/": {**api, "ref": owed},
        "/incidents/{number}/customer-reports/": {**here, "pk": reported.pk},
        "/api/v1/incidents/{incident}/customer-reports/": {**api, "ref": reported.pk},
        "/api/v1/incidents/{incident}/estimates/": {
            **api,
            "ref": Estimate.objects.get(incident=canary.incident).pk,
        },
        "/incidents/{number}/mails/": {**here, "pk": Subscription.objects.get(incident=canary.incident).pk},
        "/api/v1/incidents/{incident}/subscriptions/": {
            **api,
            "ref": Subscription.objects.get(incident=canary.incident).pk,
        },
        "/incidents/{number}/nudges/": {**here, "pk": nudge.pk},
        "/incidents/{number}/updates/": {**here, "pk": update.pk},
        "/incidents/emergency/": {"pk": looked.emergency.pk},
        "/api/v1/incidents/{ref}/": {"ref": ref},
        "/api/v1/incidents/{incident}/": {**api, "ref": 1},
        "/api/v1/incidents/{incident}/tasks/": {**api, "ref": task},
        "/api/v1/incidents/{incident}/approvals/": {**api, "ref": approval},
        "/api/v1/incidents/{incident}/hand-overs/": {**api, "ref": hand_over},
        "/api/v1/incidents/{incident}/nudges/": {**api, "ref": nudge.pk},
        "/api/v1/incidents/{incident}/told/": {**api, "ref": told},
        "/api/v1/incidents/{incident}/reads/": {**api, "ref": read.pk},
        "/api/v1/incidents/{incident}/redactions/": {**api, "ref": looked.redaction.pk},
        "/api/v1/emergency-access/{ref}/": {"ref": looked.emergency.pk},
        "/alerts/{pk}/": {"pk": alert.pk},
        "/alerts/-/INC-": {"number": number},
        "/api/v1/alerts/{ref}/": {"ref": alert.pk},
        "/api/v1/pages/{ref}/": {"ref": page.pk},
        "/status-pages/-/": {"number": number},
        "/postmortems/INC-": of_report,
        "/postmortems/-/": of_report,
        "/postmortems/INC-{number}/timeline/": {**of_report, "pk": _item(report)},
        "/api/v1/postmortems/{ref}/": {"ref": report.pk},
        "/action-items/{pk}/": {"pk": action.pk},
        "/api/v1/action-items/{ref}/": {"ref": action.pk},
        "/observations/{pk}/": {"pk": odd},
        "/api/v1/observations/{ref}/": {"ref": odd},
        "/api/v1/events/{ref}/": {"ref": event.pk},
        "/api/v1/audit/{ref}/": {"ref": event.pk},
    }


def _item(report: Postmortem) -> int:
    found: int = report.timeline.order_by("pk").values_list("pk", flat=True)[0]
    assert TimelineEntry.objects.filter(incident=report.incident).exists()
    return found


def asked(canary: Canary) -> Iterator[str]:
    """Give lists with what one can ask them for: search, suggestion, sort, filter, the edges of pages, formats."""
    number, pk, title = canary.incident.number, canary.incident.pk, WORDS["title"]
    for place in ("title", "note", "alert", "postmortem", "action_item", "observation"):
        yield f"/search/?q={WORDS[place]}"
        yield f"/search/?q={WORDS[place][:6]}"
        yield f"/api/v1/search/?q={WORDS[place]}"
    for query in (
        f"search={title}", "private=true", "ordering=number", "ordering=-resolved_at", "limit=1", "limit=0", "limit=-1",
        "cursor=x", "format=api", "format=json", "active=true", "active=false", "severity=sev1", "service=canary-keys",
        "status=investigating", "overdue=true", f"tag={WORDS['tagged']}", f"field=customer:{WORDS['filled']}",
    ):  # fmt: skip
        yield f"/api/v1/incidents/?{query}"
    for query in (
        f"q={title}", f"q=INC-{number}", f"tag={WORDS['tagged']}", "show=resolved", "show=mine", "show=drills", "which=resolved", "page=0",
        "page=-1", "page=99999999", "sort=title",
    ):  # fmt: skip
        yield f"/incidents/?{query}"
    yield f"/incidents/declare/?title={title}"
    yield f"/api/v1/incident-tags/?q={WORDS['tagged']}"
    yield "/api/v1/incident-tags/"
    yield f"/incidents/declare/?from=observation-{canary.own['/observations/{pk}/']['pk']}"  # type: ignore[call-overload]
    yield f"/incidents/declare/?from=alert-{canary.own['/alerts/{pk}/']['pk']}"  # type: ignore[call-overload]
    for noun in ("events", "audit"):
        yield f"/api/v1/{noun}/?name=incident.corrected"
        yield f"/api/v1/{noun}/?subject_id={pk}"
        yield f"/api/v1/{noun}/?actor={canary.member.pk}&ordering=-id"
    yield f"/audit/?name=incident.corrected&actor={canary.member.pk}"
    yield f"/audit/?actor={canary.member.pk}&page=2"
    yield f"/alerts/?q={WORDS['alert']}"
    yield f"/api/v1/alerts/?search={WORDS['alert']}"
    yield f"/api/v1/postmortems/?search={WORDS['postmortem']}"
    yield f"/api/v1/action-items/?search={WORDS['action_item']}"
    yield f"/api/v1/observations/?search={WORDS['observation']}"
    yield "/observations/?show=over"
    yield "/services/canary-keys/"
    yield "/api/v1/services/canary-keys/"
    yield f"/people/{canary.member.pk}/"
    yield "/admin/autocomplete/?app_label=incidents&model_name=emergencyaccess&field_name=incident&term=a"
    yield f"/admin/incidents/emergencyaccess/?q={title}"
