"""Who is on call as words: for a terminal or a wall, and read out to a caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

RINGS_SECONDS = 25
"""So long each number rings; most mailboxes answer later."""
QUOTE = {'"': "&quot;"}


@dataclass(frozen=True, slots=True)
class Duty:
    """One schedule now: who has it, until when, and who is next; `until` is empty when nobody else comes."""

    schedule: str
    people: Sequence[str]
    until: str = ""
    following: Sequence[str] = ()


def text(duties: Sequence[Duty]) -> str:
    """One line per schedule."""
    return "".join(f"{_plain(duty.schedule)}: {_plain(_said(duty))}\n" for duty in duties)


def twiml(duties: Sequence[Duty]) -> str:
    """What Twilio reads out to whoever calls the number."""
    said = " ".join(f"{duty.schedule}: {_said(duty)}." for duty in duties) or "There is no schedule."
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Response><Say language="en-GB">On call now. {escape(_plain(said))}</Say></Response>\n'
    )


def dialled(number: str, *, after: str, duties: Sequence[Duty] = ()) -> str:
    """What connects a caller to a number, and asks at `after` what to do next; first it is said who is on call."""
    names = _and([name for duty in duties for name in duty.people])
    said = f"You are being connected to {_plain(names)}." if duties else "The next person is called."
    return _response(
        f'<Say language="en-GB">{escape(said)}</Say>'
        f'<Dial timeout="{RINGS_SECONDS}" action="{escape(after, QUOTE)}" method="POST">'
        f"<Number>{escape(number)}</Number></Dial>"
    )


def unanswered() -> str:
    """What is said when nobody took the call."""
    return _response('<Say language="en-GB">Nobody answers. Please try again later.</Say><Hangup/>')


def over() -> str:
    """What ends a call that was taken."""
    return _response("<Hangup/>")


def _response(inside: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{inside}</Response>\n'


def _said(duty: Duty) -> str:
    now = _and(duty.people) or "nobody is on call"
    if not duty.until:
        return now
    return f"{now}, until {duty.until}, then {_and(duty.following) or 'nobody'}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _plain(words: str) -> str:
    """Without control characters, which would begin a line of their own or end the XML."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
