from __future__ import annotations

from django.db import models
from django.db.models import Q

from oncall.nights.rules import MOST


class NightLimit(models.Model):
    """How many pages a person gets per night before others are asked instead: one row, or the default."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    pages = models.PositiveSmallIntegerField(
        help_text="So many pages a person gets per night before the next level is asked instead. 0: no limit."
    )

    class Meta:
        verbose_name_plural = "night limit"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="night_limit_once"),
            models.CheckConstraint(condition=Q(pages__lte=MOST), name="night_limit_pages"),
        ]

    def __str__(self) -> str:
        return f"{self.pages} a night"
