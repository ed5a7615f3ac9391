"""What arrived by ways other than the sink, and what the tables say of the same pages."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from core.channels import secrets as seals
from tests.chaos.oracle import Receipt, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.peers import Smtp
    from tests.running import Stack
    from tests.twilio import Twilio

_TITLE = re.compile(r"\S+ \d+ \d+ alert \d+")
_ROWS = """
select a.title, m.key, m.state,
    count(*) filter (where t.outcome = 'unknown' or t.late),
    count(*) filter (where t.outcome = 'temporary' and t.detail not like 'HTTP%%' and t.detail not like '%%answered 4%%'),
    string_agg(concat_ws(' ', t.n, t.worker, t.started_at::time, t.outcome, t.detail, case when t.late then 'late' end),
        '; ' order by t.id),
    case m.channel when 'email' then 'mail' when 'sms' then 'text' else m.address end
from oncall_alert a join oncall_escalation e on e.alert_id = a.id
join oncall_page p on p.escalation_id = e.id
join outbox_message m on m.client = 'oncall.page' and m.subject_id = p.id
left join outbox_attempt t on t.message_id = m.id
where a.title like %s group by a.title, m.id
"""
_ASKED = """
select p.id, m.key, extract(epoch from p.created_at - p.planned_at)::float8,
    extract(epoch from p.planned_at)::float8
from oncall_alert a join oncall_escalation e on e.alert_id = a.id
join oncall_page p on p.escalation_id = e.id
join outbox_message m on m.client = 'oncall.page' and m.subject_id = p.id
where a.title like %s
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A message about a level: its page, its key, by how much the level was asked too late, and when it was due.

    A page has another message where two tries of the first were cut off.
    """

    page: int
    key: str
    late: float
    planned: float


def asked(stack: Stack, word: str) -> list[Asked]:
    """What was asked about the alerts of a run."""
    return [Asked(*row) for row in stack.rows(_ASKED, f"{word} %")]


def early(levels: Sequence[Asked], receipts: Sequence[Receipt]) -> list[Receipt]:
    """The pages that arrived before their level was due."""
    planned = {level.key: level.planned for level in levels}
    return [one for one in receipts if one.at < planned.get(one.key, 0.0)]


def mails(server: Smtp, more: Sequence[tuple[float, bytes]]) -> list[Receipt]:
    """The pages that came as mail: to this server, and those that another one took, with their times."""
    taken = [(mail.at, mail.message) for mail in server.mails]
    taken += [(at, message_from_bytes(mail, policy=policy.default)) for at, mail in more]
    return [
        Receipt(at, str(mail["Message-ID"]), found[0], "mail")
        for at, mail in taken
        if (found := _TITLE.search(str(mail["Subject"])))
    ]


def texts(provider: Twilio) -> list[Receipt]:
    """The pages that came as texts."""
    return [
        Receipt(order.at, key_of(order.callback), found[0], "text")
        for order in provider.orders
        if (found := _TITLE.search(order.fields["Body"]))
    ]


def key_of(callback: str) -> str:
    """The key of the message whose receipt is reported there."""
    return callback.split("/")[3].rpartition("-")[0]


def rows(stack: Stack, word: str) -> list[Row]:
    """The messages about the alerts of a run, as the tables have them."""
    found = stack.rows(_ROWS, f"{word} %")
    return [
        Row(title, _shown(key, to), state, cut_off, too_slow, story, seals.unseal(to).rpartition("/")[2])
        for title, key, state, cut_off, too_slow, story, to in found
    ]


def _shown(key: str, to: str) -> str:
    """The key as its receiver sees it: a mail shows its hash."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@127.0.0.1>" if to == "mail" else key
