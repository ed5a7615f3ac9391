"""The canary of the status page: a notice that nobody is shown goes the way of every other and is read back by HTTP."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from core.events import bus
from core.net import http
from core.watch import trials
from statuspage.components import operations as components
from statuspage.components.models import StatusPage
from statuspage.events import PublishingTried
from statuspage.notices.models import Notice, NoticeUpdate
from statuspage.trial import queries
from statuspage.trial.queries import KIND


def try_publishing() -> None:
    """Publish the test notice of this quarter of an hour if nobody has, and read back what was published."""
    if queries.is_wanted():
        begin()
    for slot in queries.waiting():
        if is_read(slot):
            trials.note_back(KIND, slot)


@transaction.atomic
def begin() -> None:
    """Say that something was published, as an update of an incident does."""
    slot = trials.begin(KIND)
    if slot is not None:
        bus.emit(PublishingTried(_page().pk, slot))


@transaction.atomic
def show(slot: int) -> None:
    """Put the words of a test notice onto its page, in place of those before; a second call changes nothing."""
    notice, _ = Notice.objects.get_or_create(
        page=_page(),
        public_id=_name("notice")[:12],
        defaults={"title": "Test notice", "started_at": Now()},
    )
    NoticeUpdate.objects.get_or_create(
        notice=notice,
        source_update_id=slot,
        defaults={"public_id": components.public_id(), "status": notice.status, "body": words(slot)},
    )
    NoticeUpdate.objects.filter(notice=notice, source_update_id__lt=slot).delete()
    trials.note_taken(KIND, slot)


def is_read(slot: int) -> bool:
    """Say whether a reader of the page finds the words of a test notice."""
    page, notice = _name("page"), _name("notice")[:12]
    try:
        answer = _client().request("GET", f"{settings.WEB_URL}/status/{page}/incidents/{notice}/")
    except http.Failed:
        return False
    return answer.status == 200 and words(slot).encode() in answer.body


def words(slot: int) -> str:
    """The words of a test notice."""
    return f"This is test notice {slot}."


def _page() -> StatusPage:
    made, _ = StatusPage.every.get_or_create(
        slug=_name("page"), defaults={"name": "Test of publishing", "is_canary": True}
    )
    return made


def _name(what: str) -> str:
    """A part of the address, which nobody outside can guess."""
    return salted_hmac("statuspage.trial", what, algorithm="sha256").hexdigest()[:32]


@lru_cache(maxsize=1)
def _client() -> http.Client:
    """The web process is where the operator says, private network or not."""
    return http.Client(allowed=http.anywhere)
