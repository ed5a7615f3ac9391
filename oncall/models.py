from oncall.absences.models import Absence, AbsenceCalendar, HolidayRegion
from oncall.alerts.models import Alert, IngestError, Integration, Signal, SpoolReceipt
from oncall.announcements.models import Announcement
from oncall.calendars.models import CalendarShift, ScheduleCalendar
from oncall.clocks.models import ClockChange, ZoneClock
from oncall.destinations.models import Destination
from oncall.escalation.models import Escalation, LastResort, Level, Policy, Target
from oncall.feeds.models import FeedAddress, PublishedSchedule, PublishedShift
from oncall.handoffs.models import Handoff, HandoffTalk, HandoffTask, KnownDuty
from oncall.imports.models import ImportedFrom, ScheduleImport
from oncall.load.models import PayRates
from oncall.lookahead.models import AheadWarning, ScheduleLimits
from oncall.nights.models import NightLimit
from oncall.paging.models import ContactMethod, NotificationRule, Page
from oncall.quiet.models import Holiday, QuietHours
from oncall.routing.models import Route, ServicePolicy
from oncall.schedules.models import Layer, Override, Participant, Restriction, Schedule, ScheduleVersion
from oncall.shadows.models import Shadow
from oncall.swaps.models import Swap, SwapEntry, SwapRule, SwapShift
from oncall.timeoff.models import TimeOff, TimeOffTerms
from oncall.weekly.models import WeeklySummary

__all__ = [
    "Absence",
    "AbsenceCalendar",
    "AheadWarning",
    "Alert",
    "Announcement",
    "CalendarShift",
    "ClockChange",
    "ContactMethod",
    "Destination",
    "Escalation",
    "FeedAddress",
    "Handoff",
    "HandoffTalk",
    "HandoffTask",
    "Holiday",
    "HolidayRegion",
    "ImportedFrom",
    "IngestError",
    "Integration",
    "KnownDuty",
    "LastResort",
    "Layer",
    "Level",
    "NightLimit",
    "NotificationRule",
    "Override",
    "Page",
    "Participant",
    "PayRates",
    "Policy",
    "PublishedSchedule",
    "PublishedShift",
    "QuietHours",
    "Restriction",
    "Route",
    "Schedule",
    "ScheduleCalendar",
    "ScheduleImport",
    "ScheduleLimits",
    "ScheduleVersion",
    "ServicePolicy",
    "Shadow",
    "Signal",
    "SpoolReceipt",
    "Swap",
    "SwapEntry",
    "SwapRule",
    "SwapShift",
    "Target",
    "TimeOff",
    "TimeOffTerms",
    "WeeklySummary",
    "ZoneClock",
]
