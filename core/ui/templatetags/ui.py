"""The components as template tags. A builtin: no template needs to load it.

Every tag escapes what it is given. Times are drawn in the zone in force, which is the reader's own.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.forms import CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.template import Library
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.ui import markdown, times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.forms import BaseForm, BoundField

register = Library()

STATES = {
    "operational": ("ok", "Operational", ""),
    "degraded_performance": ("degraded", "Degraded performance", "deg"),
    "partial_outage": ("partial", "Partial outage", "par"),
    "major_outage": ("major", "Major outage", "maj"),
    "under_maintenance": ("maint", "Under maintenance", "mnt"),
}


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon of the sprite; it is silent to a screen reader, so a word stands beside it."""
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("icons.svg"), name
    )


@register.filter
def sev_class(severity: Any) -> str:
    """Name the colour and shape of a severity by its rank: sev1 to sev4."""
    return f"sev{_shape(severity)}" if severity else ""


@register.simple_tag
def glyph(severity: Any, classes: str = "") -> SafeString:
    """Draw a severity's shape with its number."""
    shape = _shape(severity)
    return format_html(
        '<span class="glyph {}" aria-hidden="true"><svg><use href="{}#sev{}"/></svg><b>{}</b></span>',
        classes,
        static("icons.svg"),
        shape,
        _number(severity),
    )


@register.simple_tag
def sev(severity: Any, *, full: bool = False) -> SafeString:
    """Draw a severity as shape, number and label; `full` adds its name."""
    if not severity:
        return format_html('<span class="sev mut">{}</span>', "Severity not set")
    words = f"{severity.label} {severity.name}" if full else severity.label
    return format_html('<span class="sev sev{}">{}{}</span>', _shape(severity), glyph(severity), words)


def _shape(severity: Any) -> int:
    return max(1, min(4, int(severity.rank)))


def _number(severity: Any) -> str:
    """The number people know it by: SEV0 is the worst where a company counts from 0."""
    found = re.search(r"\d+$", severity.label)
    return found.group() if found else str(severity.rank)


@register.simple_tag
def avatar(user: Any, classes: str = "") -> SafeString:
    """Draw a person's initials on their own hue; nobody is a dashed ring."""
    if not user:
        return format_html('<span class="av av-none {}" role="img" aria-label="Nobody">?</span>', classes)
    return format_html(
        '<span class="av p{} {}" role="img" aria-label="{}" title="{}">{}</span>',
        _hue(user),
        classes,
        user,
        user,
        user.initials,
    )


@register.simple_tag
def who(user: Any, note: str = "") -> SafeString:
    """Draw a person by initials and name, with a short note after it."""
    if not user:
        return format_html(
            '<span class="who"><span class="av av-none" aria-hidden="true">?</span>{}</span>', "Nobody"
        )
    return format_html(
        '<span class="who"><span class="av p{}" aria-hidden="true">{}</span><span>{}{}</span></span>',
        _hue(user),
        user.initials,
        user,
        format_html(" <small>{}</small>", note) if note else "",
    )


@register.simple_tag
def avatars(users: Iterable[Any], most: int = 4) -> SafeString:
    """Draw several people side by side, and how many more there are."""
    people = list(users)
    drawn = format_html_join("", "{}", ((avatar(person),) for person in people[:most]))
    more = (
        format_html('<span class="av av-more">+{}</span>', len(people) - most) if len(people) > most else ""
    )
    return format_html('<span class="avs">{}{}</span>', drawn, more)


def _hue(user: Any) -> int:
    return int(user.pk) % 8


@register.simple_tag
def st(state: str, text: str | None = None) -> SafeString:
    """Draw a component's state as shape and word."""
    css, word, _ = STATES.get(state, ("unknown", "Unknown", ""))
    return format_html(
        '<span class="st st-{}">{}{}</span>', css, icon(f"st-{css}"), word if text is None else text
    )


@register.simple_tag
def tag(text: Any, kind: str = "", icon_name: str = "", classes: str = "") -> SafeString:
    """Draw a small label: good, warn, bad, info, accent, or neutral."""
    return format_html(
        '<span class="tag {} {}">{}{}</span>',
        f"tag-{kind}" if kind else "",
        classes,
        icon(icon_name) if icon_name else "",
        text,
    )


@register.simple_tag
def local_time(at: datetime | None, form: str = "auto") -> SafeString:
    """Write an instant in the reader's zone.

    `auto` has the time and how long ago within a day, else the day; `clock` leaves out how long ago;
    `short` is the time alone, `seconds` adds seconds; `weekday` has the weekday, beyond a week the date;
    `day` is the date and `full` names the zone.
    """
    if at is None:
        return _absent("not yet")
    now = timezone.now()
    text: object
    if form == "auto":
        text = _living(at, now)
    elif form == "clock":
        text = times.absolute(at, now=now)
    elif form == "day":
        text = times.day(at, now=now)
    elif form == "weekday":
        text = times.weekday(at, now=now)
    elif form == "full":
        text = times.full(at)
    else:
        text = times.plain(at, form)
    return format_html('<time datetime="{}" title="{}">{}</time>', times.utc(at), times.iso(at), text)


def _absent(word: str) -> SafeString:
    return format_html('<span class="mut">{}</span>', word)


def _living(at: datetime, now: datetime) -> SafeString:
    """A time that says how long ago it is, and goes on saying it."""
    distance = times.relative(at, now=now)
    absolute = times.absolute(at, now=now)
    return format_html(
        '<local-time datetime="{}" zone="{}">{}</local-time>',
        times.utc(at),
        timezone.get_current_timezone_name(),
        f"{absolute}, {distance}" if distance else absolute,
    )


@register.simple_tag
def ago(at: datetime | None) -> SafeString:
    """Write how long ago an instant was, and go on saying it; beyond a day, when it was."""
    if at is None:
        return _absent("never")
    now = timezone.now()
    return format_html(
        '<time datetime="{}" title="{}">'
        '<local-time datetime="{}" zone="{}" form="ago">{}</local-time></time>',
        times.utc(at),
        times.iso(at),
        times.utc(at),
        timezone.get_current_timezone_name(),
        times.relative(at, now=now) or times.absolute(at, now=now),
    )


@register.simple_tag
def since(at: datetime | None, until: datetime | None = None) -> SafeString:
    """Draw a running clock of the time since an instant; one that has ended stands still."""
    if at is None:
        return _absent("not yet")
    if until is not None:
        return duration((until - at).total_seconds())
    return format_html(
        '<since-time since="{}" role="timer" title="since {}">{}</since-time>',
        times.utc(at),
        times.iso(at),
        times.clock((timezone.now() - at).total_seconds()),
    )


@register.simple_tag
def duration(seconds: float | None, form: str = "clock") -> SafeString:
    """Write a duration as a clock (37:12, 3:12:40, 1 d 18 h), or in words (48 min)."""
    if seconds is None:
        return _absent("not yet")
    return format_html("{}", times.words(seconds) if form == "words" else times.clock(seconds))


@register.simple_tag
def countdown(
    until: datetime | None,
    total_seconds: float | None = None,
    say: str = "",
    *,
    drain: bool = False,
    in_title: bool = False,
) -> SafeString:
    """Draw a clock that runs towards an instant, then past it as +03:05; with a total, a meter under it.

    The meter fills as time passes, or empties with `drain`. `say` is what a screen reader hears at five
    minutes, one minute and zero; `in_title` puts the clock before the page's title as well. Give
    `class="{% due until total %}"` to the box around it.
    """
    if until is None:
        return _absent("none due")
    left = (until - timezone.now()).total_seconds()
    return format_html(
        '<count-down until="{}" total="{}" say="{}"{}{} role="timer" title="{}">{}</count-down>{}',
        times.utc(until),
        int(total_seconds or 0),
        say,
        " drain" if drain else "",
        " in-title" if in_title else "",
        times.iso(until),
        _left(left),
        _meter(left, total_seconds, drain=drain) if total_seconds else "",
    )


def _left(seconds: float) -> str:
    return times.clock(seconds) if seconds >= 0 else f"+{times.clock(-seconds)}"


def _meter(left: float, total: float, *, drain: bool) -> SafeString:
    share = left if drain else total - left
    return format_html('<span class="meter {}"><i></i></span>', pct(share, total))


@register.simple_tag
def due(until: datetime | None, total_seconds: float | None = None) -> str:
    """Name the state of a clock's box: `due`, with `is-soon` in the last fifth or `is-late` after it."""
    if until is None:
        return "due"
    left = (until - timezone.now()).total_seconds()
    if left < 0:
        return "due is-late"
    return "due is-soon" if left <= (total_seconds or 0) / 5 else "due"


@register.simple_tag
def pct(value: float | None, total: float | None = 100) -> str:
    """Name the class that draws a share, from pct-0 to pct-100."""
    return f"pct-{max(0, min(100, round(100 * (value or 0) / total)))}" if total else "pct-0"


@register.simple_tag
def bars(days: Iterable[str | None], label: str = "") -> SafeString:
    """Draw one bar a day, told apart by height and darkness; None is a day without data."""
    drawn = format_html_join("", '<i class="{}"></i>', ((_bar(state),) for state in days))
    return format_html('<div class="bars" role="img" aria-label="{}">{}</div>', label, drawn)


def _bar(state: str | None) -> str:
    return "none" if state is None else STATES.get(state, ("", "", "none"))[2]


@register.simple_tag
def spark(points: Sequence[float], threshold: float | None = None, classes: str = "") -> SafeString:
    """Draw a small curve, with a dashed line at the threshold."""
    if len(points) < 2:
        return SafeString()
    width, height = (340, 64) if "wide" in classes else (72, 26)
    top = max(*points, threshold or 0) or 1
    step = width / (len(points) - 1)

    def y(value: float) -> float:
        return height - 2 - (height - 4) * max(0.0, value) / top

    line = " ".join(f"{step * n:.1f},{y(value):.1f}" for n, value in enumerate(points))
    rule = (
        format_html('<line class="thr" x1="0" x2="{}" y1="{}" y2="{}"/>', width, *[f"{y(threshold):.1f}"] * 2)
        if threshold is not None
        else ""
    )
    return format_html(
        '<svg class="spark {}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<polygon points="0,{} {} {},{}"/>{}<polyline points="{}"/></svg>',
        classes,
        width,
        height,
        height,
        line,
        width,
        height,
        rule,
        line,
    )


@register.simple_tag
def md(text: str | None) -> SafeString:
    """Write Markdown as harmless HTML."""
    return markdown.to_html(text or "")


@register.simple_block_tag(end_name="endnothing")
def nothing(content: SafeString, icon_name: str, title: str) -> SafeString:
    """Draw an empty state: what will be here, and inside the block why it matters and one action."""
    return format_html('<div class="empty">{}<h3>{}</h3>{}</div>', icon(icon_name), title, content)


@register.simple_block_tag(end_name="enddialog")
def dialog(content: SafeString, name: str, title: str) -> SafeString:
    """Draw a dialog that a `data-open="name"` button opens; inside stand a `.body` and a `footer`."""
    return format_html(
        '<dialog class="dialog" id="{}" aria-labelledby="{}-title"><header><h1 id="{}-title">{}</h1>'
        '<button type="button" class="btn btn-quiet btn-icon" data-close aria-label="Close">{}</button>'
        "</header>{}</dialog>",
        *(name, name, name, title, icon("x"), content),
    )


@register.simple_block_tag(end_name="endentry")
def entry(
    content: SafeString, at: datetime, icon_name: str, pin: str = "", name: str = "", *, minor: bool = False
) -> SafeString:
    """Draw an entry of a timeline: its time to the second, a typed mark, and what happened.

    `pin` is solid, bad, good, info or warn; `name` is the entry's stable id.
    """
    return format_html(
        '<li{}{}>{}<span class="pin {}">{}</span><div class="what">{}</div></li>',
        format_html(' id="{}"', name) if name else "",
        format_html(' class="{}"', "minor") if minor else "",
        *(local_time(at, "seconds"), f"pin-{pin}" if pin else "", icon(icon_name), content),
    )


@register.simple_tag
def live() -> SafeString:
    """Draw the mark that says whether this page is live; it claims nothing until the stream is open."""
    return format_html('<span class="live" data-live-mark role="{}" hidden></span>', "status")


@register.inclusion_tag("ui/_field.html")
def field(bound: BoundField, label: str | None = None, hint: str | None = None) -> dict[str, Any]:
    """Draw a form field with its label, hint and errors, tied together for a screen reader."""
    widget = bound.field.widget
    kind = _kind(widget)
    hint_text = bound.help_text if hint is None else hint
    names = [f"{bound.auto_id}_hint"] if hint_text else []
    names += [f"{bound.auto_id}_err"] if bound.errors else []
    attrs: dict[str, str | bool] = {"class": f"{widget.attrs.get('class', '')} {kind}".strip()}
    if names:
        attrs["aria-describedby"] = " ".join(names)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "label": bound.label if label is None else label,
        "hint": hint_text,
        "hidden": bound.is_hidden,
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, (RadioSelect, CheckboxSelectMultiple)),
        "options": list(bound) if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)) else [],
        "described_by": " ".join(names),
    }


def _kind(widget: Any) -> str:
    if isinstance(widget, (CheckboxInput, RadioSelect, CheckboxSelectMultiple)):
        return ""
    if isinstance(widget, Textarea):
        return "area"
    return "select" if isinstance(widget, Select) and not widget.allow_multiple_selected else "input"


@register.inclusion_tag("ui/_errors.html")
def errors(form: BaseForm, title: str = "Not saved.") -> dict[str, Any]:
    """Draw the summary of an invalid form, with a link to each field that needs attention."""
    wrong = [bound for bound in form if bound.errors and not bound.is_hidden]
    hidden = [text for bound in form if bound.errors and bound.is_hidden for text in bound.errors]
    general = [*form.non_field_errors(), *hidden]
    return {"title": title, "wrong": wrong, "general": general, "shown": bool(wrong or general)}
