from oncall.alerts.admin import IntegrationAdmin
from oncall.escalation.admin import LevelAdmin, PolicyAdmin
from oncall.paging.admin import ContactMethodAdmin, PageAdmin
from oncall.routing.admin import RouteAdmin, ServicePolicyAdmin

__all__ = [
    "ContactMethodAdmin",
    "IntegrationAdmin",
    "LevelAdmin",
    "PageAdmin",
    "PolicyAdmin",
    "RouteAdmin",
    "ServicePolicyAdmin",
]
