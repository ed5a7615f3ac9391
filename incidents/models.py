from incidents.catalog.models import Change, Service, ServiceLink
from incidents.lifecycle.models import Incident, Participant, RoleAssignment, RoleDefinition, TimelineEntry
from incidents.severities.models import Question, Severity
from incidents.updates.models import Update, UpdateTemplate

__all__ = [
    "Change",
    "Incident",
    "Participant",
    "Question",
    "RoleAssignment",
    "RoleDefinition",
    "Service",
    "ServiceLink",
    "Severity",
    "TimelineEntry",
    "Update",
    "UpdateTemplate",
]
