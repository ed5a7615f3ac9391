"""When an action item is too vague, overdue, and which week it belongs to."""

import re
from datetime import date, timedelta
from enum import StrEnum

VAGUE = re.compile(
    r"^\s*(?:improve|better|more|review|look (?:in)?to|investigate|think about|discuss)\b|\bbe more careful\b",
    re.IGNORECASE,
)


class Bucket(StrEnum):
    """The groups of the action list, by due date."""

    OVERDUE = "Overdue"
    THIS_WEEK = "This week"
    NEXT_WEEK = "Next week"
    LATER = "Later"
    UNDATED = "No date"


def bucket(due_on: date | None, *, today: date) -> Bucket:
    """The group of an open item; weeks begin on Monday."""
    if due_on is None:
        return Bucket.UNDATED
    if due_on < today:
        return Bucket.OVERDUE
    end_of_week = today + timedelta(days=6 - today.weekday())
    if due_on <= end_of_week:
        return Bucket.THIS_WEEK
    return Bucket.NEXT_WEEK if due_on <= end_of_week + timedelta(days=7) else Bucket.LATER


def is_vague(title: str) -> bool:
    """Say whether a title leaves open what will be different (R269)."""
    return bool(VAGUE.search(title)) and not any(character.isdigit() for character in title)
