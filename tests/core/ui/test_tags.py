from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.utils import timezone

from core.ui.showcase import ExampleForm, Level, Person
from tests.core.ui.test_markdown import HOSTILE, Tags

NOW = datetime(2026, 11, 21, 3, 33, tzinfo=UTC)
MARTA = Person(5, "Marta Okafor", "MO")
SEV2 = Level(2, "SEV2", "Major")


def draw(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def test_an_icon_points_into_the_sprite_and_is_silent() -> None:
    assert draw('{% icon "bell" "i-sm" %}') == (
        '<svg class="i i-sm" aria-hidden="true"><use href="/static/icons.svg#bell"/></svg>'
    )


@pytest.mark.parametrize(
    ("level", "shape", "digit"),
    [
        (Level(1, "SEV1", "Critical"), "sev1", "1"),
        (Level(1, "SEV0", "Critical"), "sev1", "0"),
        (Level(4, "P4", "Low"), "sev4", "4"),
        (Level(6, "SEV6", "Trivial"), "sev4", "6"),
        (Level(3, "Minor", "Minor"), "sev3", "3"),
    ],
)
def test_a_severity_is_told_by_shape_number_and_word(level: Level, shape: str, digit: str) -> None:
    html = draw("{% sev level %}", level=level)
    assert f'class="sev {shape}"' in html
    assert f"#{shape}" in html
    assert f"<b>{digit}</b>" in html
    assert html.endswith(f"</span>{level.label}</span>")
    assert draw("{{ level|sev_class }}", level=level) == shape


def test_a_severity_may_carry_its_name_and_may_be_missing() -> None:
    assert draw("{% sev level full=True %}", level=SEV2).endswith("SEV2 Major</span>")
    assert draw("{% sev None %}") == '<span class="sev mut">Severity not set</span>'


def test_a_person_has_the_same_hue_everywhere_and_a_name() -> None:
    assert draw('{% who user "you" %}', user=MARTA) == (
        '<span class="who"><span class="av p5" aria-hidden="true">MO</span>'
        "<span>Marta Okafor <small>you</small></span></span>"
    )
    assert draw("{% avatar user %}", user=Person(13, "Ada Ox", "AO")).startswith('<span class="av p5 "')
    assert "Nobody" in draw("{% who None %}")
    assert 'aria-label="Nobody"' in draw("{% avatar None %}")


def test_many_people_are_counted() -> None:
    people = [Person(n, f"Person {n}", f"P{n}") for n in range(6)]
    html = draw("{% avatars people %}", people=people)
    assert html.count("aria-label") == 4
    assert html.endswith('<span class="av av-more">+2</span></span>')


@pytest.mark.parametrize(
    ("state", "css", "word"),
    [
        ("operational", "ok", "Operational"),
        ("degraded_performance", "degraded", "Degraded performance"),
        ("partial_outage", "partial", "Partial outage"),
        ("major_outage", "major", "Major outage"),
        ("under_maintenance", "maint", "Under maintenance"),
        ("whatever", "unknown", "Unknown"),
    ],
)
def test_a_component_state_is_told_by_shape_and_word(state: str, css: str, word: str) -> None:
    html = draw("{% st state %}", state=state)
    assert f"st-{css}" in html
    assert html.endswith(f"</svg>{word}</span>")


def test_bars_are_told_apart_by_class_and_summed_up_in_words() -> None:
    html = draw('{% bars days "Two days" %}', days=[None, "operational", "major_outage"])
    assert html == (
        '<div class="bars" role="img" aria-label="Two days">'
        '<i class="none"></i><i class=""></i><i class="maj"></i></div>'
    )


@pytest.mark.parametrize(
    ("value", "total", "css"),
    [
        (45, 100, "pct-45"),
        (1, 3, "pct-33"),
        (-4, 100, "pct-0"),
        (9, 4, "pct-100"),
        (None, 5, "pct-0"),
        (1, 0, "pct-0"),
    ],
)
def test_a_share_is_a_class(value: float | None, total: float, css: str) -> None:
    assert draw("{% pct value total %}", value=value, total=total) == css


@time_machine.travel(NOW, tick=False)
def test_a_recent_time_says_how_long_ago_and_an_older_one_the_day() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert draw("{% local_time at %}", at=NOW - timedelta(minutes=8)) == (
            '<time datetime="2026-11-21T03:25:00Z" title="2026-11-21T04:25:00+01:00">'
            '<local-time datetime="2026-11-21T03:25:00Z" zone="Europe/Berlin">04:25, 8 min ago</local-time></time>'
        )
        assert ">Mon 9 Nov 04:33<" in draw("{% local_time at %}", at=NOW - timedelta(days=12))
    assert ">03:33:00</time>" in draw('{% local_time at "seconds" %}', at=NOW)
    assert ">Sat 21 Nov</time>" in draw('{% local_time at "day" %}', at=NOW)
    assert draw("{% local_time None %}") == '<span class="mut">not yet</span>'
    assert ">8 min ago<" in draw("{% ago at %}", at=NOW - timedelta(minutes=8))
    assert draw("{% ago None %}") == '<span class="mut">never</span>'


@time_machine.travel(NOW, tick=False)
def test_a_clock_since_an_instant_runs_until_it_ended() -> None:
    started = NOW - timedelta(minutes=37, seconds=12)
    assert draw("{% since at %}", at=started) == (
        '<since-time since="2026-11-21T02:55:48Z" role="timer" title="since 2026-11-21T02:55:48+00:00">37:12</since-time>'
    )
    assert draw("{% since at until %}", at=started, until=started + timedelta(seconds=61)) == "01:01"


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("seconds", "text", "meter", "box"),
    [
        (408, ">06:48<", "meter pct-55", "due"),
        (100, ">01:40<", "meter pct-89", "due is-soon"),
        (-185, ">+03:05<", "meter pct-100", "due is-late"),
    ],
)
def test_a_countdown_fills_its_meter_and_goes_on_past_zero(
    seconds: int, text: str, meter: str, box: str
) -> None:
    until = NOW + timedelta(seconds=seconds)
    html = draw("{% countdown until 900 %}", until=until)
    assert text in html
    assert f'<span class="{meter}">' in html
    assert 'role="timer"' in html
    assert draw("{% due until 900 %}", until=until) == box


@time_machine.travel(NOW, tick=False)
def test_a_countdown_can_drain_and_can_be_without_a_meter() -> None:
    until = NOW + timedelta(seconds=252)
    assert '<span class="meter pct-84">' in draw("{% countdown until 300 drain=True %}", until=until)
    assert "meter" not in draw("{% countdown until %}", until=until)
    assert draw("{% countdown None %}") == '<span class="mut">none due</span>'
    assert draw("{% due None %}") == "due"


def test_a_curve_has_its_threshold() -> None:
    html = draw('{% spark points 5 "bad" %}', points=[0, 5, 10])
    assert '<svg class="spark bad" viewBox="0 0 72 26"' in html
    assert '<polyline points="0.0,24.0 36.0,13.0 72.0,2.0"/>' in html
    assert '<line class="thr" x1="0" x2="72" y1="13.0" y2="13.0"/>' in html
    assert draw("{% spark points %}", points=[1]) == ""


def test_a_refused_field_is_tied_to_its_hint_and_its_error() -> None:
    form = ExampleForm({"title": "", "next_update": "90"})
    html = draw("{% field form.next_update %}", form=form)
    select = dict(Tags(html).found)["select"]
    assert select["class"] == "select"
    assert select["aria-invalid"] == "true"
    assert select["aria-describedby"] == "id_next_update_hint id_next_update_err"
    assert '<div class="hint" id="id_next_update_hint">At most 15 min here.</div>' in html
    assert "This level allows at most 15 min." in html
    assert '<label for="id_next_update">Next update in</label>' in html


def test_a_sound_field_says_nothing_more_than_its_label() -> None:
    html = draw("{% field form.note %}", form=ExampleForm())
    assert "aria-" not in html.replace("aria-hidden", "")
    assert '<label for="id_note">Note <span class="mut">optional</span></label>' in html
    assert 'class="area"' in html


def test_a_group_of_choices_is_a_fieldset_and_a_tick_box_stands_before_its_label() -> None:
    html = draw("{% field form.audience %}{% field form.tell %}", form=ExampleForm())
    assert html.count('<input type="radio"') == 2
    assert '<legend class="lbl">Audience</legend>' in html
    assert '<label class="check" for="id_tell"><input type="checkbox"' in html


def test_the_summary_links_to_each_field_that_needs_attention() -> None:
    html = draw("{% errors form %}", form=ExampleForm({"title": "", "next_update": "90"}))
    assert 'role="alert"' in html
    assert "3 fields need attention:" in html
    assert '<a class="link" href="#id_title">Title</a>' in html
    assert draw("{% errors form %}", form=ExampleForm()).strip() == ""


def test_what_is_wrong_with_a_hidden_field_is_said_in_words() -> None:
    class Keyed(forms.Form):
        key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"invalid": "Load the page again."})

    html = draw("{% errors form %}", form=Keyed({"key": "x"}))
    assert "Load the page again." in html
    assert "attention" not in html


def test_an_empty_state_carries_its_one_action() -> None:
    html = draw('{% nothing "life" "No incidents yet" %}<a href="/x/">Declare</a>{% endnothing %}')
    assert html.startswith('<div class="empty">')
    assert html.endswith('<h3>No incidents yet</h3><a href="/x/">Declare</a></div>')


def test_a_timeline_entry_and_a_dialog_have_stable_ids() -> None:
    html = draw('{% entry at "note" "solid" "e7" minor=True %}<p>Text</p>{% endentry %}', at=NOW)
    assert html.startswith('<li id="e7" class="minor"><time datetime="2026-11-21T03:33:00Z"')
    assert '<span class="pin pin-solid">' in html
    assert 'aria-labelledby="d-title"' in draw('{% dialog "d" "Resolve?" %}x{% enddialog %}')


TAGS = [
    "{% icon text text %}",
    "{% tag text text %}",
    "{% st text %}",
    "{% bars days text %}",
    "{% who user text %}",
    "{% avatar user %}",
    "{% sev level full=True %}",
    "{% countdown at 60 text %}",
    "{% spark points 1 text %}",
    '{% nothing "life" text %}{{ text }}{% endnothing %}',
    "{% dialog text text %}{{ text }}{% enddialog %}",
    '{% entry at "note" text text %}{{ text }}{% endentry %}',
    "{% md text %}",
    "{% field form.title %}",
    "{% errors form %}",
]
SAFE = {
    *(
        "svg",
        "use",
        "span",
        "b",
        "i",
        "div",
        "p",
        "small",
        "h1",
        "h3",
        "dialog",
        "header",
        "button",
        "li",
        "time",
    ),
    *(
        "count-down",
        "polygon",
        "polyline",
        "line",
        "label",
        "input",
        "a",
        "ul",
        "ol",
        "strong",
        "em",
        "s",
        "code",
    ),
    *("pre", "blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td", "h4", "h5", "h6"),
}


@pytest.mark.parametrize("source", TAGS)
def test_no_tag_lets_markup_through(source: str) -> None:
    for text in [
        *HOSTILE,
        '"><script>alert(1)</script>',
        "' onfocus=alert(1) autofocus x='",
        "{{ 7|add:7 }}",
    ]:
        form = ExampleForm({"title": text})
        form.fields["title"].label = text
        form.add_error("title", text)
        html = draw(
            source,
            text=text,
            days=[text, None],
            user=Person(1, text, text[:2]),
            level=Level(1, text, text),
            at=NOW,
            points=[1, 2],
            form=form,
        )
        for tag, attributes in Tags(html).found:
            assert tag in SAFE
            assert not [name for name in attributes if name.startswith(("on", "hx-", "data-hx", "style"))]
            assert (
                not (attributes.get("href") or "")
                .lower()
                .lstrip()
                .startswith(("javascript:", "data:", "vbscript:"))
            )
