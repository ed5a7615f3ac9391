from oncall.alerts.admin import IntegrationAdmin
from oncall.routing.admin import RouteAdmin, ServicePolicyAdmin

__all__ = ["IntegrationAdmin", "RouteAdmin", "ServicePolicyAdmin"]
