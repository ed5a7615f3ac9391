"""What on-call tells the others. Past tense; ids and the values a listener needs; documented in docs/events.md."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.events.bus import event


@event("alert.received")
@dataclass(frozen=True, slots=True)
class AlertReceived:
    """A new alert was opened (repeats only raise its count)."""

    alert_id: int
    service_id: int | None
    urgency: str


@event("alert.acknowledged")
@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """A person took the alert; `seconds` since it was opened."""

    alert_id: int
    incident_id: int | None
    user_id: int | None
    seconds: int


@event("acknowledgement.counted")
@dataclass(frozen=True, slots=True)
class AcknowledgementCounted:
    """A person acknowledged what needs several: `count` of `needed` have by now, and the others are asked on."""

    escalation_id: int
    alert_id: int | None
    incident_id: int | None
    user_id: int
    count: int
    needed: int


@event("alert.unacknowledged")
@dataclass(frozen=True, slots=True)
class AlertUnacknowledged:
    """Nobody has the alert any more; escalation starts again."""

    alert_id: int
    incident_id: int | None


@event("alert.resolved")
@dataclass(frozen=True, slots=True)
class AlertResolved:
    """The source or a person said that it is over."""

    alert_id: int
    incident_id: int | None
    by_source: bool


@event("alert.judged")
@dataclass(frozen=True, slots=True)
class AlertJudged:
    """Somebody said of an alert that is over whether it was worth waking anybody.

    `verdict` is worth_waking, false_alarm, not_actionable or lacked_detail.
    """

    alert_id: int
    service_id: int | None
    verdict: str


@event("alert.declares")
@dataclass(frozen=True, slots=True)
class AlertDeclares:
    """A new alert came by a route that makes incidents of what it takes: of this severity."""

    alert_id: int
    severity_id: int
    route_id: int


@event("alert.attached")
@dataclass(frozen=True, slots=True)
class AlertAttached:
    """The alert became part of an incident."""

    alert_id: int
    incident_id: int


@event("signal.damaged")
@dataclass(frozen=True, slots=True)
class SignalDamaged:
    """A signal that was taken while Postgres was away cannot be read; `name` is its file in quarantine."""

    receipt_id: int
    name: str
    reason: str


@event("integration.changed")
@dataclass(frozen=True, slots=True)
class IntegrationChanged:
    """A source was created, changed, activated or deactivated, or its key_rotated (`what`)."""

    integration_id: int
    what: str


@event("route.changed")
@dataclass(frozen=True, slots=True)
class RouteChanged:
    """A route was created, changed, moved or removed (`what`); it counts from the next alert on."""

    route_id: int
    what: str


@event("service_policy.changed")
@dataclass(frozen=True, slots=True)
class ServicePolicyChanged:
    """Another policy pages for a service, or (`policy_id` None) it is left to the default one; `policy` is its name."""

    service_id: int
    policy_id: int | None
    policy: str


@event("page.sent")
@dataclass(frozen=True, slots=True)
class PageSent:
    """The first message of a page was accepted by its channel. `incident_id` is its own or its alert's."""

    page_id: int
    user_id: int
    alert_id: int | None
    incident_id: int | None
    channel: str


@event("page.failed")
@dataclass(frozen=True, slots=True)
class PageFailed:
    """A page ended without reaching its person: failed, expired, unknown, or a level that resolved to nobody."""

    page_id: int
    user_id: int | None
    alert_id: int | None
    incident_id: int | None
    status: str
    reason: str


@event("escalation.exhausted")
@dataclass(frozen=True, slots=True)
class EscalationExhausted:
    """Every level was asked as often as the policy says and nobody acknowledged."""

    escalation_id: int
    alert_id: int | None
    incident_id: int | None


@event("schedule.changed")
@dataclass(frozen=True, slots=True)
class ScheduleChanged:
    """Layers or overrides of a schedule changed, from `effective_at` on. Those in `told` hear of what it changes for them
    within `spans` (from, to) by another mail, as of a swap.
    """

    schedule_id: int
    effective_at: str
    summary: str
    told: list[int] = field(default_factory=list)
    spans: list[list[str]] = field(default_factory=list)


@event("schedule.clocks_changed")
@dataclass(frozen=True, slots=True)
class ScheduleClocksChanged:
    """Watchbill runs with other zone data, `tzdata`, by which hand-offs of a schedule are moved from `start` on: so many
    seconds `later` at first, less than 0 earlier.
    """

    schedule_id: int
    zone: str
    tzdata_before: str
    tzdata: str
    start: str
    later: int
    summary: str


@event("schedule.announcement_changed")
@dataclass(frozen=True, slots=True)
class ScheduleAnnouncementChanged:
    """A place in a chat, as the topic of a channel or a user group, was `added` or `removed` (`what`): it says who is on
    call by a schedule.
    """

    schedule_id: int
    what: str
    place: str


@event("schedule.limits_changed")
@dataclass(frozen=True, slots=True)
class ScheduleLimitsChanged:
    """A manager said how many people share a schedule, for how many days at most, with how many hours of rest."""

    schedule_id: int
    people: int
    days: int
    rest_hours: int


@event("weekly_summary.changed")
@dataclass(frozen=True, slots=True)
class WeeklySummaryChanged:
    """Somebody chose when they get their weekly summary, or a manager when the channels of a team are told."""

    summary_id: int
    user_id: int | None
    team_id: int | None
    is_on: bool
    weekday: int
    hour: int


@event("swap.changed")
@dataclass(frozen=True, slots=True)
class SwapChanged:
    """Somebody asked who takes a shift, or it was taken, waiting for approval, approved, rejected, declined, withdrawn,
    expired or lapsed (`what`). `beneficiary_id` is whose shift it is.
    """

    swap_id: int
    schedule_id: int
    what: str
    beneficiary_id: int
    taker_id: int | None


@event("shift.changed")
@dataclass(frozen=True, slots=True)
class ShiftChanged:
    """From `at` on others are on call in a schedule: the shifts of some `started`, those of some `ended`."""

    schedule_id: int
    at: str
    started: list[int]
    ended: list[int]


@event("handoff.written")
@dataclass(frozen=True, slots=True)
class HandoffWritten:
    """Somebody wrote the note of a hand-off; what it says is on its page alone."""

    handoff_id: int
    schedule_id: int


@event("handoff.acknowledged")
@dataclass(frozen=True, slots=True)
class HandoffAcknowledged:
    """Somebody who took over a schedule has read what they have to know."""

    handoff_id: int
    schedule_id: int


@event("schedule.talk_changed")
@dataclass(frozen=True, slots=True)
class HandoffTalkChanged:
    """A manager said for how many minutes those who hand a schedule over talk; 0: they do not."""

    schedule_id: int
    minutes: int


@event("absences.changed")
@dataclass(frozen=True, slots=True)
class AbsencesChanged:
    """A person entered or took back an absence, or a calendar that absences are read from."""

    user_id: int
    summary: str


@event("feed.made")
@dataclass(frozen=True, slots=True)
class FeedAddressMade:
    """A person made a secret address for a program that signs in nowhere; `shows` says whose shifts are read there."""

    feed_id: int
    user_id: int
    kind: str
    shows: str


@event("feed.revoked")
@dataclass(frozen=True, slots=True)
class FeedAddressRevoked:
    """A secret address leads nowhere any more: it was revoked, or its owner's account was closed."""

    feed_id: int
    user_id: int


@event("page.requested")
@dataclass(frozen=True, slots=True)
class PageRequested:
    """Somebody paged a person, a schedule, a team or a policy by hand."""

    escalation_id: int
    alert_id: int | None
    incident_id: int | None
    whom: str


@event("page.declined")
@dataclass(frozen=True, slots=True)
class PageDeclined:
    """A person who was paged by hand does not come, and says why; whoever is next is asked at once."""

    page_id: int
    user_id: int
    alert_id: int | None
    incident_id: int | None
    reason: str


@event("page.answered_in_channel")
@dataclass(frozen=True, slots=True)
class AnsweredInChannel:
    """A person took or passed on what a channel was told, by a button there; `said` is that in words."""

    page_id: int
    user_id: int
    alert_id: int | None
    incident_id: int | None
    epoch: int
    said: str


@event("escalation.passed_on")
@dataclass(frozen=True, slots=True)
class EscalationPassedOn:
    """Somebody did not wait: the next level is asked at once."""

    escalation_id: int
    alert_id: int | None
    incident_id: int | None


@event("alert.reassigned")
@dataclass(frozen=True, slots=True)
class AlertReassigned:
    """Another policy or person was given the alert; escalation started anew."""

    alert_id: int
    escalation_id: int
    whom: str


@event("alert.snoozed")
@dataclass(frozen=True, slots=True)
class AlertSnoozed:
    """Nobody is asked about the alert until `until`; then escalation starts anew."""

    alert_id: int
    until: str


@event("policy.changed")
@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """An escalation policy was made, changed or removed (`what`). Running escalations keep their plans."""

    policy_id: int
    what: str
    summary: str


@event("last_resort.changed")
@dataclass(frozen=True, slots=True)
class LastResortChanged:
    """An admin said who is asked when a policy is exhausted; `whom` is empty for nobody beside the admins."""

    last_resort_id: int
    whom: str


@event("night_limit.changed")
@dataclass(frozen=True, slots=True)
class NightLimitChanged:
    """An admin said how many pages a person gets per night before others are asked instead; 0: no limit."""

    night_limit_id: int
    pages: int


@event("night_limit.passed")
@dataclass(frozen=True, slots=True)
class NightLimitPassed:
    """A page was over its person's limit of a night: passed_over, waits or went_through (`outcome`)."""

    escalation_id: int
    user_id: int
    alert_id: int | None
    incident_id: int | None
    limit: int
    outcome: str


@event("contact_method.changed")
@dataclass(frozen=True, slots=True)
class ContactMethodChanged:
    """A way to reach a person was added, verified, enabled, disabled or removed (`what`); `hint` is masked."""

    user_id: int
    what: str
    channel: str
    hint: str


@event("destination.changed")
@dataclass(frozen=True, slots=True)
class DestinationChanged:
    """A channel that policies can tell was added, changed or removed, or opened to private incidents or closed to them
    (`what`); `hint` is its address, masked.
    """

    destination_id: int
    what: str
    name: str
    channel: str
    hint: str


@event("notification_rules.changed")
@dataclass(frozen=True, slots=True)
class NotificationRulesChanged:
    """A person changed when and by which method they are paged."""

    user_id: int
    summary: str


@event("pay_rates.changed")
@dataclass(frozen=True, slots=True)
class PayRatesChanged:
    """A manager said what is paid for being on call from a date on: in a team's schedules, or everywhere (None)."""

    pay_rates_id: int
    team_id: int | None
    since: str


@event("time_off.changed")
@dataclass(frozen=True, slots=True)
class TimeOffChanged:
    """Time off for being on call was proposed, planned, taken, declined, proposed again or lost (`what`)."""

    time_off_id: int
    user_id: int
    what: str


@event("time_off_terms.changed")
@dataclass(frozen=True, slots=True)
class TimeOffTermsChanged:
    """A manager said how much time off being on call earns: in a team, or in every team without its own (None)."""

    time_off_terms_id: int
    team_id: int | None
