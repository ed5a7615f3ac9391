"""The scripts and the style sheet, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import override_settings
from playwright.sync_api import expect

from core.ui import shell
from core.ui.shell import Action, Mood, NavItem
from tests.core.ui import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Route

pytestmark = pytest.mark.browser
HOST = "http://127.0.0.1:8000"
FRESH: dict[str, Any] = {"_nav": {}, "_menu": {}, "_duty": [], "_action": []}


@pytest.fixture
def tab(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A tab in which nothing may break the content policy or fall over."""
    for name, empty in FRESH.items():
        monkeypatch.setattr(shell, name, empty)
    shell.add_nav(NavItem("Respond", "Elsewhere", "bell", "ui:more", 1, key="E", tab=True))
    shell.set_action(Action("Declare incident", "plus", "ui:kit", "d"))
    pages.turns.clear()
    pages.posts.clear()
    context = browser.new_context(base_url=HOST, permissions=["clipboard-read", "clipboard-write"])
    answer = pages.answer_in_process()
    context.route("**/*", answer)
    context.route("**/live/**", lambda route: route.fulfill(**pages.stream(("beat", "1"))))
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None
    )
    with override_settings(ROOT_URLCONF="tests.core.ui.pages"):
        yield page
    context.close()
    assert wrong == []


def test_a_changed_topic_brings_the_regions_new_state_and_leaves_the_persons_work_alone(tab: Page) -> None:
    tab.context.unroute("**/live/**")
    tab.context.route("**/live/**", lambda route: route.abort())
    tab.goto("/t/region-page/")
    tab.fill("#note", "typed and focused")
    tab.fill("#name", "typed")
    tab.select_option("#pick", "b")
    tab.check("#tick")
    tab.click("#more summary")
    tab.focus("#note")
    tab.evaluate("document.body.dispatchEvent(new CustomEvent('live:board'))")
    expect(tab.locator("#turn")).to_have_text(re.compile(r"turn [1-9]"))
    assert tab.input_value("#note") == "typed and focused"
    assert tab.input_value("#name") == "typed"
    assert tab.input_value("#pick") == "b"
    assert tab.is_checked("#tick")
    assert tab.get_attribute("#more", "open") == ""
    expect(tab.locator("#note")).to_be_focused()


def changed(tab: Page) -> None:
    """Let the regions of the board hear that something changed."""
    tab.evaluate("document.body.dispatchEvent(new CustomEvent('live:board'))")


def strips(tab: Page) -> Locator:
    return tab.locator("[data-steady] article")


def test_a_list_keeps_its_order_under_the_pointer_until_the_reader_lets_it_go(tab: Page) -> None:
    pages.rows[:] = [1, 2, 3]
    tab.goto("/t/lists/")
    tab.hover("#strip-2")
    pages.rows[:] = [4, 3, 1]
    changed(tab)
    expect(tab.locator("[data-reorder]")).to_be_visible()
    expect(strips(tab)).to_have_text(["1", "3", "4"])
    tab.click("[data-reorder]")
    expect(tab.locator("[data-reorder]")).to_be_hidden()
    expect(strips(tab)).to_have_text(["4", "3", "1"])


def test_a_list_keeps_its_order_around_the_focus_and_else_takes_the_new_one_at_once(tab: Page) -> None:
    pages.rows[:] = [1, 2, 3]
    tab.goto("/t/lists/")
    tab.focus("#strip-2 a")
    pages.rows[:] = [3, 2, 1]
    changed(tab)
    expect(tab.locator("[data-reorder]")).to_be_visible()
    expect(strips(tab)).to_have_text(["1", "2", "3"])
    expect(tab.locator("#strip-2 a")).to_be_focused()
    tab.evaluate("document.activeElement.blur()")
    changed(tab)
    expect(tab.locator("[data-reorder]")).to_be_hidden()
    expect(strips(tab)).to_have_text(["3", "2", "1"])


def top(tab: Page) -> float:
    return float(tab.evaluate("document.getElementById('entry-20').getBoundingClientRect().top"))


def test_what_is_new_waits_while_the_reader_is_further_down(tab: Page) -> None:
    pages.rows[:] = list(range(40, 0, -1))
    tab.goto("/t/lists/")
    expect(tab.locator("#log li")).to_have_count(40)
    tab.locator("#entry-20").scroll_into_view_if_needed()
    before = top(tab)
    pages.rows[:] = list(range(43, 0, -1))
    changed(tab)
    expect(tab.locator("[data-new-in]")).to_have_text("3 new")
    expect(tab.locator("#log li")).to_have_count(40)
    assert abs(top(tab) - before) < 1
    tab.click("[data-new-in]")
    expect(tab.locator("#entry-43")).to_be_in_viewport()
    expect(tab.locator("[data-new-in]")).to_be_hidden()


def test_what_is_new_comes_in_place_at_the_top_and_when_the_reader_returns_there(tab: Page) -> None:
    pages.rows[:] = list(range(40, 0, -1))
    tab.goto("/t/lists/")
    pages.rows[:] = list(range(41, 0, -1))
    changed(tab)
    expect(tab.locator("#log li")).to_have_count(41)
    expect(tab.locator("[data-new-in]")).to_be_hidden()
    tab.locator("#entry-10").scroll_into_view_if_needed()
    pages.rows[:] = list(range(42, 0, -1))
    changed(tab)
    expect(tab.locator("[data-new-in]")).to_have_text("1 new")
    tab.evaluate("scrollTo(0, 0)")
    expect(tab.locator("#log li")).to_have_count(42)
    expect(tab.locator("[data-new-in]")).to_be_hidden()


def test_the_tab_says_that_its_reader_is_being_paged_and_then_what_it_said_before(tab: Page) -> None:
    pages.moods[:] = [Mood.INCIDENT]
    tab.goto("/t/titled/")
    icon = tab.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", "/static/favicon-incident.svg")
    expect(tab).to_have_title(re.compile(r"^\(0[67]:\d\d\) Watchbill · Watchbill$"))
    pages.moods.append(Mood.PAGING)
    changed(tab)
    expect(icon).to_have_attribute("href", "/static/favicon-paging.svg")
    expect(tab).to_have_title("(!) You are being paged")
    tab.wait_for_timeout(1200)
    expect(tab).to_have_title("(!) You are being paged")
    pages.moods.append(Mood.CALM)
    changed(tab)
    expect(icon).to_have_attribute("href", "/static/favicon.svg")
    expect(tab).to_have_title(re.compile(r"^\(0[67]:\d\d\) Watchbill · Watchbill$"))


def test_the_stream_names_the_topic_and_the_region_asks_for_itself(tab: Page) -> None:
    tab.context.unroute("**/live/**")
    asked: list[str] = []

    def live(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(**pages.stream(("beat", "1"), ("changed", "board"), ("changed", "incident-1")))

    tab.context.route("**/live/**", live)
    tab.goto("/t/region-page/")
    expect(tab.locator("#turn")).not_to_have_text("turn 0")
    assert asked[0] == f"{HOST}/live/?topics=board"


def test_regions_that_change_together_are_asked_for_in_one_request(tab: Page) -> None:
    asked: list[dict[str, list[str]]] = []

    def regions(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query, keep_blank_values=True)
        asked.append(query)
        note = '<textarea id="note">new</textarea>'
        route.fulfill(json={url: f"<b>{url}</b>{note if url[-1] == '2' else ''}" for url in query["r"]})

    tab.context.unroute("**/live/**")
    tab.context.route(
        "**/live/**", lambda route: route.fulfill(**pages.stream(("beat", "1"), ("changed", "board\nid: @7")))
    )
    tab.context.route("**/regions/**", regions)
    tab.goto("/t/together/")
    tab.fill("#note", "typed")
    expect(tab.locator("#one b")).to_have_text("/t/part/?n=1")
    expect(tab.locator("#two b")).to_have_text("/t/part/?n=2")
    assert tab.input_value("#note") == "typed"
    assert {"r": ["/t/part/?n=1", "/t/part/?n=2"], "at": ["@7", "@7"]} in asked
    three = ["/t/part/?n=1", "/t/part/?n=2", "/t/part/?n=3"]
    assert {"r": three, "at": ["", "", ""]} in asked, "what was missed before the stream opened"


def test_where_they_cannot_come_together_each_is_asked_for_alone(tab: Page) -> None:
    tab.context.route("**/regions/**", lambda route: route.fulfill(status=502))
    tab.goto("/t/together/")
    for region in ("#one", "#two", "#three"):
        expect(tab.locator(f"{region} b")).to_have_text("asked alone")


def test_a_live_page_says_so_and_a_lost_one_says_since_when(tab: Page) -> None:
    tab.goto("/t/region-page/")
    expect(tab.locator("[data-live-mark]")).to_have_text("Live")
    tab.context.unroute("**/live/**")
    tab.context.route("**/live/**", lambda route: route.abort())
    expect(tab.locator("[data-live-mark]")).to_have_text("Offline", timeout=10_000)
    expect(tab.locator("#offline")).to_be_visible(timeout=10_000)
    expect(tab.locator("[data-offline-text]")).to_have_text(
        re.compile(r"^Offline since \d\d:\d\d:\d\d\. What you see")
    )
    tab.context.unroute("**/live/**")
    tab.context.route("**/live/**", lambda route: route.fulfill(**pages.stream(("beat", "1"))))
    tab.locator("[data-live-retry]").dispatch_event("click")  # by itself it may have tried again just before
    expect(tab.locator("#offline")).to_be_hidden()


def test_where_no_stream_ever_opens_the_regions_are_asked_for_by_the_clock(tab: Page) -> None:
    tab.context.unroute("**/live/**")
    tab.context.route("**/live/**", lambda route: route.fulfill(status=502))
    tab.goto("/t/region-page/")
    expect(tab.locator("[data-live-mark]")).to_have_text("Updates every 20 s", timeout=10_000)
    expect(tab.locator("#turn")).not_to_have_text("turn 0")


def test_a_countdown_passes_zero_in_front_of_the_reader(tab: Page) -> None:
    tab.goto("/t/widgets/")
    expect(tab.locator("#due .if-late")).to_be_hidden()
    expect(tab.locator("#due .if-late")).to_be_visible(timeout=6_000)
    assert re.fullmatch(
        r"\+00:0\d", tab.evaluate("document.querySelector('count-down').shadowRoot.textContent")
    )
    assert "is-late" in (tab.get_attribute("#due", "class") or "")
    assert tab.locator("#due .meter.pct-100").count() == 1


def test_clocks_go_by_the_server_and_not_by_the_phone(tab: Page) -> None:
    tab.add_init_script("const real = Date.now; Date.now = () => real() + 3600000;")
    tab.add_init_script(
        "Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + 3600000 });"
    )
    tab.goto("/t/region-page/")
    assert re.fullmatch(
        r"37:1\d", tab.evaluate("document.querySelector('since-time').shadowRoot.textContent")
    )


def test_a_refused_form_keeps_its_values_and_takes_the_reader_to_the_first_bad_field(tab: Page) -> None:
    tab.goto("/t/form/")
    tab.click("#form button")
    expect(tab.locator("#form .note-bad")).to_contain_text("fields need attention")
    expect(tab.locator("#id_title")).to_be_focused()
    assert tab.get_attribute("#id_title", "aria-describedby") == "id_title_err"


def test_a_pressed_button_answers_at_once_and_sends_once(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.context.route("**/t/slow/", lambda route: pages.posts.append("held"))
    seen = tab.evaluate(
        """async () => {
          const button = document.querySelector("#plain button");
          const after = (wait) => new Promise((done) => setTimeout(() => done(button.textContent), wait));
          button.click(); button.click(); button.click();
          return [await after(100), button.getAttribute("aria-busy"), await after(2000)];
        }"""
    )
    assert seen == ["Sending…", "true", "Still sending…"]
    assert pages.posts == ["held"]


def test_a_refusal_and_a_fault_are_told_and_change_nothing(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.click("#guarded button")
    expect(tab.locator(".toast-error")).to_contain_text("INC-12 is resolved already.")
    tab.click(".toast-error .btn")
    expect(tab.locator(".toast-error")).to_have_count(0)
    tab.click("#broken button")
    expect(tab.locator(".toast-error")).to_contain_text(
        re.compile(r"the server failed\. Request [0-9a-f]{16}\.")
    )


def test_what_was_done_is_told_as_text_and_the_form_is_empty_again(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.fill("#noted textarea", "a note")
    tab.click("#noted button")
    expect(tab.locator(".toast")).to_contain_text("Noted <b>it</b>")
    expect(tab.locator("#noted textarea")).to_have_value("")
    tab.reload()
    expect(tab.locator("#noted textarea")).to_have_value("")


def test_text_being_written_survives_a_reload(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.fill("#noted textarea", "half a thought")
    tab.reload()
    expect(tab.locator("#noted textarea")).to_have_value("half a thought")


def test_a_stale_token_is_replaced_when_the_form_is_sent(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.evaluate(
        "for (const field of document.querySelectorAll('[name=csrfmiddlewaretoken]')) field.value = 'x'.repeat(64)"
    )
    with tab.expect_request("**/t/noted/") as sent:
        tab.click("#noted button")
    token = next(cookie["value"] for cookie in tab.context.cookies() if cookie["name"] == "csrf")
    assert sent.value.headers["x-csrftoken"] == token
    assert f'name="csrfmiddlewaretoken"\r\n\r\n{token}' in (sent.value.post_data or "") or token in (
        sent.value.post_data or ""
    )


def test_single_letters_act_but_never_while_typing(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.press("#search", "u")
    assert tab.url == f"{HOST}/t/widgets/"
    assert tab.input_value("#search") == "u"
    tab.evaluate("document.activeElement.blur()")
    with tab.expect_navigation(url=f"{HOST}/t/elsewhere/"):
        tab.keyboard.press("u")


def test_letters_go_to_places_move_between_rows_and_search(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.keyboard.press("j")
    expect(tab.locator("#row1")).to_be_focused()
    tab.keyboard.press("j")
    expect(tab.locator("#row2")).to_be_focused()
    tab.keyboard.press("k")
    expect(tab.locator("#row1")).to_be_focused()
    tab.keyboard.press("/")
    expect(tab.locator("#search")).to_be_focused()
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("g")
    with tab.expect_request("**/more/"):
        tab.keyboard.press("e")


def test_the_sheet_lists_what_this_page_knows_and_switches_it_off(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.keyboard.press("?")
    sheet = tab.locator("#keys")
    expect(sheet).to_be_visible()
    for line in ("G E Go to Elsewhere", "U Post update", "D Declare incident", "J Next row", "/ Search"):
        expect(sheet.locator(".keys-list")).to_contain_text(re.compile(line.replace(" ", r"\s*"), re.DOTALL))
    tab.click("#keys [data-keys-switch]")
    tab.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    tab.keyboard.press("u")
    assert tab.url == f"{HOST}/t/widgets/"


def test_a_dialog_opens_closes_and_gives_the_focus_back(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.click("#open")
    expect(tab.locator("#asked")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("#asked")).to_be_hidden()
    expect(tab.locator("#open")).to_be_focused()


def test_copying_copies(tab: Page) -> None:
    tab.goto("/t/widgets/")
    tab.click("#copy")
    expect(tab.locator(".toast")).to_contain_text("Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == "kubectl get pods"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 800, 390])
def test_the_kit_has_no_barrier_that_a_machine_can_find(tab: Page, theme: str, width: int) -> None:
    tab.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto("/t/kit/")
    found = Axe().run(tab).response["violations"]
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found] == []


def test_no_width_makes_the_page_scroll_sideways(tab: Page) -> None:
    for width in (320, 360, 390, 640, 768, 1024, 1280, 1920):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto("/t/kit/")
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
