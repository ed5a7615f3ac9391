from oncall.absences.admin import AbsenceAdmin, AbsenceCalendarAdmin
from oncall.alerts.admin import IntegrationAdmin
from oncall.announcements.admin import AnnouncementAdmin
from oncall.calendars.admin import ScheduleCalendarAdmin
from oncall.clocks.admin import ClockChangeAdmin, ZoneClockAdmin
from oncall.destinations.admin import DestinationAdmin
from oncall.escalation.admin import LevelAdmin, PolicyAdmin
from oncall.feeds.admin import FeedAddressAdmin, PublishedShiftAdmin
from oncall.handoffs.admin import HandoffAdmin, HandoffTalkAdmin, HandoffTaskAdmin, KnownDutyAdmin
from oncall.imports.admin import ImportedFromAdmin, ScheduleImportAdmin
from oncall.load.admin import PayRatesAdmin
from oncall.lookahead.admin import AheadWarningAdmin, ScheduleLimitsAdmin
from oncall.nights.admin import NightLimitAdmin
from oncall.paging.admin import ContactMethodAdmin, PageAdmin
from oncall.quiet.admin import HolidayAdmin, QuietHoursAdmin
from oncall.routing.admin import RouteAdmin, ServicePolicyAdmin
from oncall.schedules.admin import OverrideAdmin, ScheduleAdmin
from oncall.shadows.admin import ShadowAdmin
from oncall.swaps.admin import SwapAdmin, SwapRuleAdmin
from oncall.timeoff.admin import TimeOffAdmin, TimeOffTermsAdmin
from oncall.weekly.admin import WeeklySummaryAdmin

__all__ = [
    "AbsenceAdmin",
    "AbsenceCalendarAdmin",
    "AheadWarningAdmin",
    "AnnouncementAdmin",
    "ClockChangeAdmin",
    "ContactMethodAdmin",
    "DestinationAdmin",
    "FeedAddressAdmin",
    "HandoffAdmin",
    "HandoffTalkAdmin",
    "HandoffTaskAdmin",
    "HolidayAdmin",
    "ImportedFromAdmin",
    "IntegrationAdmin",
    "KnownDutyAdmin",
    "LevelAdmin",
    "NightLimitAdmin",
    "OverrideAdmin",
    "PageAdmin",
    "PayRatesAdmin",
    "PolicyAdmin",
    "PublishedShiftAdmin",
    "QuietHoursAdmin",
    "RouteAdmin",
    "ScheduleAdmin",
    "ScheduleCalendarAdmin",
    "ScheduleImportAdmin",
    "ScheduleLimitsAdmin",
    "ServicePolicyAdmin",
    "ShadowAdmin",
    "SwapAdmin",
    "SwapRuleAdmin",
    "TimeOffAdmin",
    "TimeOffTermsAdmin",
    "WeeklySummaryAdmin",
    "ZoneClockAdmin",
]
