from incidents.approvals.api import ApprovalRules, Approvals
from incidents.attachments.api import Attachments
from incidents.audiences.api import Audiences
from incidents.catalog.api.services import ServiceViewSet
from incidents.changes.api import ChangeViewSet
from incidents.closing.api import ClosingCriteria
from incidents.command.api import Command, Commanders, HandOvers
from incidents.customer_reports.api import CustomerReports
from incidents.estimates.api import Estimates
from incidents.fields.api import IncidentFields, IncidentTags
from incidents.inventory.api import ServiceImports
from incidents.mitigations.api import AppliedMitigations, Mitigations
from incidents.nudges.api import NudgeRules, Nudges
from incidents.observations.api import Observations
from incidents.owed.api import OwedRules, OwedWords
from incidents.past.api import Experts, PastOfService
from incidents.privacy.api import EmergencyAccesses, PrivateReads, Redactions
from incidents.production.api import ProductionChanges
from incidents.readiness.api import ReadinessOfService
from incidents.readouts.api import ExecutiveSummary, StakeholderReadout, SupportReadout
from incidents.regulators.api import Regimes, ReportDuties
from incidents.room.api.incidents import IncidentViewSet
from incidents.runbooks.api.runs import RunbookReports, Runs, RunsOfRunbook
from incidents.runbooks.api.shelf import Runbooks, RunbookVersions
from incidents.security.api import SecurityChecks, SecurityItems
from incidents.severities.api import Reasons, SeverityViewSet
from incidents.subscriptions.api import Subscriptions
from incidents.tasks.api import Checklists, Tasks
from incidents.ties.api import Ties
from incidents.updates.api import UpdateTemplates, WasTold

routes = [
    ("approval-rules", ApprovalRules, "approval-rule"),
    ("incidents/(?P<incident>[^/]+)/approvals", Approvals, "incident-approval"),
    ("incidents/(?P<incident>[^/]+)/hand-overs", HandOvers, "hand-over"),
    ("incidents/(?P<incident>[^/]+)/command", Command, "incident-command"),
    ("incidents/(?P<incident>[^/]+)/production-changes", ProductionChanges, "production-change"),
    ("incidents/(?P<incident>[^/]+)/customer-reports", CustomerReports, "customer-report"),
    ("incidents/(?P<incident>[^/]+)/subscriptions", Subscriptions, "incident-subscription"),
    ("incidents/(?P<incident>[^/]+)/report-duties", ReportDuties, "report-duty"),
    ("regimes", Regimes, "regime"),
    ("incidents/(?P<incident>[^/]+)/security", SecurityItems, "security-item"),
    ("security-checks", SecurityChecks, "security-check"),
    ("reasons-to-declare", Reasons, "reason-to-declare"),
    ("incidents/(?P<incident>[^/]+)/owed-words", OwedWords, "owed-word"),
    ("owed-rules", OwedRules, "owed-rule"),
    ("incidents/(?P<incident>[^/]+)/estimates", Estimates, "incident-estimate"),
    ("incidents/(?P<incident>[^/]+)/stakeholders", StakeholderReadout, "stakeholder-readout"),
    ("incidents/(?P<incident>[^/]+)/support", SupportReadout, "support-readout"),
    ("incidents/(?P<incident>[^/]+)/executive-summary", ExecutiveSummary, "executive-summary"),
    ("commanders", Commanders, "commander"),
    ("audiences", Audiences, "audience"),
    ("update-templates", UpdateTemplates, "update-template"),
    ("services/(?P<service>[^/]+)/past", PastOfService, "service-past"),
    ("services/(?P<service>[^/]+)/experts", Experts, "service-expert"),
    ("service-imports", ServiceImports, "service-import"),
    ("services/(?P<service>[^/]+)/readiness", ReadinessOfService, "service-readiness"),
    ("services", ServiceViewSet, "service"),
    ("changes", ChangeViewSet, "change"),
    ("observations", Observations, "observation"),
    ("severities", SeverityViewSet, "severity"),
    ("nudge-rules", NudgeRules, "nudge-rule"),
    ("incidents/(?P<incident>[^/]+)/nudges", Nudges, "incident-nudge"),
    ("checklists", Checklists, "checklist"),
    ("closing-criteria", ClosingCriteria, "closing-criterion"),
    ("incidents/(?P<incident>[^/]+)/mitigations", AppliedMitigations, "incident-mitigation"),
    ("services/(?P<service>[^/]+)/mitigations", Mitigations, "service-mitigation"),
    ("incidents/(?P<incident>[^/]+)/tasks", Tasks, "incident-task"),
    ("incidents/(?P<incident>[^/]+)/ties", Ties, "incident-tie"),
    ("incidents/(?P<incident>[^/]+)/told", WasTold, "incident-told"),
    ("emergency-access", EmergencyAccesses, "emergency-access"),
    ("incidents/(?P<incident>[^/]+)/reads", PrivateReads, "incident-read"),
    ("incidents/(?P<incident>[^/]+)/redactions", Redactions, "incident-redaction"),
    ("incidents/(?P<incident>[^/]+)/attachments", Attachments, "incident-attachment"),
    ("incidents/(?P<incident>[^/]+)/runbook-runs", Runs, "runbook-run"),
    ("runbooks/(?P<runbook>[^/]+)/reports", RunbookReports, "runbook-report"),
    ("runbooks/(?P<runbook>[^/]+)/runs", RunsOfRunbook, "run-of-runbook"),
    ("runbooks/(?P<runbook>[^/]+)/versions", RunbookVersions, "runbook-version"),
    ("runbooks", Runbooks, "runbook"),
    ("incident-fields", IncidentFields, "incident-field"),
    ("incident-tags", IncidentTags, "incident-tag"),
    ("incidents", IncidentViewSet, "incident"),
]
