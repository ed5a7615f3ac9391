from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.ical import reading
from oncall.feeds.rules import calendars, published, words
from oncall.feeds.rules.calendars import Entry
from oncall.feeds.rules.published import Published, Shift
from oncall.feeds.rules.words import Duty

ANA, BEN = 1, 2
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = published.window(NOW)
BERLIN = ZoneInfo("Europe/Berlin")


def day(number: int, hour: int = 0) -> datetime:
    """A day of December 2026."""
    return datetime(2026, 12, number, hour, tzinfo=UTC)


def revise(
    known: list[Published], *wanted: Shift, now: datetime = NOW, host: str = "pager.example"
) -> list[Published]:
    return published.revise(known, wanted, schedule=7, within=published.window(now), host=host, now=now)


def brief(rows: list[Published]) -> list[tuple[str, int, str, int, bool]]:
    return [
        (
            row.uid.split("@")[0],
            row.user,
            f"{row.start:%d.%H}-{row.end:%d.%H}",
            row.sequence,
            bool(row.cancelled_at),
        )
        for row in rows
    ]


LATER = NOW + timedelta(hours=1)


def test_a_shift_keeps_its_uid_over_an_edit_and_its_sequence_rises() -> None:
    first = revise([], Shift(ANA, day(1), day(8)), Shift(BEN, day(8), day(15)))
    assert brief(first) == [
        ("shift-7-1-20261201T000000Z", ANA, "01.00-08.00", 0, False),
        ("shift-7-2-20261208T000000Z", BEN, "08.00-15.00", 0, False),
    ]
    second = revise(first, Shift(ANA, day(2), day(9)), Shift(BEN, day(9), day(15)), now=LATER)
    assert brief(second) == [
        ("shift-7-1-20261201T000000Z", ANA, "02.00-09.00", 1, False),
        ("shift-7-2-20261208T000000Z", BEN, "09.00-15.00", 1, False),
    ]
    assert revise(second, Shift(ANA, day(2), day(9)), Shift(BEN, day(9), day(15)), now=LATER) == second


def test_what_is_removed_is_cancelled_and_comes_back_under_its_old_name() -> None:
    first = revise([], Shift(ANA, day(1), day(8)))
    gone = revise(first, now=LATER)
    assert brief(gone) == [("shift-7-1-20261201T000000Z", ANA, "01.00-08.00", 1, True)]
    assert revise(gone, now=LATER + timedelta(hours=1)) == gone, "it is cancelled once"
    back = revise(gone, Shift(ANA, day(1), day(8)), now=LATER)
    assert brief(back) == [("shift-7-1-20261201T000000Z", ANA, "01.00-08.00", 2, False)]


def test_another_person_s_shift_is_another_shift() -> None:
    first = revise([], Shift(ANA, day(1), day(8)))
    assert brief(revise(first, Shift(BEN, day(1), day(8)), now=LATER)) == [
        ("shift-7-1-20261201T000000Z", ANA, "01.00-08.00", 1, True),
        ("shift-7-2-20261201T000000Z", BEN, "01.00-08.00", 0, False),
    ]


def test_of_a_shift_cut_in_two_the_longer_part_keeps_the_name() -> None:
    first = revise([], Shift(ANA, day(1), day(8)))
    cut = revise(first, Shift(ANA, day(1), day(3)), Shift(ANA, day(4), day(8)), now=LATER)
    assert brief(cut) == [
        ("shift-7-1-20261201T000000Z-2", ANA, "01.00-03.00", 0, False),
        ("shift-7-1-20261201T000000Z", ANA, "04.00-08.00", 1, False),
    ]


def test_what_is_over_stays_as_it_was_told() -> None:
    past = Shift(ANA, NOW - timedelta(days=9), NOW - timedelta(days=2))
    first = revise([], past)
    assert revise(first) == first


def test_the_window_moves_once_a_month_and_what_it_cuts_off_was_told_before() -> None:
    assert (WINDOW.start, WINDOW.end) == (
        datetime(2026, 8, 1, tzinfo=UTC),
        datetime(2027, 12, 1, tzinfo=UTC),
    )
    assert published.window(NOW + timedelta(days=9)) == WINDOW
    always = revise([], Shift(ANA, WINDOW.start, WINDOW.end))
    next_month = NOW + timedelta(days=15)
    moved = published.window(next_month)
    (row,) = revise(always, Shift(ANA, moved.start, moved.end), now=next_month)
    assert (row.start, row.end, row.sequence) == (WINDOW.start, moved.end, 1)


def test_slices_are_joined_to_shifts_whatever_layer_they_come_from() -> None:
    slices = [
        (day(1), day(2), (ANA,)),
        (day(2), day(3), (ANA, BEN)),
        (day(3), day(4), ()),
        (day(4), day(5, 12).replace(microsecond=7), (ANA,)),
    ]
    assert published.shifts(slices) == [
        Shift(ANA, day(1), day(3)),
        Shift(BEN, day(2), day(3)),
        Shift(ANA, day(4), day(5, 12)),
    ]
    moment = day(1)
    assert published.shifts([(moment, moment.replace(microsecond=9), (ANA,))]) == []


def test_a_cancelled_shift_is_told_for_thirty_days() -> None:
    (row,) = revise(revise([], Shift(ANA, day(1), day(8))), now=LATER)
    assert published.is_told(row, now=LATER + timedelta(days=29))
    assert not published.is_told(row, now=LATER + timedelta(days=31))


NAME = "Jürgen Großkreuz-Łukaszewski, 夜間当番チーム"


def written(*, zone: ZoneInfo = BERLIN, name: str = NAME) -> bytes:
    """A shift over the end of summer time, one that was moved, one that is gone."""
    over = Shift(ANA, datetime(2026, 10, 19, 7, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC))
    rows = revise([], over, Shift(BEN, day(1, 8), day(2, 8)), Shift(BEN, day(5, 8), day(6, 8)))
    rows = revise(rows, over, Shift(BEN, day(1, 8), day(2, 12)), now=LATER)
    entries = [Entry(row, f"{name}: Nights; weekly", "https://pager.example/on-call/nights/") for row in rows]
    return calendars.write(entries, name="On call: Nights", zone=zone)


def unfolded(data: bytes) -> list[str]:
    return data.decode().replace("\r\n ", "").split("\r\n")


def events(data: bytes) -> list[dict[str, str]]:
    """The properties of each event by their name with parameters."""
    blocks = "\n".join(unfolded(data)).split("BEGIN:VEVENT\n")[1:]
    return [dict(line.split(":", 1) for line in each.split("\nEND:VEVENT")[0].split("\n")) for each in blocks]


def test_x58_the_calendar_line_by_line() -> None:
    lines = unfolded(written())
    head = lines[: lines.index("BEGIN:VTIMEZONE")]
    assert (head[0], sorted(head[1:])) == (
        "BEGIN:VCALENDAR",
        [
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "PRODID:-//Watchbill//On-call//EN",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "VERSION:2.0",
            "X-PUBLISHED-TTL:PT1H",
            "X-WR-CALNAME:On call: Nights",
            "X-WR-TIMEZONE:Europe/Berlin",
        ],
    )
    title = NAME.replace(",", "\\,") + ": Nights\\; weekly"
    assert events(written()) == [
        {
            "SUMMARY": title,
            "DTSTART;TZID=Europe/Berlin": "20261019T090000",
            "DTEND;TZID=Europe/Berlin": "20261026T090000",
            "DTSTAMP": "20261121T120000Z",
            "UID": "shift-7-1-20261019T070000Z@pager.example",
            "SEQUENCE": "0",
            "LAST-MODIFIED": "20261121T120000Z",
            "STATUS": "CONFIRMED",
            "TRANSP": "TRANSPARENT",
            "URL": "https://pager.example/on-call/nights/",
            "X-MICROSOFT-CDO-BUSYSTATUS": "FREE",
        },
        {
            "SUMMARY": title,
            "DTSTART;TZID=Europe/Berlin": "20261201T090000",
            "DTEND;TZID=Europe/Berlin": "20261202T130000",
            "DTSTAMP": "20261121T130000Z",
            "UID": "shift-7-2-20261201T080000Z@pager.example",
            "SEQUENCE": "1",
            "LAST-MODIFIED": "20261121T130000Z",
            "STATUS": "CONFIRMED",
            "TRANSP": "TRANSPARENT",
            "URL": "https://pager.example/on-call/nights/",
            "X-MICROSOFT-CDO-BUSYSTATUS": "FREE",
        },
        {
            "SUMMARY": title,
            "DTSTART;TZID=Europe/Berlin": "20261205T090000",
            "DTEND;TZID=Europe/Berlin": "20261206T090000",
            "DTSTAMP": "20261121T130000Z",
            "UID": "shift-7-2-20261205T080000Z@pager.example",
            "SEQUENCE": "1",
            "LAST-MODIFIED": "20261121T130000Z",
            "STATUS": "CANCELLED",
            "TRANSP": "TRANSPARENT",
            "URL": "https://pager.example/on-call/nights/",
            "X-MICROSOFT-CDO-BUSYSTATUS": "FREE",
        },
    ]


def test_apple_reads_the_zone_from_the_file_with_both_of_its_times() -> None:
    zone = "\n".join(unfolded(written())).split("BEGIN:VTIMEZONE\n")[1].split("END:VTIMEZONE")[0]
    assert zone.startswith("TZID:Europe/Berlin\n")
    standard = zone.split("BEGIN:STANDARD\n")[1].split("END:STANDARD")[0].split("\n")
    assert {"DTSTART:20261025T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100"} <= set(standard)
    assert "BEGIN:DAYLIGHT" in zone


def test_google_finds_a_uid_once_and_every_stamp_in_utc() -> None:
    found = events(written())
    assert len({event["UID"] for event in found}) == len(found)
    assert all(event["DTSTAMP"].endswith("Z") and event["LAST-MODIFIED"].endswith("Z") for event in found)


def test_outlook_gets_crlf_and_lines_of_75_octets_that_cut_no_letter() -> None:
    data = written()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert data.endswith(b"END:VCALENDAR\r\n")
    lines = data.split(b"\r\n")
    assert 70 < max(len(line) for line in lines) <= 75, "the titles are longer than that"
    for line in lines:
        line.decode()  # raises where a letter of several octets is cut


def test_x57_no_name_begins_a_line_of_its_own() -> None:
    hostile = "Mallory\r\nEND:VEVENT\r\nBEGIN:VALARM\nATTENDEE:mailto:a@example.com\x00\u2028x"
    lines = unfolded(written(name=hostile))
    assert lines.count("END:VEVENT") == 3
    assert not [line for line in lines if line.startswith(("BEGIN:VALARM", "ATTENDEE"))]
    assert (
        "SUMMARY:Mallory END:VEVENT BEGIN:VALARM ATTENDEE:mailto:a@example.com x: Nights\\; weekly" in lines
    )


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]
)
def test_s15_what_is_exported_is_read_back_as_the_same_shifts(zone: str) -> None:
    """Hourly turns over both nights of every zone: also the hour that comes twice keeps its moment."""
    wanted = [
        Shift(
            ANA if number % 2 else BEN, begin + timedelta(hours=number), begin + timedelta(hours=number + 1)
        )
        for begin in (
            datetime(2026, 10, 3, tzinfo=UTC),
            datetime(2026, 10, 24, tzinfo=UTC),
            datetime(2026, 10, 31, tzinfo=UTC),
            datetime(2027, 3, 13, tzinfo=UTC),
            datetime(2027, 3, 27, tzinfo=UTC),
            datetime(2027, 4, 3, tzinfo=UTC),
        )
        for number in range(48)
    ]
    rows = revise([], *wanted)
    entries = [Entry(row, str(row.user), "https://pager.example/") for row in rows]
    data = calendars.write(entries, name="x", zone=ZoneInfo(zone))
    content = reading.read(data, start=WINDOW.start, end=WINDOW.end, zone=ZoneInfo("UTC"))
    assert content.skipped == ()
    assert [Shift(int(event.title), event.start, event.end) for event in content.events] == wanted


def test_an_empty_calendar_is_a_calendar() -> None:
    data = calendars.write([], name="x", zone=BERLIN)
    assert reading.read(data, start=WINDOW.start, end=WINDOW.end, zone=BERLIN).events == ()


NIGHTS = Duty("Nights", ["Ana Example", "Ben <Example>"], "Monday 09:00 CET", ["Cleo & Co"])


def test_who_is_on_call_as_text() -> None:
    assert words.text([NIGHTS, Duty("Days", []), Duty("Always", ["Ana"])]) == (
        "Nights: Ana Example and Ben <Example>, until Monday 09:00 CET, then Cleo & Co\n"
        "Days: nobody is on call\n"
        "Always: Ana\n"
    )
    assert words.text([replace(NIGHTS, schedule="A\nB: root", people=["x\r\ny"])]).count("\n") == 1


def test_who_is_on_call_as_twiml_that_reads_out_names_and_dials_nobody() -> None:
    assert words.twiml([NIGHTS, Duty("Days\x00\n", [])]) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Response><Say language="en-GB">On call now. Nights: Ana Example and Ben &lt;Example&gt;,'
        " until Monday 09:00 CET, then Cleo &amp; Co. Days : nobody is on call.</Say></Response>\n"
    )
    assert "There is no schedule." in words.twiml([])
