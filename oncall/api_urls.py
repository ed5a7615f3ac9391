from oncall.schedules.api import OnCall, Schedules

routes = [
    ("schedules", Schedules, "schedule"),
    ("on-call", OnCall, "on-call"),
]
