from oncall.inbox.api import Alerts
from oncall.schedules.api import OnCall, Schedules

routes = [
    ("alerts", Alerts, "alert"),
    ("schedules", Schedules, "schedule"),
    ("on-call", OnCall, "on-call"),
]
