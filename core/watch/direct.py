"""An alarm past the outbox: where nobody takes its mails from there, who watches sends them.

What the alarm is about may be the very thing that would have brought it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import connection

from core.channels import registry as channels
from core.channels.registry import Delivery, Permanent, Temporary, Unknown
from core.outbox import operations as outbox
from core.outbox.models import Lane, Message, State
from core.watch.alarms import render
from core.watch.models import Alarm
from core.watch.operations import CLIENT

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

UNTAKEN_SECONDS = 20
AGAIN_SECONDS = 60
"""Who took an alarm and has not told by then what became of its mails has died."""
AT_ONCE = 3
REASON = "sent by who watches: nobody took it from the outbox"

# Taken by one process; a mail that was tried already is left to the outbox.
_TAKE = """
with late as (
    select id from watch_alarm as alarm
    where cleared_at is null and (sent_directly_at is null or sent_directly_at < now() - %s * interval '1 second')
        and exists (
        select from outbox_message as message
        where message.client = %s and message.subject_id = alarm.id and message.lane = 0
            and message.state = 'pending' and message.attempts = 0
            and message.due_at < now() - %s * interval '1 second')
    order by id limit %s for update skip locked
)
update watch_alarm as alarm set sent_directly_at = now() from late where alarm.id = late.id returning alarm.id
"""


def send_untaken() -> int:
    """Send the mails of alarms that have lain in the outbox for twenty seconds; give how many alarms that were.

    It is tried again at the next look where none could be sent. A mail keeps its Message-ID, whoever sends it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [AGAIN_SECONDS, CLIENT, UNTAKEN_SECONDS, AT_ONCE])
        taken = [row[0] for row in cursor.fetchall()]
    for alarm_id in taken:
        mails = list(
            Message.objects.filter(
                client=CLIENT, subject_id=alarm_id, lane=Lane.CRITICAL, state=State.PENDING, attempts=0
            ).order_by("pk")
        )
        sent = _send(mails)
        log.critical("alarm %s was sent past the outbox to %s of %s admins", alarm_id, sent, len(mails))
        if mails and not sent:
            Alarm.objects.filter(pk=alarm_id).update(sent_directly_at=None)
    return len(taken)


def _send(mails: Sequence[Message]) -> int:
    """Hand mails to the mail server; one that does not answer is not asked for each of them."""
    sent = 0
    for mail in mails:
        try:
            channels.get(mail.channel).send(Delivery(mail.key, mail.address, "", render(mail)))
        except Permanent as error:
            log.critical("the alarm %s did not reach user %s: %s", mail.subject_id, mail.user_id, error)
            _take_back(mail, f"{REASON}; {error}")
        except (Temporary, Unknown) as error:
            log.critical("no alarm can be sent: %s", error)
            break
        else:
            sent += 1
            _take_back(mail, REASON)
    return sent


def _take_back(mail: Message, reason: str) -> None:
    outbox.suppress(CLIENT, [mail.subject_id], message_id=mail.pk, reason=reason[:300])
