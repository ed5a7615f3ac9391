"""Celery: it carries nudges and runs what is due. Every wait is a row in Postgres; nothing waits in the broker."""

import os
from functools import lru_cache

import redis
from celery import Celery
from celery.contrib.django.task import DjangoTask

from core import failpoints
from core.events import nudge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Job(DjangoTask):  # type: ignore[type-arg]
    """A task that the fault tests can break."""

    def before_start(self, task_id: str, args: object, kwargs: object) -> None:
        failpoints.hit("celery_task")


app = Celery("watchbill", task_cls=Job)
app.config_from_object("config.settings:CELERY")
app.autodiscover_tasks(related_name="jobs")

# Beat only pokes: each job looks at its own due rows and is safe to run twice.
BEAT: dict[str, dict[str, object]] = {
    "drain": {"task": "core.outbox.drain", "schedule": 5.0, "options": {"queue": "pages", "expires": 30}},
    "calendars": {"task": "oncall.absences.read", "schedule": 60.0, "options": {"expires": 50}},
    "schedule-calendars": {
        "task": "oncall.calendars.read",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "housekeeping": {"task": "core.events.housekeeping", "schedule": 60.0, "options": {"expires": 50}},
}
app.conf.beat_schedule = BEAT


MOST_WAITING = 2


@lru_cache(maxsize=1)
def _broker() -> redis.Redis:
    return redis.Redis.from_url(app.conf.broker_url, socket_connect_timeout=0.5, socket_timeout=2)


os.register_at_fork(after_in_child=_broker.cache_clear)


def _ring() -> None:
    # Pokes that no worker has taken yet will look after this as well; a storm must not pile them up.
    if _broker().llen("pages") >= MOST_WAITING:
        return
    app.send_task("core.outbox.drain", queue="pages", expires=30, ignore_result=True)


nudge.use(_ring)
