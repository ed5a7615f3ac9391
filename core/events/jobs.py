from celery import shared_task

from core.events import housekeeping


@shared_task(name="core.events.housekeeping")
def housekeep(**_: object) -> None:
    """Forget what nobody needs any more. Beat asks for it every minute."""
    housekeeping.run()
