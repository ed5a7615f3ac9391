import os
from functools import lru_cache

from celery import shared_task

from core.outbox import draining, sending


@shared_task(name="core.outbox.drain")
def drain(**_: object) -> None:
    """Do all that is due. Beat and the doorbell ask for it; any number of these may run at once."""
    draining.drain(kind="celery", sender=_sender(), helps=True)


@lru_cache(maxsize=1)
def _sender() -> sending.Sender:
    return sending.Sender(owner=sending.worker_name("celery"))


os.register_at_fork(after_in_child=_sender.cache_clear)
