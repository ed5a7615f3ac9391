"""Pages for the browser tests: the real shell around small examples, answered in this process without a server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template import RequestContext, Template
from django.test import Client
from django.urls import path
from django.utils import timezone

from config.urls import urlpatterns as product
from core.accounts.policy import public
from core.errors import Refused
from core.ui import showcase
from core.ui.render import render
from core.ui.showcase import ExampleForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from playwright.sync_api import Route

    from core.ui.shell import Mood

SHELL = '{{% extends "ui/base.html" %}}{{% block live_topics %}}board{{% endblock %}}{{% block page %}}{}{{% endblock %}}'
REGION = """
<section id="region" hx-get="/t/region/" hx-trigger="live:board from:body, live:resync from:body" hx-swap="morph:outerHTML">
  <p id="turn">turn {{ turn }}</p>
  <details id="more"><summary>More</summary>text</details>
  <textarea id="note">{{ turn }}</textarea>
  <input id="name" value="{{ turn }}">
  <select id="pick"><option>a<option>b</select>
  <input type="checkbox" id="tick">
  <p id="clock">{% since started %}</p>
</section>
"""
TOGETHER = """
<p id="one" hx-get="/t/part/?n=1" data-region="board" hx-trigger="stale" hx-target="this" hx-swap="morph:innerHTML">at first</p>
<section id="two" hx-get="/t/part/?n=2" data-region="board" hx-trigger="stale" data-later hx-target="this" hx-swap="morph:innerHTML"><textarea id="note">at first</textarea></section>
<p id="three" hx-get="/t/part/?n=3" data-region="alerts" hx-trigger="stale" hx-target="this" hx-swap="morph:innerHTML">at first</p>
"""
FORM = """
<form id="form" class="form" method="post" action="/t/form/" hx-post="/t/form/" hx-target="this" hx-swap="outerHTML" novalidate>
{% csrf_token %}{% errors form %}{% field form.title %}<button class="btn" type="submit" data-busy="Saving…">Save</button></form>
"""
WIDGETS = """
<h1>Widgets {% live %}</h1>
<form id="plain" method="post" action="/t/slow/">{% csrf_token %}<button class="btn" type="submit" data-busy="Sending…">Send</button></form>
<form id="guarded" method="post" hx-post="/t/refused/" action="/t/refused/">{% csrf_token %}<button type="submit">Refuse</button></form>
<form id="broken" method="post" hx-post="/t/broken/" action="/t/broken/">{% csrf_token %}<button type="submit">Break</button></form>
<form id="noted" method="post" hx-post="/t/noted/" action="/t/noted/" hx-swap="none" data-reset>{% csrf_token %}<textarea data-draft="note" name="note"></textarea><button type="submit">Note</button></form>
<a href="/t/elsewhere/" data-key="u">Post update <kbd>U</kbd></a>
<a href="/t/elsewhere/" data-row id="row1">one</a><a href="/t/elsewhere/" data-row id="row2">two</a>
<input type="search" aria-label="Search" id="search">
<button type="button" data-copy="kubectl get pods" id="copy">Copy</button>
<button type="button" data-open="asked" id="open">Open</button>
<div id="due" class="{% due until 60 %}"><span class="if-due">Next update</span><span class="if-late">Update overdue</span>{% countdown until 60 %}</div>
"""
STRIPS = """
<div id="board" hx-get="/t/strips/" hx-trigger="live:board from:body, live:resync from:body" hx-target="this" hx-swap="morph:outerHTML">
<button type="button" data-reorder hidden>Reorder</button>
<section data-steady>{% for row in rows %}<article id="strip-{{ row }}"><a href="/t/elsewhere/">{{ row }}</a></article>{% endfor %}</section></div>
"""
LOG = """
<ol id="log" data-grows hx-get="/t/log/" hx-trigger="live:board from:body, live:resync from:body" hx-target="this" hx-swap="morph:outerHTML">
{% for row in rows %}<li id="entry-{{ row }}">Entry {{ row }}<br><br><br></li>{% endfor %}</ol>
"""
LISTS = f"""<h1>Lists</h1>{STRIPS}<section><h2>Log</h2><button type="button" class="log-new" data-new-in="log" hidden></button>{LOG}</section>"""
MOOD = """
<div id="mood" hidden data-mood="{{ mood }}" data-icon="{% static mood.icon %}" hx-get="/t/mood/" hx-trigger="live:board from:body" hx-target="this" hx-swap="morph:outerHTML"></div>
"""
TITLED = """<h1>Room</h1><p class="due">{% countdown until in_title=True %}</p>""" + MOOD
rows: list[int] = []
moods: list[Mood] = []
turns: list[int] = []
posts: list[str] = []


def _page(request: HttpRequest, body: str, **context: Any) -> HttpResponse:
    return HttpResponse(Template(SHELL.format(body)).render(RequestContext(request, context)))


def _piece(request: HttpRequest, body: str, *, status: int = 200, **context: Any) -> HttpResponse:
    return HttpResponse(Template(body).render(RequestContext(request, context)), status=status)


@public
def region_page(request: HttpRequest) -> HttpResponse:
    return _page(request, "<h1>Region {% live %}</h1>" + REGION, turn=len(turns), **showcase.context())


@public
def region(request: HttpRequest) -> HttpResponse:
    turns.append(1)
    return _piece(request, REGION, turn=len(turns), **showcase.context())


@public
def together(request: HttpRequest) -> HttpResponse:
    return _page(request, "<h1>Together {% live %}</h1>" + TOGETHER)


@public
def part(request: HttpRequest) -> HttpResponse:
    return _piece(request, "<b>asked alone</b>")


@public
def form(request: HttpRequest) -> HttpResponse:
    posts.append(request.method or "")
    if request.method == "GET":
        return _page(request, "<h1>Form</h1>" + FORM, form=ExampleForm())
    bound = ExampleForm(request.POST)
    bound.is_valid()
    return _piece(request, FORM, form=bound, status=422 if bound.errors.get("title") else 200)


@public
def widgets(request: HttpRequest) -> HttpResponse:
    dialog = '{% dialog "asked" "Resolve?" %}<div class="body">x</div>{% enddialog %}'
    return _page(request, WIDGETS + dialog, until=timezone.now() + timedelta(seconds=2))


@public
def slow(request: HttpRequest) -> HttpResponse:
    posts.append("slow")
    return HttpResponseRedirect("/t/elsewhere/")


@public
def refused(request: HttpRequest) -> HttpResponse:
    raise Refused("INC-12 is resolved already.")


@public
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


@public
def noted(request: HttpRequest) -> HttpResponse:
    messages.success(request, "Noted <b>it</b>")
    return render(request, "ui/_more.html", {"url": ""})


@public
def lists(request: HttpRequest) -> HttpResponse:
    return _page(request, LISTS, rows=rows)


@public
def strips(request: HttpRequest) -> HttpResponse:
    return _piece(request, STRIPS, rows=rows)


@public
def log(request: HttpRequest) -> HttpResponse:
    return _piece(request, LOG, rows=rows)


@public
def titled(request: HttpRequest) -> HttpResponse:
    return _page(request, TITLED, mood=moods[-1], until=timezone.now() + timedelta(minutes=7))


@public
def mood(request: HttpRequest) -> HttpResponse:
    return _piece(request, MOOD, mood=moods[-1])


@public
def elsewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<title>elsewhere</title>")


@public
def kit(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/kit.html", showcase.context())


urlpatterns = [
    *product,
    path("t/region-page/", region_page),
    path("t/together/", together),
    path("t/part/", part),
    path("t/region/", region),
    path("t/form/", form),
    path("t/widgets/", widgets),
    path("t/slow/", slow),
    path("t/refused/", refused),
    path("t/broken/", broken),
    path("t/noted/", noted),
    path("t/lists/", lists),
    path("t/strips/", strips),
    path("t/log/", log),
    path("t/titled/", titled),
    path("t/mood/", mood),
    path("t/elsewhere/", elsewhere),
    path("t/kit/", kit),
]
handler404 = "core.ui.views.not_found"
handler500 = "core.ui.views.server_error"


def answer_in_process() -> Callable[[Route], None]:
    """Answer a browser's requests through Django, in this thread."""
    client = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1", SERVER_PORT="8000")

    def answer(route: Route) -> None:
        request = route.request
        parts = urlsplit(request.url)
        client.cookies.clear()
        headers = request.all_headers()
        client.cookies.load(headers.get("cookie", ""))
        given = client.generic(
            request.method,
            f"{parts.path}?{parts.query}",
            request.post_data_buffer or b"",
            content_type=headers.get("content-type", "application/octet-stream"),
            headers={
                name: value for name, value in headers.items() if name.startswith(("hx-", "x-", "referer"))
            },
        )
        body = given.getvalue()
        sent = dict(given.items())
        if given.cookies:
            sent["Set-Cookie"] = "\n".join(morsel.OutputString() for morsel in given.cookies.values())
        route.fulfill(status=given.status_code, headers=sent, body=body)

    return answer


def stream(*events: tuple[str, str]) -> dict[str, Any]:
    """Make the answer of a live stream that says these things and ends."""
    body = "".join(f"event: {name}\ndata: {data}\n\n" for name, data in events)
    return {"status": 200, "content_type": "text/event-stream", "body": f"retry: 100\n\n{body}"}
