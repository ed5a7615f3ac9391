"""What has happened at Alder Pay lately, so that every screen has something true to show.

Each incident is led with the real operations and then moved into the past; nobody is paged or mailed for any.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models.functions import Now
from django.utils import timezone

from config.demo import mitigations
from config.demo.playing import Step, components, into_the_past, play
from core.events.models import EventDelivery
from core.outbox.models import Message
from core.timers.models import Timer
from incidents.approvals import operations as approvals
from incidents.approvals.models import ApprovalRule, By
from incidents.changes.models import Change, ChangeKind
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.rules import Status
from incidents.observations import operations as observations
from incidents.owed import operations as owed
from incidents.regulators import operations as regulators
from incidents.updates import operations as updates
from incidents.updates.models import Audience, Fate, Told
from postmortems.action_items import operations as action_items
from postmortems.reports import operations as reports
from postmortems.reports.rules import Section
from statuspage.components.models import ComponentState

if TYPE_CHECKING:
    from config.demo.company import Company
    from core.accounts.models import User
    from postmortems.action_items.models import ActionItem
    from postmortems.reports.models import Postmortem


def tell(company: Company) -> None:
    """Play everything, oldest first."""
    _certificate(company)
    _webhooks(company)
    _slow_search(company)
    _search(company)
    _invoices(company)
    _export(company)
    _changes(company)
    _odd(company)
    # Listeners' work was done here, in order; delivering these events again would page people for old stories.
    EventDelivery.objects.filter(done_at=None).update(done_at=Now())
    told = (updates.TOLD, approvals.CLIENT, owed.CLIENT, regulators.CLIENT)
    Message.objects.filter(client__in=told).delete()
    Timer.objects.filter(kind__in=(owed.LOOK, regulators.DUE), done_at=None).update(done_at=Now())
    Told.objects.update(state=Fate.ACCEPTED)


def _certificate(company: Company) -> None:
    incident = play(
        company,
        title="Login unavailable after certificate expiry",
        severity=1,
        services=["auth"],
        commander="marta",
        began=-6,
        impact="Nobody can sign in. Payments already under way are not affected.",
        steps=[
            Step(1, "public", "Signing in does not work at the moment. We are looking into it.", "lena",
                 Status.INVESTIGATING, (("Sign-in and dashboard", ComponentState.MAJOR),)),
            Step(5, "hypothesis", "The edge serves a certificate that expired this morning.", "aiko"),
            Step(8, "decision", "Issue by hand now, repair the automatic renewal afterwards.", "marta"),
            Step(9, "public", "We have found the cause, an expired certificate, and are replacing it.", "lena",
                 Status.IDENTIFIED, (("Sign-in and dashboard", ComponentState.MAJOR),)),
            Step(22, "action", "New certificate rolled out to all edge nodes.", "aiko"),
            Step(24, "public", "Signing in works again. We keep watching.", "lena",
                 Status.MONITORING, (("Sign-in and dashboard", ComponentState.DEGRADED),)),
            Step(31, "public", "Signing in works normally again.", "lena",
                 Status.RESOLVED, (("Sign-in and dashboard", ComponentState.OPERATIONAL),),
                 "The edge was watched together for seven minutes, short of the stable period"),
        ],
    )  # fmt: skip
    into_the_past(incident, timedelta(days=5, hours=3))
    postmortem = reports.open_draft(incident.pk)
    _write(
        postmortem,
        company.people["marta"],
        {
            Section.SUMMARY: "For 31 minutes nobody could sign in to the dashboard, because the edge served a "
            "certificate that had expired. Payments were not affected.",
            Section.IMPACT: "About 2,300 merchants saw an error when they signed in. Support had 41 conversations.",
            Section.FACTORS: "The renewal job had failed for 19 days. Its alert went to a channel that nobody reads, "
            "and the expiry check covers public hosts but not the edge.",
            Section.WENT_WELL: "The first page was acknowledged within a minute, and the manual issue was rehearsed.",
            Section.WENT_BADLY: "It took nine minutes to see which certificate was served where.",
            Section.LESSONS: "Expiry is a countdown; it should page weeks before it is an outage.",
        },
    )
    reports.add_factor(postmortem, kind="process", text="The renewal alert had no owner")
    reports.add_factor(postmortem, kind="technical", text="The expiry check does not cover edge certificates")
    _act(
        company, postmortem, "Page Platform 21 days before any edge certificate expires", "aiko", 6, "detect"
    )
    done = _act(
        company, postmortem, "Renew edge certificates from the same job as all others", "samir", -1, "prevent"
    )
    action_items.move(done, to="done", actor=company.people["samir"])
    postmortem.refresh_from_db()
    reports.publish(postmortem, actor=company.people["marta"])


def _webhooks(company: Company) -> None:
    incident = play(
        company,
        title="Webhook deliveries retried twice",
        severity=2,
        services=["webhooks"],
        commander="tomas",
        began=-13,
        impact="Merchants get some notifications twice. None is lost.",
        steps=[
            Step(2, "note", "Duplicate ratio is 2.4%, normally 0.01%.", "tomas"),
            Step(7, "public", "Some webhooks reach you twice. None is lost.", "lena",
                 Status.INVESTIGATING, (("API and webhooks", ComponentState.DEGRADED),)),
            Step(9, "hypothesis", "v5.1 gives up after 3 s instead of 10 s, below the slowest tenth of receivers.", "priya"),
            Step(21, "decision", "Restore the 10 s time-out by flag, keep the release.", "tomas"),
            Step(23, "internal", "Some webhooks go out twice since the release. A flag restores the old time-out now.", "tomas"),
            Step(35, "note", "Duplicate ratio back to 0.01%.", "priya"),
            Step(48, "public", "Webhooks reach you once again.", "lena",
                 Status.RESOLVED, (("API and webhooks", ComponentState.OPERATIONAL),),
                 "The ratio was normal for thirteen minutes; receivers confirm it"),
        ],
    )  # fmt: skip
    into_the_past(incident, timedelta(hours=15))
    owed.look(incident.pk)  # what happened is still to be written to customers, within a day
    postmortem = reports.open_draft(incident.pk)
    _write(
        postmortem,
        company.people["tomas"],
        {
            Section.SUMMARY: "For 48 minutes about 2% of webhook deliveries were sent twice, after a release "
            "shortened the time we wait for receivers.",
            Section.IMPACT: "12,400 duplicate deliveries to 310 merchants. Four opened a ticket.",
            Section.FACTORS: "Configuration changes skip the load test, and no check compares a time-out with "
            "measured latency. Tomás forgot to watch the ratio after the deploy.",
        },
    )
    reports.add_factor(postmortem, kind="process", text="Config changes bypass load tests")
    _act(company, postmortem, "Reject time-outs below the measured p99 in config CI", "tomas", 7, "prevent")
    _act(company, postmortem, "Put the duplicate ratio on the deploy dashboard", "priya", 1, "detect")


def _slow_search(company: Company) -> None:
    incident = play(
        company,
        title="Back-office search fails for long queries",
        severity=3,
        services=["search"],
        commander="samir",
        began=-4,
        impact="Support staff cannot search with more than 12 words.",
        steps=[
            Step(
                12,
                "note",
                "The query parser runs into its limit; a smaller limit upstream hides it.",
                "samir",
            ),
            Step(125, "resolve", "", "samir"),
        ],
    )
    into_the_past(incident, timedelta(days=3, hours=5))


def _search(company: Company) -> None:
    incident = play(
        company,
        title="Search results stale in the EU region, index lag 25 min",
        severity=2,
        services=["search"],
        commander="aiko",
        began=-19,
        impact="Payments of the last minutes are missing from search in the EU. They are not lost.",
        steps=[
            Step(4, "public", "Search results in the EU region are about 25 minutes behind. Payments are not affected.", "lena",
                 Status.INVESTIGATING, (("Search", ComponentState.DEGRADED),)),
            Step(26, "hypothesis", "A replica fell behind after the ledger migration and the indexer waits for it.", "samir"),
            Step(40, "decision", "Reindex from the primary instead of waiting for the replica.", "aiko"),
            Step(41, "changed", "Indexer reads from the primary", "samir"),
            Step(42, "task", "Reindex the EU region from the primary", "samir"),
            Step(44, "task", "Hold back deploys of search", "aiko"),
            Step(95, "open task", "Compare ten payments in search with the ledger", "priya"),
            Step(96, "note", "Reindex at 82%, lag down to 6 min.", "samir"),
            Step(97, "public", "Search in the EU region is about 6 minutes behind, down from 25. We expect it to be current within the hour.", "lena",
                 Status.MONITORING, (("Search", ComponentState.DEGRADED),)),
        ],
    )  # fmt: skip
    lifecycle.set_picture(
        incident,
        next_decision="Call it when the lag has stayed under one minute for half an hour.",
        actor=company.people["aiko"],
    )
    into_the_past(incident, timedelta(minutes=115))
    mitigations.stop_indexer(incident, actor=company.people["samir"])


def _invoices(company: Company) -> None:
    incident = play(
        company,
        title="Invoice e-mails delayed by up to 40 min",
        severity=3,
        services=["billing-worker"],
        commander="noah",
        began=-7,
        impact="Customers get invoices late. None are lost.",
        steps=[
            Step(11, "note", "The mail provider answers 429 to one in five messages.", "noah"),
            Step(33, "internal", "Invoices are late, none are lost. The queue drains slowly after the mail provider throttled us.", "noah"),
        ],
    )  # fmt: skip
    into_the_past(incident, timedelta(minutes=68))
    lifecycle.assign_role(
        incident, role_slug="communications", user=company.people["lena"], actor=company.people["noah"]
    )
    # It waits for whoever looks at the sample: they have a week.
    ApprovalRule.objects.create(
        audience=Audience.PUBLIC,
        severity=incident.severity,
        by=By.SECOND,
        remind_seconds=6 * 86400,
        lapse_seconds=7 * 86400,
    )
    approvals.ask(
        incident,
        content={
            "audience": Audience.PUBLIC,
            "text": "Invoices by e-mail arrive up to 40 minutes late. None is lost, and nothing has to be paid twice.",
            "status": Status.IDENTIFIED,
            "components": components((("Invoices", ComponentState.DEGRADED),)),
        },
        actor=company.people["noah"],
    )


def _export(company: Company) -> None:
    """What only its members see: the sample's admin is one of them."""
    jonas = company.people["jonas"]
    incident = play(
        company,
        title="Contact details of 40 merchants went to the wrong partner",
        severity=2,
        services=["billing-worker"],
        commander="jonas",
        began=-35,
        impact="A partner holds names and e-mail addresses of 40 merchants of another one. No payment data.",
        private=True,
        steps=[
            Step(3, "note", "The partner wrote to us: the monthly export holds merchants they do not know.", "jonas"),
            Step(9, "hypothesis", "Two partners share an account number since they merged, and the export goes by it.", "elif"),
            Step(14, "changed", "Monthly exports are off", "elif"),
            Step(15, "decision", "Ask the partner to delete the file and to confirm it in writing.", "jonas"),
            Step(31, "task", "Ask for the written confirmation that the file is deleted", "jonas"),
            Step(38, "internal", "40 merchants are affected. Exports are off, and the partner deletes the file.", "jonas",
                 Status.MITIGATING),
        ],
    )  # fmt: skip
    for first in ("elif", "admin", "lena"):
        lifecycle.invite(incident, user=company.people[first], actor=jonas)
    into_the_past(incident, timedelta(minutes=50))
    incident.refresh_from_db()
    regulators.flag(
        incident,
        actor=jonas,
        aware_at=incident.declared_at,
        what="Names and e-mail addresses of 40 contacts at merchants; no payment data, no passwords.",
    )


def _odd(company: Company) -> None:
    row = observations.note(
        text="Invoices open a second slower than last week, for two customers.",
        service=company.services["billing-worker"],
        actor=company.people["priya"],
    )
    observations.seen_again(row, actor=company.people["samir"])


def _changes(company: Company) -> None:
    now = timezone.now()
    rows = (
        ("payments-api", ChangeKind.DEPLOY, "payments-api v2.3.4 to production", "v2.3.4", 12),
        ("payments-api", ChangeKind.CONFIG, "Fraud rules, revision 118", "118", 95),
        ("search", ChangeKind.INFRASTRUCTURE, "Ledger migration 0341", "0341", 140),
        ("webhooks", ChangeKind.DEPLOY, "webhooks v5.1.1 to production", "v5.1.1", 700),
    )
    Change.objects.bulk_create(
        Change(
            service=company.services[slug],
            kind=kind,
            summary=summary,
            version=version,
            at=now - timedelta(minutes=minutes),
            source="deploy bot",
            previous={"v2.3.4": "v2.3.3", "118": "117", "v5.1.1": "v5.1.0"}.get(version, ""),
        )
        for slug, kind, summary, version, minutes in rows
    )


def _write(postmortem: Postmortem, author: User, texts: dict[Section, str]) -> None:
    postmortem.refresh_from_db()
    reports.save_sections(postmortem, texts=texts, version=postmortem.version, actor=author)
    reports.set_author(postmortem, author=author)
    postmortem.refresh_from_db()


def _act(
    company: Company, postmortem: Postmortem, title: str, owner: str, days: int, kind: str
) -> ActionItem:
    return action_items.create(
        actor=company.people[owner],
        title=title,
        postmortem_id=postmortem.pk,
        owner=company.people[owner],
        due_on=timezone.localdate() + timedelta(days=days),
        kind=kind,
    )
