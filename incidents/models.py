from incidents.approvals.models import Approval, ApprovalRule
from incidents.attachments.models import Attachment, StoredFile
from incidents.audiences.models import AudienceList, AudienceMember, AudienceRule
from incidents.catalog.models import Service, ServiceLink
from incidents.changes.models import Change
from incidents.closing.models import ClosingCriterion, Resolution
from incidents.command.models import HandOver, TrainedCommander
from incidents.customer_reports.models import CustomerReport
from incidents.estimates.models import Estimate
from incidents.fields.models import FieldValue, IncidentField, IncidentTag
from incidents.lifecycle.models import (
    AcceptedRisk,
    EmergencyAccess,
    Incident,
    Participant,
    RoleAssignment,
    RoleDefinition,
    TimelineEntry,
)
from incidents.mitigations.models import AppliedMitigation, Mitigation
from incidents.nudges.models import Nudge, NudgeRule
from incidents.observations.models import Observation
from incidents.owed.models import OwedRule, OwedWord
from incidents.privacy.models import PrivateRead, Redaction
from incidents.production.models import ProductionChange
from incidents.readiness.models import ReadinessAnswer, ReadinessQuestion
from incidents.regulators.models import DataBreach, Regime, ReportDuty
from incidents.runbooks.models import Report, Run, Runbook, RunbookVersion, RunStep
from incidents.security.models import SecurityCheck, SecurityItem, SecurityTrack
from incidents.severities.models import Question, ReasonToDeclare, Severity, TierRule
from incidents.subscriptions.models import Subscription
from incidents.tasks.models import Checklist, ChecklistStep, Task
from incidents.ties.models import Tie
from incidents.updates.models import Told, Update, UpdateTemplate

__all__ = [
    "AcceptedRisk",
    "AppliedMitigation",
    "Approval",
    "ApprovalRule",
    "Attachment",
    "AudienceList",
    "AudienceMember",
    "AudienceRule",
    "Change",
    "Checklist",
    "ChecklistStep",
    "ClosingCriterion",
    "CustomerReport",
    "DataBreach",
    "EmergencyAccess",
    "Estimate",
    "FieldValue",
    "HandOver",
    "Incident",
    "IncidentField",
    "IncidentTag",
    "Mitigation",
    "Nudge",
    "NudgeRule",
    "Observation",
    "OwedRule",
    "OwedWord",
    "Participant",
    "PrivateRead",
    "ProductionChange",
    "Question",
    "ReadinessAnswer",
    "ReadinessQuestion",
    "ReasonToDeclare",
    "Redaction",
    "Regime",
    "Report",
    "ReportDuty",
    "Resolution",
    "RoleAssignment",
    "RoleDefinition",
    "Run",
    "RunStep",
    "Runbook",
    "RunbookVersion",
    "SecurityCheck",
    "SecurityItem",
    "SecurityTrack",
    "Service",
    "ServiceLink",
    "Severity",
    "StoredFile",
    "Subscription",
    "Task",
    "Tie",
    "TierRule",
    "TimelineEntry",
    "Told",
    "TrainedCommander",
    "Update",
    "UpdateTemplate",
]
