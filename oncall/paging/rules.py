"""What a page says, and by which of a person's methods it goes, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from html import escape
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST_SUBJECT = 110
LONGEST_SUMMARY = 2000
LONGEST_LIST = 12
LATE = timedelta(seconds=30)
MINUTE, TEN_SECONDS = timedelta(minutes=1), timedelta(seconds=10)
CLOSED = "the person's account is closed"
REMOVED = "the contact method was removed"
DISABLED = "the contact method was disabled"
PRIVATE = "not told: private"
"""What the ledger says of a channel that may not hear of a private incident."""
CAPPED = "the day's limit for texts and calls is reached (SPEND_LIMIT)"
UNREACHABLE = (CLOSED, REMOVED, DISABLED, CAPPED)
"""Why a message is not sent although its page still waits: then it is tried another way."""
SIGN_IN = "sign-in"
"""Names the account's own e-mail address where a contact method's id would stand."""


class Over(StrEnum):
    """What becomes of a page that is over its person's limit of a night."""

    PASSED_OVER = "passed_over"
    WAITS = "waits"
    WENT_THROUGH = "went_through"

    @property
    def said(self) -> str:
        """The same as people read it."""
        return {
            "passed_over": "Passed over",
            "waits": "Waits for the morning",
            "went_through": "Went through",
        }[self]


class About(StrEnum):
    """What a page is about; a message is one that a person sent by hand about nothing else."""

    ALERT = "alert"
    INCIDENT = "incident"
    MESSAGE = "message"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Everything a page can say. `wait` is how long until `after_you` are asked; nobody there: it gives up then.

    `private` leaves out whatever the page is about. `label` is a severity's short form, `by` who pages by hand.
    """

    about: About
    title: str
    url: str = ""
    urgency: str = "high"
    service: str = ""
    label: str = ""
    reference: str = ""
    summary: str = ""
    by: str = ""
    message: str = ""
    why: str = ""
    since: datetime | None = None
    asked_at: datetime | None = None
    wait: timedelta | None = None
    until: datetime | None = None
    after_you: tuple[str, ...] = ()
    again: bool = False
    late: timedelta = timedelta()
    private: bool = False
    zone: str = "UTC"
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """A notice in words: a subject of at most 110 characters, plain text, and HTML without any style."""

    subject: str
    text: str
    html: str


def trial(*, url: str = "") -> Notice:
    """Give the notice of a test page."""
    return Notice(about=About.TEST, title="Test page", url=url)


def compose(notice: Notice) -> Words:
    """Put a notice into words."""
    lines = _lines(notice)
    text = "\n\n".join([*lines, f"{_invitation(notice)}: {notice.url}"] if notice.url else lines)
    html = "".join(f"<p>{escape(line).replace(chr(10), '<br>')}</p>" for line in lines[1:])
    link = (
        f'<p><a href="{escape(notice.url)}"><strong>{_invitation(notice)}</strong></a></p>'
        if notice.url
        else ""
    )
    return Words(subject(notice), text, f"<h1>{escape(lines[0])}</h1>{link}{html}")


def subject(notice: Notice) -> str:
    """Give one line: what is wrong, and what happens unless it is acknowledged. At most 110 characters."""
    tail = _deadline(notice)
    head = _one_line(_head(notice))
    room = LONGEST_SUBJECT - len(tail) - 1 if tail else LONGEST_SUBJECT
    head += "." if tail and head[-1:] not in ".?!…" else ""
    if len(head) > room:
        head = head[: room - 1].rstrip(" .,;:") + "…"
    return f"{head} {tail}".strip()


def data(notice: Notice, *, page_id: int) -> dict[str, Any]:
    """Give a notice for programs: what a webhook carries beside the words."""
    return {
        "type": "test" if notice.about is About.TEST else "page",
        "page": str(page_id),
        "title": headline(notice),
        "urgency": notice.urgency,
        "private": notice.private,
        "service": "" if notice.private else notice.service,
        "why": notice.why,
        "paged_by": notice.by,
        "acknowledge_by": notice.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if notice.until
        else None,
        "next": list(notice.after_you),
        "late_seconds": int(notice.late.total_seconds()) if notice.late >= LATE else 0,
        "url": notice.url,
        **({} if notice.private else notice.data),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What waits for a person beyond what they were sent one by one: how many alerts, by service, the newest by name.

    For a channel it is what it was told together, and `waiting` how many of these nobody has taken yet.
    """

    count: int
    services: tuple[tuple[str, int], ...]
    titles: tuple[str, ...]
    url: str
    waiting: int | None = None


def compose_digest(digest: Digest) -> Words:
    """Put a digest into words."""
    lines = [f"{_number(digest.count, 'more alert')}{_of_services(digest)}{_purpose(digest)}"]
    if digest.services:
        shown = [f"{name}: {n}" for name, n in digest.services[:LONGEST_LIST]]
        rest = len(digest.services) - len(shown)
        lines.append(", ".join([*shown, *([f"and {rest} more"] if rest else [])]))
    if digest.titles:
        lines.append("\n".join(["The newest:", *(f"- {shortened(title)}" for title in digest.titles)]))
    invitation = "See and acknowledge them" if digest.waiting is None else "See each of them"
    text = "\n\n".join([*lines, f"{invitation}: {digest.url}"])
    html = "".join(f"<p>{escape(line).replace(chr(10), '<br>')}</p>" for line in lines[1:])
    link = f'<p><a href="{escape(digest.url)}"><strong>{invitation}</strong></a></p>'
    waiting = "" if digest.waiting is None else f", {_waiting(digest.waiting)}"
    subject = shortened(f"+{_number(digest.count, 'alert')}{_of_services(digest)}{waiting}")
    return Words(subject, text, f"<h1>{escape(lines[0])}</h1>{link}{html}")


def digest_data(digest: Digest) -> dict[str, Any]:
    """Give a digest for programs."""
    return {
        "type": "digest",
        "title": compose_digest(digest).subject,
        "alerts": digest.count,
        "services": dict(digest.services),
        "url": digest.url,
        **({} if digest.waiting is None else _stands(digest.waiting)),
    }


def _stands(waiting: int) -> dict[str, Any]:
    """How a channel's digest stands: a chat draws it by the state."""
    return {"waiting": waiting, "state": "open" if waiting else "over"}


def _purpose(digest: Digest) -> str:
    if digest.waiting is None:
        return " for you to look at."
    return f" came at once and are told together: {_waiting(digest.waiting)}."


def _waiting(n: int) -> str:
    return f"{n} not taken yet" if n else "each is taken or over"


def _of_services(digest: Digest) -> str:
    return f" of {_number(len(digest.services), 'service')}" if digest.services else ""


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def shortened(text: str) -> str:
    """Give a text as a subject: one line of at most 110 characters."""
    line = _one_line(text)
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"


def headline(notice: Notice) -> str:
    """Give what the page is about, or that it is not told here."""
    if notice.about is About.TEST:
        return "Test page"
    if notice.private:
        return "You are being paged"
    return notice.title


def _head(notice: Notice) -> str:
    if notice.about is About.TEST:
        return "Test page from Watchbill. Nothing is wrong"
    if notice.private:
        return "You are being paged"
    if notice.by:
        said = notice.message or notice.title
        return f"{notice.by} pages you: {said}"
    front = " ".join(filter(None, [notice.label, notice.reference, notice.service]))
    return f"{front}: {notice.title}" if front else notice.title


def _deadline(notice: Notice) -> str:
    if notice.wait is None or notice.about is About.TEST:
        return ""
    within = f"Ack in {clock(_about(notice.wait))}"
    verb = "woken" if notice.urgency == "high" else "asked"
    if notice.again:
        return f"{within} or you are {verb} again."
    if not notice.after_you:
        return f"{within}; nobody is asked after you."
    first = notice.after_you[0].split()[0][:20]
    more = len(notice.after_you) - 1
    return f"{within} or {first} and {more} more are {verb}." if more else f"{within} or {first} is {verb}."


def _lines(notice: Notice) -> list[str]:
    if notice.about is About.TEST:
        return [
            "Test page",
            "Nothing is wrong. Open it and acknowledge, to see that it reaches you.",
            *_reason(notice),
        ]
    lines = [headline(notice)]
    if not notice.private:
        lines += filter(None, [facts(notice), _said(notice), notice.summary[:LONGEST_SUMMARY].strip()])
    return [*lines, *_lateness(notice), *_consequence(notice), *_reason(notice)]


def facts(notice: Notice) -> str:
    """Give what it is about in one line, nothing where that is private or a test."""
    if notice.private or notice.about is About.TEST:
        return ""
    about = [notice.label, notice.reference, notice.service, f"{notice.urgency} urgency"]
    facts = ", ".join(part for part in about if part)
    since = f" Since {moment(notice.since, zone=notice.zone)}." if notice.since else ""
    return f"{facts[:1].upper()}{facts[1:]}.{since}"


def _said(notice: Notice) -> str:
    if not notice.by:
        return "" if notice.message == notice.title else notice.message
    return f"{notice.by} writes: {notice.message}" if notice.message else f"Paged by {notice.by}."


def _lateness(notice: Notice) -> list[str]:
    if notice.late < LATE:
        return []
    return [f"This page is {clock(notice.late)} late: the pager was not running when it was due."]


def _consequence(notice: Notice) -> list[str]:
    if notice.until is None:
        return []
    by = f"If you do not acknowledge by {moment(notice.until, zone=notice.zone)},"
    verb = "woken" if notice.urgency == "high" else "asked"
    if notice.again:
        return [f"{by} you are {verb} again."]
    if not notice.after_you:
        return [f"{by} nobody else is asked."]
    names = listed(notice.after_you)
    return [f"{by} {names} {'is' if len(notice.after_you) == 1 else 'are'} {verb}."]


def _reason(notice: Notice) -> list[str]:
    return [f"Why you: {notice.why}"] if notice.why else []


def _invitation(notice: Notice) -> str:
    return "Open and acknowledge" if notice.about is About.TEST else "Open, acknowledge or pass on"


def _about(wait: timedelta) -> timedelta:
    """A wait as people speak of it: nobody reads a message in the second in which it was written."""
    return wait if wait < MINUTE else TEN_SECONDS * round(wait / TEN_SECONDS)


def clock(duration: timedelta) -> str:
    """Write a duration as 5:00 or 1:05:00."""
    minutes, seconds = divmod(max(0, round(duration.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def moment(at: datetime, *, zone: str) -> str:
    """Write an instant in a person's zone, as 02:41 CET."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = at.astimezone(ZoneInfo("UTC"))
    return f"{local:%H:%M %Z}"


def listed(names: Sequence[str]) -> str:
    """Write names as a list: "Ann", "Ann and Bo", "Ann, Bo and Cy"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


@dataclass(frozen=True, slots=True)
class Front:
    """Somebody who is paged before another, to learn, and how long the other's page waits for them."""

    user_id: int
    wait: timedelta


def minutes(duration: timedelta) -> str:
    """Write a few minutes as people do."""
    return f"{round(duration.total_seconds() / 60, 1):g} min"


@dataclass(frozen=True, slots=True)
class Method:
    """A contact method; a usable one is enabled, verified, and on a channel that exists. `id` None: the sign-in."""

    id: int | None
    channel: str
    address: str
    secret: str = ""
    usable: bool = True

    @property
    def name(self) -> str:
        """What tells it apart among a person's methods."""
        return SIGN_IN if self.id is None else str(self.id)


@dataclass(frozen=True, slots=True)
class Rule:
    """At this urgency, this method, so many seconds after the page; `only_on_call`: beside the others while on call."""

    urgency: str
    method_id: int
    delay_seconds: int
    only_on_call: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """One message of a page: by this method, so many seconds from now."""

    method: Method
    delay_seconds: int = 0


def sends(
    methods: Iterable[Method], rules: Iterable[Rule], *, urgency: str, sign_in: str
) -> tuple[list[Send], str]:
    """Say by what a person is paged, and why so where they did not choose it themselves.

    Without a rule for the urgency every usable method is used at once, for low urgency only the first; without a
    usable method the sign-in e-mail; without that nothing. A rule for who is on call is beside all that; the caller
    leaves out those of somebody who is not.
    """
    usable = {method.id: method for method in methods if method.usable}
    own = [rule for rule in rules if rule.urgency == urgency and rule.method_id in usable]
    always = [Send(usable[rule.method_id], rule.delay_seconds) for rule in own if not rule.only_on_call]
    found, note = (always, "") if always else _by_default(usable, urgency, sign_in)
    known = {(send.method.id, send.delay_seconds) for send in found}
    extra = [
        Send(usable[rule.method_id], rule.delay_seconds)
        for rule in own
        if rule.only_on_call and (rule.method_id, rule.delay_seconds) not in known
    ]
    return sorted([*found, *extra], key=lambda send: send.delay_seconds), note


def _by_default(usable: Mapping[int | None, Method], urgency: str, sign_in: str) -> tuple[list[Send], str]:
    """By what somebody is paged who chose nothing."""
    if usable:
        ordered = sorted(usable.values(), key=lambda method: method.channel != "email")
        most = len(ordered) if urgency == "high" else 1
        return [Send(method) for method in ordered[:most]], ""
    if sign_in:
        return [
            Send(Method(None, "email", sign_in))
        ], "There is no verified contact method, so by the sign-in e-mail."
    return [], "There is no contact method and no sign-in e-mail."


def next_method(
    methods: Iterable[Method], rules: Iterable[Rule], *, used: Iterable[tuple[str, str]], sign_in: str
) -> Method | None:
    """Give the method to try after those in `used` (channel and address) failed: by delay of the rules, then the rest."""
    tried = set(used)
    delays: dict[int | None, int] = {}
    for rule in rules:
        delays[rule.method_id] = min(rule.delay_seconds, delays.get(rule.method_id, rule.delay_seconds))
    usable = sorted(
        (method for method in methods if method.usable), key=lambda method: delays.get(method.id, 1 << 30)
    )
    last = [Method(None, "email", sign_in)] if sign_in else []
    return next((m for m in [*usable, *last] if (m.channel, m.address) not in tried), None)
