from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.ical import reading
from core.ical.reading import Skipped, Unreadable

BERLIN = ZoneInfo("Europe/Berlin")
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def calendar(*events: str, head: str = "") -> bytes:
    """A calendar of these events, each given as the lines between BEGIN and END."""
    body = "\n".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}\n{body}\nEND:VCALENDAR\n".replace("\n", "\r\n").encode()


def read(data: bytes, *, start: datetime = START, end: datetime = END) -> reading.Content:
    return reading.read(data, start=start, end=end, zone=BERLIN)


def starts(event: str) -> list[str]:
    """When an event begins in 2026, by the clocks of Berlin."""
    content = read(calendar(event))
    assert not content.skipped
    return [f"{each.start.astimezone(BERLIN):%m-%d %H:%M}" for each in content.events]


def why(event: str) -> str:
    """Why an event is left out."""
    content = read(calendar(event))
    assert not content.events
    return content.skipped[0].reason


def test_an_event_says_who_and_from_when_until_when() -> None:
    content = read(
        calendar(
            "UID:one@example.com\nSUMMARY:Ana is away\\, back on\n  Monday\n"
            "DTSTART;TZID=Europe/Berlin:20260702T090000\nDTEND;TZID=Europe/Berlin:20260702T173000\n"
            'ATTENDEE;CN="Example, Ana";ROLE=CHAIR:MAILTO:Ana@Example.com\nORGANIZER:mailto:boss@example.com',
            head="X-WR-CALNAME:Absences",
        )
    )
    (event,) = content.events
    assert content.name == "Absences"
    assert event.uid == "one@example.com"
    assert event.title == "Ana is away, back on Monday"
    assert (event.invited, event.organizer) == (("ana@example.com",), "boss@example.com")
    assert (event.start, event.end) == (
        datetime(2026, 7, 2, 7, tzinfo=UTC),
        datetime(2026, 7, 2, 15, 30, tzinfo=UTC),
    )
    assert not event.is_all_day


def test_a_date_is_the_whole_day_of_the_reader_and_its_end_does_not_count() -> None:
    (event,) = read(calendar("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330")).events
    assert (event.start, event.end) == (
        datetime(2026, 3, 27, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )
    assert event.end - event.start == timedelta(hours=47), "the clock jumps on the second day"
    (alone,) = read(calendar("DTSTART;VALUE=DATE:20260701")).events
    assert (alone.end - alone.start, alone.is_all_day) == (timedelta(days=1), True)


@pytest.mark.parametrize(
    ("zone", "head"),
    [
        ("Europe/Berlin", ""),
        ("W. Europe Standard Time", ""),
        ("/freeassociation.sourceforge.net/Europe/Berlin", ""),
        ("/citadel.org/20210210_1/Europe/Berlin", ""),
        ("Our office", "BEGIN:VTIMEZONE\nTZID:Our office\nX-LIC-LOCATION:Europe/Berlin\nEND:VTIMEZONE"),
    ],
)
def test_the_zone_of_a_time_is_known_by_each_of_its_names(zone: str, head: str) -> None:
    event = f"DTSTART;TZID={zone}:20260701T090000\nDURATION:PT1H"
    (found,) = read(calendar(event, head=head)).events
    assert found.start == datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_a_time_without_a_zone_is_that_of_the_calendar_else_of_the_reader() -> None:
    event = "DTSTART:20260701T090000\nDURATION:PT1H"
    assert read(calendar(event)).events[0].start.hour == 7
    assert read(calendar(event, head="X-WR-TIMEZONE:America/New_York")).events[0].start.hour == 13
    assert read(calendar(event, head="X-WR-TIMEZONE:Nowhere")).events[0].start.hour == 7


def test_on_the_nights_of_the_clock_a_missing_time_moves_forward_and_a_double_one_is_the_first() -> None:
    content = read(
        calendar(
            "DTSTART;TZID=Europe/Berlin:20260329T023000\nDURATION:PT1H",
            "DTSTART;TZID=Europe/Berlin:20261025T023000\nDURATION:PT1H",
        )
    )
    assert [event.start for event in content.events] == [
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    ]


def test_a_repeated_shift_keeps_its_hours_over_a_change_of_the_clock() -> None:
    weekly = (
        "DTSTART;TZID=Europe/Berlin:20260323T090000\nDTEND;TZID=Europe/Berlin:20260330T090000\n"
        "RRULE:FREQ=WEEKLY;COUNT=2"
    )
    first, second = read(calendar(weekly)).events
    assert first.end == second.start == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert first.end - first.start == timedelta(hours=167)


def test_hours_of_a_duration_pass_and_days_are_those_of_the_wall() -> None:
    content = read(
        calendar(
            "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1D",
            "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT24H",
        )
    )
    assert sorted(event.end - event.start for event in content.events) == [
        timedelta(hours=23),
        timedelta(hours=24),
    ]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY;COUNT=3", ["01-29", "01-30", "01-31"]),
        ("FREQ=DAILY;INTERVAL=10;UNTIL=20260220", ["01-29", "02-08", "02-18"]),
        ("FREQ=DAILY;BYDAY=MO,TH;COUNT=4", ["01-29", "02-02", "02-05", "02-09"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=4", ["01-29", "02-10", "02-12", "02-24"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,SU;WKST=SU;COUNT=4", ["01-29", "02-08", "02-12", "02-22"]),
        ("FREQ=MONTHLY;COUNT=3", ["01-29", "03-29", "04-29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", ["01-29", "01-31", "02-28"]),
        ("FREQ=MONTHLY;BYDAY=2MO,-1FR;COUNT=5", ["01-29", "01-30", "02-09", "02-27", "03-09"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", ["01-29", "01-30", "02-27"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=4", ["01-29", "02-13", "03-13", "11-13"]),
        ("FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU", ["01-29", "03-29", "10-25"]),
        ("FREQ=YEARLY;BYMONTHDAY=15;COUNT=3", ["01-29", "02-15", "03-15"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", ["01-29"]),
        ("FREQ=WEEKLY;UNTIL=20260212T080000Z", ["01-29", "02-05", "02-12"]),
        ("FREQ=WEEKLY;UNTIL=20260212T075959Z", ["01-29", "02-05"]),
    ],
)
def test_a_rule_repeats_an_event(rule: str, days: list[str]) -> None:
    event = f"DTSTART;TZID=Europe/Berlin:20260129T090000\nDURATION:PT1H\nRRULE:{rule}"
    assert starts(event) == [f"{day} 09:00" for day in days]


def test_a_rule_that_began_long_ago_gives_what_lies_in_the_window() -> None:
    event = "DTSTART;TZID=Europe/Berlin:19700105T090000\nDURATION:P7D\nRRULE:FREQ=WEEKLY;INTERVAL=26"
    assert len(starts(event)) in {2, 3}
    yearly = "DTSTART;VALUE=DATE:19040229\nRRULE:FREQ=YEARLY"
    assert starts(yearly) == [], "2026 has no such day"


def test_repetitions_are_left_out_added_moved_and_cancelled() -> None:
    event = (
        "UID:a\nDTSTART:20260601T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\n"
        "EXDATE;TZID=Europe/Berlin:20260602T090000\nRDATE:20260620T090000"
    )
    moved = "UID:a\nRECURRENCE-ID:20260603T090000\nDTSTART:20260603T140000\nDURATION:PT2H"
    cancelled = "UID:a\nRECURRENCE-ID:20260604T090000\nDTSTART:20260604T090000\nSTATUS:CANCELLED"
    found = read(calendar(event, moved, cancelled)).events
    assert [f"{each.start.astimezone(BERLIN):%d %H}" for each in found] == [
        "01 09",
        "03 14",
        "05 09",
        "20 09",
    ]
    assert read(calendar("UID:b\nDTSTART:20260601T090000\nDURATION:PT1H\nSTATUS:CANCELLED")).events == ()


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("SUMMARY:No time", "it does not say when it begins"),
        ("DTSTART:tomorrow\nDURATION:PT1H", '"tomorrow" is no time'),
        ("DTSTART:20260230T090000\nDURATION:PT1H", '"20260230T090000" is no time'),
        ("DTSTART:00010101T000000\nDURATION:PT1H", "it lies in the year 1"),
        ("DTSTART;TZID=Nowhere:20260601T090000\nDURATION:PT1H", 'its time zone "Nowhere" is not known'),
        ("DTSTART;TZID=../../etc/passwd:20260601T090000", 'its time zone "../../etc/passwd" is not known'),
        ("DTSTART:20260601T090000\nDTEND:20260601T080000", "it ends when or before it begins"),
        ("DTSTART:20260601T090000", "it ends when or before it begins"),
        ("DTSTART:20260601T090000\nDTEND;VALUE=DATE:20260602", "it begins on a date and ends at a time"),
        ("DTSTART:20260601T090000\nDURATION:soon", '"soon" is no length of time'),
        ("DTSTART:20260601\nRRULE:FREQ=SECONDLY", "it repeats more often than daily"),
        ("DTSTART:20260601\nRRULE:FREQ=DAILY;BYHOUR=1", "it repeats by BYHOUR, which is not read"),
        ("DTSTART:20260601\nRRULE:FREQ=DAILY;INTERVAL=0", "INTERVAL=0 means nothing"),
        ("DTSTART:20260601\nRRULE:FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX means nothing"),
        ("DTSTART:20260601\nRRULE:FREQ=WEEKLY;BYDAY=2MO", "it counts weekdays of no month"),
        ("DTSTART:20260601\nRRULE:often", "it does not say how often it repeats"),
        ("DTSTART:20260601\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "it repeats by several rules"),
        ("DTSTART:19000101\nRRULE:FREQ=DAILY;COUNT=99999", "it repeats too often"),
    ],
)
def test_an_event_that_cannot_be_read_is_left_out_and_named(event: str, reason: str) -> None:
    assert why(event) == reason


def test_what_can_be_read_counts_beside_what_cannot() -> None:
    content = read(calendar("SUMMARY:Bad\nDTSTART:x", "SUMMARY:Good\nDTSTART:20260601"))
    assert [event.title for event in content.events] == ["Good"]
    assert content.skipped == (Skipped("Bad", '"x" is no time'),)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "does not begin with BEGIN:VCALENDAR"),
        (b"<html><body>Sign in</body></html>", "does not begin with BEGIN:VCALENDAR"),
        (b"\xff\xfe\x00B", "does not begin with BEGIN:VCALENDAR"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260601", "cut off"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR", "END:VCALENDAR closes nothing"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 9, "too deep"),
        (calendar(*["DTSTART:20260601"] * 5_001), "more than 5,000 events"),
        (b"BEGIN:VCALENDAR" + b" " * 1_000_000, "larger than 1 MB"),
        (calendar(*["DTSTART:20260601\nRRULE:FREQ=DAILY"] * 30), "more than 5,000 events in two years"),
        (
            calendar(*["DTSTART:19900101\nRRULE:FREQ=DAILY;COUNT=9000"] * 6),
            "repeats its events too often",
        ),
    ],
)
def test_what_is_no_calendar_or_too_much_of_one_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(data)


def test_no_file_makes_more_than_a_bounded_number_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long elsewhere: a rule of seconds since 1970, rules that never come true, endless counts."""
    spent: list[int] = []
    count = reading._Work.spend

    def spend(work: reading._Work) -> None:
        spent.append(1)
        count(work)

    monkeypatch.setattr(reading._Work, "spend", spend)
    hostile = {
        "DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY": 0,
        "DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=MINUTELY;COUNT=99999": 0,
        "DTSTART:19700101\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": 10,
        "DTSTART:19700101\nRRULE:FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2;INTERVAL=1000": 10,
        "DTSTART:19700101\nRRULE:FREQ=DAILY": 1_600,
        "DTSTART:19700101\nRRULE:FREQ=DAILY;COUNT=99999": reading.MOST_STEPS_OF_ONE + 1,
        "DTSTART:19700101\nDURATION:P9999W\nRRULE:FREQ=DAILY": reading.MOST_STEPS_OF_ONE + 1,
    }
    two_years = START + timedelta(days=731)
    for event, most in hostile.items():
        spent.clear()
        read(calendar(event), end=two_years)
        assert len(spent) <= most, event


def test_a_window_is_two_years_at_most() -> None:
    with pytest.raises(ValueError, match="two years"):
        read(calendar(), end=START + timedelta(days=733))


def test_titles_hold_no_control_characters_and_end_somewhere() -> None:
    (event,) = read(calendar(f"SUMMARY:a\\nb\x00c\x1b[31m{'x' * 999}\nDTSTART:20260601")).events
    assert event.title.startswith("a b c [31mxxx")
    assert len(event.title) == reading.LONGEST_TEXT
