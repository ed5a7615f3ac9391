"""What the incident hub tells the others. Past tense; ids and the values a listener needs; documented in docs/events.md."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("incident.declared")
@dataclass(frozen=True, slots=True)
class Declared:
    """An incident was declared. `pages` says whether its severity asks to wake people now; never for drills."""

    incident_id: int
    number: int
    severity_rank: int
    service_ids: list[int]
    pages: bool
    private: bool
    drill: bool


@event("incident.acknowledged")
@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody took the incident for the first time."""

    incident_id: int


@event("incident.status_changed")
@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The incident went from one state to another."""

    incident_id: int
    old: str
    new: str


@event("incident.severity_changed")
@dataclass(frozen=True, slots=True)
class SeverityChanged:
    """The level changed; roles, rhythm and paging are looked at again (R036, R037)."""

    incident_id: int
    old_rank: int
    new_rank: int
    pages: bool
    reason: str


@event("incident.role_assigned")
@dataclass(frozen=True, slots=True)
class RoleAssigned:
    """A person took a role, from somebody else where `previous_user_id` is set."""

    incident_id: int
    role: str
    user_id: int
    previous_user_id: int | None


@event("incident.hand_over_changed")
@dataclass(frozen=True, slots=True)
class HandOverChanged:
    """Command was `offered`, `accepted`, `declined` or `withdrawn`, or the offer was `reminded` of or has `lapsed`."""

    incident_id: int
    hand_over_id: int
    what: str
    to_user_id: int


@event("commander_pool.changed")
@dataclass(frozen=True, slots=True)
class CommanderPoolChanged:
    """Somebody was `added` to those trained to command, or `removed`."""

    trained_id: int
    user_id: int
    what: str


@event("incident.production_changed")
@dataclass(frozen=True, slots=True)
class ProductionChanged:
    """A responder `made` a change to production, wrote its result down (`resulted`), or it was `undone`."""

    incident_id: int
    change_id: int
    what: str


@event("incident.estimate_changed")
@dataclass(frozen=True, slots=True)
class EstimateChanged:
    """Somebody said by when it may work again, or took that back; `public`: customers read it."""

    incident_id: int
    estimate_id: int
    public: bool


@event("incident.customers_reported")
@dataclass(frozen=True, slots=True)
class CustomersReported:
    """What customers report by themselves was `noted`, or is counted no more (`taken_back`)."""

    incident_id: int
    report_id: int
    what: str
    count: int


@event("incident.subscription_changed")
@dataclass(frozen=True, slots=True)
class SubscriptionChanged:
    """Somebody was `added` to those who get the updates by mail, reads others from now on (`changed`), or `ended` it."""

    incident_id: int
    subscription_id: int
    what: str


@event("incident.breach_changed")
@dataclass(frozen=True, slots=True)
class BreachChanged:
    """An incident was `flagged` as a data breach, what is known of that `changed`, or it was none (`ended`)."""

    incident_id: int
    breach_id: int
    what: str


@event("incident.security_changed")
@dataclass(frozen=True, slots=True)
class SecurityChanged:
    """A security track was `begun`, is `led` by somebody else or was `ended`; or what keeps the incident open was `done`,
    is `not_needed`, or has to be done after all (`reopened`): then `item_id` names it.
    """

    incident_id: int
    what: str
    item_id: int | None = None


@event("incident.report_duty_changed")
@dataclass(frozen=True, slots=True)
class ReportDutyChanged:
    """A report to an authority was made (`reported`), was `not_needed`, is to be made after all (`reopened`), or somebody
    was reminded (`reminded_50`, …)."""

    incident_id: int
    duty_id: int
    what: str


@event("incident.owed_changed")
@dataclass(frozen=True, slots=True)
class OwedChanged:
    """A word to somebody outside the room is `asked` for, was said (`done`), is `not_needed`, is needed after all
    (`needed`), is `not_asked` for any more, or somebody was `reminded` of it."""

    incident_id: int
    owed_id: int
    what: str


@event("incident.responder_wanted")
@dataclass(frozen=True, slots=True)
class ResponderWanted:
    """Somebody in the room, or its severity, asked to page a person, a schedule, a team or a policy with a message.

    `hand_over_id` is the command that is offered by it.
    """

    incident_id: int
    kind: str
    target_id: int
    message: str
    hand_over_id: int | None = None


@event("incident.role_released")
@dataclass(frozen=True, slots=True)
class RoleReleased:
    """A person holds a role no more, and nobody took it over."""

    incident_id: int
    role: str
    user_id: int


@event("incident.written")
@dataclass(frozen=True, slots=True)
class Written:
    """Somebody wrote onto the timeline: a note, a decision, an action, a hypothesis or a part of the picture."""

    incident_id: int
    entry_id: int
    kind: str


@event("incident.nudged")
@dataclass(frozen=True, slots=True)
class Nudged:
    """A room was told something: `no_commander`, `no_communications`, `silent_commander`, `no_progress`, …"""

    incident_id: int
    nudge_id: int
    kind: str


@event("incident.task_changed")
@dataclass(frozen=True, slots=True)
class TaskChanged:
    """A task was `added`, `changed`, `moved`, `done`, `dropped` or `reopened`, or is `overdue`."""

    incident_id: int
    task_id: int
    what: str


@event("tie.changed")
@dataclass(frozen=True, slots=True)
class TieChanged:
    """Two incidents were tied (`made`), or no longer are (`ended`): related, duplicate, caused_by, part, merged, split."""

    tie_id: int
    kind: str
    what: str


@event("incident.mitigation_changed")
@dataclass(frozen=True, slots=True)
class MitigationChanged:
    """A mitigation was `begun`, `ended`, `undone` or `kept` on purpose."""

    incident_id: int
    mitigation_id: int
    what: str


@event("incident.runbook_run_changed")
@dataclass(frozen=True, slots=True)
class RunbookRunChanged:
    """A runbook was `begun`, took its `limit` or is `ended`, or a step became `done`, `skipped`, `deviated` or `open`."""

    incident_id: int
    run_id: int
    what: str


@event("incident.runbook_reported")
@dataclass(frozen=True, slots=True)
class RunbookReported:
    """Somebody in the room found a runbook wrong, and said what is right."""

    incident_id: int
    report_id: int


@event("runbook.changed")
@dataclass(frozen=True, slots=True)
class RunbookChanged:
    """A runbook was `added`, `changed`, `restored`, `tested`, `checked`, `retired`, `returned`, `reported` or `settled`."""

    runbook_id: int
    slug: str
    what: str


@event("service.reviewed")
@dataclass(frozen=True, slots=True)
class ServiceReviewed:
    """A person answered an item of a service's readiness: `yes`, `no` or `not_needed` (R204)."""

    service_id: int
    item: str
    outcome: str


@event("incident.corrected")
@dataclass(frozen=True, slots=True)
class Corrected:
    """A person corrected a time or a text; old and new values by field name (R049)."""

    incident_id: int
    old: dict[str, str | None]
    new: dict[str, str | None]


@event("incident.read")
@dataclass(frozen=True, slots=True)
class PrivateRead:
    """A person looked at a private incident: on a `screen`, by the `api` or as an `export`; once in 15 minutes each."""

    incident_id: int
    way: str


@event("incident.redacted")
@dataclass(frozen=True, slots=True)
class Redacted:
    """A text was taken out of an incident for good, out of so many `places`; why is on its tombstone."""

    incident_id: int
    redaction_id: int
    places: int


@event("emergency_access.opened")
@dataclass(frozen=True, slots=True)
class EmergencyOpened:
    """An admin who takes no part may read a private incident until `ends_at`; why is on its timeline."""

    access_id: int
    incident_id: int
    ends_at: str


@event("emergency_access.ended")
@dataclass(frozen=True, slots=True)
class EmergencyEnded:
    """That is over: by its time, or by the person."""

    access_id: int
    incident_id: int


@event("emergency_access.refused")
@dataclass(frozen=True, slots=True)
class EmergencyRefused:
    """An admin asked for emergency access to a `number` that no private incident has."""

    user_id: int
    number: int


@event("incident.update_published")
@dataclass(frozen=True, slots=True)
class UpdatePublished:
    """A written update went out to its audience. For `public`, listeners may show its text to customers."""

    incident_id: int
    update_id: int
    audience: str


@event("audience.changed")
@dataclass(frozen=True, slots=True)
class AudienceChanged:
    """A list of people who are told of incidents was `added`, `changed` or `removed`."""

    audience_id: int
    slug: str
    what: str


@event("update_template.changed")
@dataclass(frozen=True, slots=True)
class UpdateTemplateChanged:
    """Approved wording was `added`, `changed` or `removed`."""

    template_id: int
    name: str
    what: str


@event("incident.approval_changed")
@dataclass(frozen=True, slots=True)
class ApprovalChanged:
    """An update that waits for a yes was `asked`, `reminded`, `approved` or `declined`, or has `lapsed`."""

    incident_id: int
    approval_id: int
    what: str


@event("incident.update_due")
@dataclass(frozen=True, slots=True)
class UpdateDue:
    """The next update is due (`overdue` false: soon) and the people who owe it were reminded."""

    incident_id: int
    due_at: str
    overdue: bool


@event("incident.resolved")
@dataclass(frozen=True, slots=True)
class Resolved:
    """The service works again. `needs_postmortem` comes from the severity; drills never need one."""

    incident_id: int
    needs_postmortem: bool
    drill: bool


@event("incident.resolved_despite")
@dataclass(frozen=True, slots=True)
class ResolvedDespite:
    """Somebody called it resolved although something lacked, and said why; `early`: before its stable period was over."""

    incident_id: int
    lacking: list[str]
    reason: str
    early: bool


@event("incident.reopened")
@dataclass(frozen=True, slots=True)
class Reopened:
    """A resolved or closed incident is active again."""

    incident_id: int
    reason: str


@event("incident.closed")
@dataclass(frozen=True, slots=True)
class Closed:
    """The incident is over. `outcome` is "", false_alarm, accepted_risk or duplicate."""

    incident_id: int
    outcome: str


@event("change.recorded")
@dataclass(frozen=True, slots=True)
class ChangeRecorded:
    """A deploy or a change of configuration, a feature flag or infrastructure was reported."""

    change_id: int
    service_id: int


@event("observation.noted")
@dataclass(frozen=True, slots=True)
class ObservationNoted:
    """Somebody noted something odd that is no incident yet."""

    observation_id: int
    service_id: int | None


@event("observation.ended")
@dataclass(frozen=True, slots=True)
class ObservationEnded:
    """Something odd was settled, or became part of an incident: `outcome` is settled or incident."""

    observation_id: int
    outcome: str


@event("incident.file_attached")
@dataclass(frozen=True, slots=True)
class FileAttached:
    """A file was attached: `kind` is picture, pdf or text, `size` in bytes."""

    incident_id: int
    attachment_id: int
    kind: str
    size: int


@event("incident.file_removed")
@dataclass(frozen=True, slots=True)
class FileRemoved:
    """A file was removed for good; its tombstone says who, when and why."""

    incident_id: int
    attachment_id: int
