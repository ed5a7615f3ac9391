from incidents.approvals import admin as approvals
from incidents.attachments import admin as attachments
from incidents.audiences import admin as audiences
from incidents.catalog import admin as catalog
from incidents.closing import admin as closing
from incidents.command import admin as command
from incidents.fields import admin as fields
from incidents.lifecycle import admin as lifecycle
from incidents.mitigations import admin as mitigations
from incidents.nudges import admin as nudges
from incidents.owed import admin as owed
from incidents.privacy import admin as privacy
from incidents.readiness import admin as readiness
from incidents.regulators import admin as regulators
from incidents.runbooks import admin as runbooks
from incidents.security import admin as security
from incidents.severities import admin as severities
from incidents.tasks import admin as tasks
from incidents.updates import admin as updates

__all__ = [
    "approvals",
    "attachments",
    "audiences",
    "catalog",
    "closing",
    "command",
    "fields",
    "lifecycle",
    "mitigations",
    "nudges",
    "owed",
    "privacy",
    "readiness",
    "regulators",
    "runbooks",
    "security",
    "severities",
    "tasks",
    "updates",
]
