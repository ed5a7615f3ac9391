from postmortems.action_items.models import ActionItem
from postmortems.reports.models import Factor, Postmortem, TimelineItem

__all__ = ["ActionItem", "Factor", "Postmortem", "TimelineItem"]
