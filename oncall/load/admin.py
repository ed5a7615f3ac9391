from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.load.models import PayRates


@admin.register(PayRates)
class PayRatesAdmin(ToRead[PayRates]):
    """What is paid for being on call, to read: it is set under On-call, Pay rates."""

    list_display = ("__str__", "currency", "per_week", "per_weekend", "per_holiday", "per_hour", "per_night")
    list_select_related = ("team",)
    ordering = ("team__name", "-since", "pk")
