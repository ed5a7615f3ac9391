from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from oncall.imports.rules.source import Vendor
from oncall.schedules.models import Schedule

VENDORS = [(vendor.value, vendor.said) for vendor in Vendor]


class ScheduleImport(models.Model):
    """A file of another tool's schedules: first the plan of what becomes of them, once confirmed what became."""

    vendor = models.CharField(max_length=20, choices=VENDORS)
    export = models.TextField(help_text="The file; empty once it is imported.")
    people = models.JSONField(default=dict, help_text="Who somebody of the other tool is here: id to e-mail.")
    report = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_vendor_display()}, {self.created_at:%Y-%m-%d %H:%M}"


class ImportedFrom(models.Model):
    """Where a schedule came from, and what the import wrote, so that a second one changes nothing."""

    vendor = models.CharField(max_length=20, choices=VENDORS)
    key = models.CharField(max_length=200, help_text="The other tool's id.")
    schedule = models.OneToOneField(Schedule, models.CASCADE, related_name="imported_from")
    version = models.PositiveIntegerField(default=0, help_text="The last version of it that an import made.")
    rotations = models.JSONField(default=list, help_text="The rotations as they were written.")
    overrides = models.JSONField(default=dict, help_text="The overrides as written, each with its row.")
    compared = models.JSONField(default=dict, help_text="What the comparison said then.")
    imported_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "imported from"
        constraints = [models.UniqueConstraint(fields=["vendor", "key"], name="imported_once")]

    def __str__(self) -> str:
        return f"{self.get_vendor_display()} {self.key}"
