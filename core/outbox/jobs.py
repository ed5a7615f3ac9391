from celery import shared_task

from core.outbox import draining


@shared_task(name="core.outbox.drain")
def drain(**_: object) -> None:
    """Do all that is due. Beat and the doorbell ask for it; any number of these may run at once."""
    draining.drain(kind="celery", helps=True)
