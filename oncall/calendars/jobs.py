from celery import shared_task

from oncall.calendars import operations


@shared_task(name="oncall.calendars.read")
def read_schedule_calendars(**_: object) -> None:
    """Read the calendars that are due. Beat asks for it every minute; any number of these may run at once."""
    operations.read_due()
