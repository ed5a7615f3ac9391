from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.destinations import queries
from oncall.destinations.models import Destination


@admin.register(Destination)
class DestinationAdmin(ToRead[Destination]):
    """Channels that are told, to read: an address is shown masked, a secret not at all."""

    list_display = ("name", "team", "channel", "hint", "is_enabled", "hears_private", "buttons", "last_error")
    list_filter = ("channel", "is_enabled", "hears_private")
    list_select_related = ("team",)
    search_fields = ("name",)
    fields = readonly_fields = (
        "name",
        "team",
        "channel",
        "hint",
        "is_enabled",
        "hears_private",
        "last_ok_at",
        "last_error",
        "created_at",
        "buttons",
    )

    @admin.display(description="address")
    def hint(self, destination: Destination) -> str:
        """Show what is enough to recognise it."""
        return queries.hint(destination)

    @admin.display(description="buttons", boolean=True)
    def buttons(self, destination: Destination) -> bool:
        """Show whether what it is told can be acknowledged there."""
        return queries.has_buttons(destination)
