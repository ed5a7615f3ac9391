from postmortems.action_items.admin import ActionItemAdmin
from postmortems.reports.admin import PostmortemAdmin

__all__ = ["ActionItemAdmin", "PostmortemAdmin"]
