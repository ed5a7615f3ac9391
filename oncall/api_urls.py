from oncall.absences.api import MyAbsenceCalendars, MyAbsences
from oncall.alerts.api import Integrations
from oncall.announcements.api import Announcements
from oncall.calendars.api import ScheduleCalendars
from oncall.clocks.api import ClockChanges
from oncall.destinations.api import Channels
from oncall.escalation.api.pages import PagesLedger
from oncall.escalation.api.policies import EscalationPolicies
from oncall.feeds.api import MyCalendars
from oncall.handoffs.api import Handoffs, HandoffTalks, HandoffTasks
from oncall.imports.api import ScheduleImports
from oncall.inbox.api import Alerts
from oncall.load.api import Loads, Pay, Rates, Reliance, Weeks
from oncall.lookahead.api import Ahead, ScheduleLimitsOf
from oncall.paging.api import ContactMethods, NotificationRules
from oncall.quiet.api import MyHolidays, MyQuietHours
from oncall.readiness.api import Readiness
from oncall.routing.api import Routes, Simulate
from oncall.runbooks.api import MissingRunbooks
from oncall.schedules.api.schedules import Schedules
from oncall.schedules.api.shifts import OnCall
from oncall.shadows.api import Shadows
from oncall.swaps.api import SwapRules, Swaps
from oncall.timeoff.api import TimeOffTermsOf, TimesOff
from oncall.weekly.api import WeeklySummaries

routes = [
    ("alerts", Alerts, "alert"),
    ("escalation-policies", EscalationPolicies, "escalation-policy"),
    ("channels", Channels, "channel"),
    ("pages", PagesLedger, "page"),
    ("users/me/contact-methods", ContactMethods, "contact-method"),
    ("users/me/notification-rules", NotificationRules, "notification-rule"),
    ("users/me/quiet-hours", MyQuietHours, "quiet-hours"),
    ("users/me/absences", MyAbsences, "absence"),
    ("users/me/absence-calendars", MyAbsenceCalendars, "absence-calendar"),
    ("users/me/calendars", MyCalendars, "calendar-address"),
    ("users/me/holidays", MyHolidays, "holiday"),
    ("integrations", Integrations, "integration"),
    ("routes", Routes, "route"),
    ("missing-runbooks", MissingRunbooks, "missing-runbook"),
    ("simulate", Simulate, "simulate"),
    ("schedule-imports", ScheduleImports, "schedule-import"),
    ("schedules/(?P<schedule>[^/]+)/calendars", ScheduleCalendars, "schedule-calendar"),
    ("schedules/(?P<schedule>[^/]+)/shadows", Shadows, "shadow"),
    ("schedules/(?P<schedule>[^/]+)/swaps", Swaps, "swap"),
    ("schedules", Schedules, "schedule"),
    ("on-call/ahead", Ahead, "ahead"),
    ("on-call/announcements", Announcements, "announcement"),
    ("on-call/clocks", ClockChanges, "clock-change"),
    ("on-call/limits", ScheduleLimitsOf, "schedule-limits"),
    ("on-call/handoffs", Handoffs, "handoff"),
    ("on-call/handoff-talks", HandoffTalks, "handoff-talk"),
    ("on-call/handoff-tasks", HandoffTasks, "handoff-task"),
    ("on-call/swap-rules", SwapRules, "swap-rule"),
    ("on-call/readiness", Readiness, "readiness"),
    ("on-call/weeks", Weeks, "on-call-weeks"),
    ("insights/load", Loads, "load"),
    ("insights/reliance", Reliance, "reliance"),
    ("insights/pay", Pay, "pay"),
    ("pay-rates", Rates, "pay-rates"),
    ("weekly-summaries", WeeklySummaries, "weekly-summary"),
    ("time-off", TimesOff, "time-off"),
    ("time-off-terms", TimeOffTermsOf, "time-off-terms"),
    ("on-call", OnCall, "on-call"),
]
