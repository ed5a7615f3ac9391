from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.approvals import operations as approvals
from incidents.lifecycle import operations
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.rules import Status
from incidents.lookback import queries as lookback
from incidents.nudges import queries as nudges
from incidents.privacy import queries as privacy
from incidents.room import operations as writing
from incidents.room import queries
from incidents.room.forms import NoteForm, UpdateForm, VerdictForm
from incidents.tasks import queries as tasks
from incidents.updates import operations as updates
from incidents.updates.models import Audience
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse, QueryDict

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident
    from incidents.room.queries import Composer
    from incidents.updates.queries import Telling

STATUSES = {status.value for status in Status}


@require_GET
def room(request: PersonRequest, number: int) -> HttpResponse:
    """The incident room."""
    return _room(request, number)


def _room(request: PersonRequest, number: int, form: Form | None = None, **more: Any) -> HttpResponse:
    found = queries.room(request.user, number)
    write = more.get("write") or request.GET.get("write", "note")
    which = request.GET.get("show", "all")
    composer = more.get("composer") or queries.composer(
        found.incident,
        audience=write,
        actor=request.user,
        template=request.GET.get("template", ""),
        layout=request.GET.get("layout", ""),
    )
    context = {
        **_head(request, found),
        "log": queries.log(request.user, found.incident, which=which, after=request.GET.get("after", "")),
        "is_older": "after" in request.GET,
        "changes": queries.changes(found.incident),
        "tasks": tasks.panel(request.user, found.incident),
        "nudges": nudges.shown(request.user, found.incident),
        "lookback": lookback.remarks(found.incident),
        "composer": composer,
        "form": form or _blank(found, composer),
        **_told(composer),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form is not None else HTTPStatus.OK
    return render(request, "incidents/room/room.html", context, status=status)


def _head(request: PersonRequest, found: lifecycle.Room) -> dict[str, Any]:
    takes_part = request.user in found.people
    access = None if takes_part else privacy.access(request.user, found.incident)
    return {
        "room": found,
        "incident": found.incident,
        "steps": lifecycle.steps(found.incident),
        "may_act": can(request.user, Verb.RESPOND) and access is None,
        "takes_part": takes_part,
        "access": access,
        "here_now": partial(queries.here, found.incident),
    }


def _blank(found: lifecycle.Room, composer: Composer) -> Form:
    if composer.audience == "note":
        return NoteForm(people=found.people)
    incident = found.incident
    rhythm = operations.rhythm(incident)
    begin = {
        "audience": composer.audience,
        "text": composer.text,
        "status": incident.status,
        "next_update_in_seconds": rhythm if incident.is_active else None,
        "public_title": composer.outlook.title if composer.outlook else "",
        "layout": composer.layout,
        "say-impact": incident.impact,
    }
    return UpdateForm(initial=begin, spans=composer.spans, outlook=composer.outlook)


def _filled(request: PersonRequest, incident: Incident, audience: str) -> tuple[UpdateForm, Composer]:
    """Give the form as it was sent, and the composer as it stands with what was chosen in it."""
    composer = queries.composer(
        incident,
        audience=audience,
        actor=request.user,
        status=_stage(request.POST, incident),
        lists=request.POST.getlist("lists") if request.POST.get("chooses") else None,
        was=request.POST.get("kind", ""),
    )
    known = [choice.row.slug for choice in composer.telling.choices] if composer.telling else []
    return UpdateForm(
        request.POST, request.FILES, spans=composer.spans, outlook=composer.outlook, lists=known
    ), composer


def _stage(given: QueryDict, incident: Incident) -> str:
    status = given.get("status", "")
    return status if status in STATUSES else incident.status


def _still_holds(form: UpdateForm, telling: Telling | None) -> bool:
    """Say whether the button's promise holds: who is told may have changed since it was drawn."""
    said = form.cleaned_data["said"]
    if telling is None or said in ("", telling.promise):
        return True
    words = telling.words or "nobody"
    form.add_error(None, f"Who is told has changed. It goes to {words} now: look, and press again.")
    return False


def _told(composer: Composer) -> dict[str, Any]:
    return {"telling": composer.telling, "audience": composer.audience, "asks": composer.asks}


@region(watching.alike)
@require_GET
def head(request: PersonRequest, number: int) -> HttpResponse:
    """The living top of the room: stage, clocks and roles."""
    return render(request, "incidents/room/_head.html", _head(request, _found(request, number)))


@region(watching.alike)
@require_GET
def picture(request: PersonRequest, number: int) -> HttpResponse:
    """The living current picture."""
    return render(request, "incidents/room/_picture.html", _head(request, _found(request, number)))


def _found(request: PersonRequest, number: int) -> lifecycle.Room:
    """Give the room, looked up once for both parts of it."""
    key = ("room", number)
    if key not in request.known:
        request.known[key] = queries.room(request.user, number)
    found: lifecycle.Room = request.known[key]
    return found


@region(watching.alike)
@require_GET
def timeline(request: PersonRequest, number: int) -> HttpResponse:
    """The living timeline, down to where the page shows it."""
    incident = watching.incident(request, number)
    which = request.GET.get("show", "all")
    found = queries.log(request.user, incident, which=which, down_to=request.GET.get("to", ""))
    return render(request, "incidents/room/_timeline.html", {"incident": incident, "log": found})


@require_GET
def older(request: PersonRequest, number: int) -> HttpResponse:
    """Fifty older entries, and the way to the next ones."""
    incident = lifecycle.get(request.user, number)
    which = request.GET.get("show", "all")
    found = queries.log(request.user, incident, which=which, after=request.GET.get("after", ""))
    return render(request, "incidents/room/_older.html", {"incident": incident, "log": found})


@require_POST
@may_respond
def add_note(request: PersonRequest, number: int) -> HttpResponse:
    """Write a note, a decision or an action onto the timeline."""
    incident = lifecycle.get(request.user, number)
    form = NoteForm(request.POST, request.FILES, people=lifecycle.participants(incident))
    if form.is_valid():
        with refusals.shown_in(form):
            wrote = writing.write(incident, **form.said(), actor=request.user)
            for task in wrote.tasks:
                messages.success(request, f"{task.assignee} is asked: {task.title}")
            for name in wrote.unknown:
                messages.warning(
                    request, f"Nobody, or more than one, is called @{name} here: no task was made."
                )
            return redirect("incidents:room", number)
    return _room(request, number, form, write="note")


@require_POST
@may_respond
def publish(request: PersonRequest, number: int) -> HttpResponse:
    """Publish an update to people inside or, from its preview, to customers."""
    incident = lifecycle.get(request.user, number)
    form, composer = _filled(request, incident, _audience(request))
    if not form.is_valid() or not _still_holds(form, composer.telling):
        return _rewrite(request, incident, form, composer)
    try:
        files = form.cleaned_data.get("files", [])
        update = writing.publish(incident, **_said(form), files=files, actor=request.user)
    except updates.NeedsApproval:
        return _ask(request, incident, form, composer)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _rewrite(request, incident, form, composer)
    told = "Published to customers." if update.audience == Audience.PUBLIC else "The update is published."
    messages.success(request, told)
    return redirect("incidents:room", number)


def _said(form: UpdateForm) -> dict[str, Any]:
    data = form.cleaned_data
    names = ("audience", "text", "status", "public_title", "next_update_in_seconds", "key")
    return {
        **{name: data[name] for name in names},
        "components": form.components(),
        "layout": form.written_in,
        "fields": form.said_in_fields(),
        "lists": form.chosen_lists(),
    }


def _audience(request: PersonRequest) -> str:
    given = request.POST.get("audience", "")
    return given if given in Audience.values else Audience.INTERNAL


def _ask(request: PersonRequest, incident: Incident, form: UpdateForm, composer: Composer) -> HttpResponse:
    """Let it wait for somebody else's yes."""
    with refusals.shown_in(form):
        made = approvals.ask(incident, content=_said(form), actor=request.user)
        messages.success(request, "It waits for approval. Nothing is published yet.")
        return redirect("incidents:approval", incident.number, made.pk)
    return _rewrite(request, incident, form, composer)


def _rewrite(
    request: PersonRequest, incident: Incident, form: UpdateForm, composer: Composer
) -> HttpResponse:
    if _audience(request) == Audience.PUBLIC:
        return _preview(request, incident, form, composer)
    return _room(request, incident.number, form, write="internal", composer=composer)


@require_GET
@may_respond
def telling(request: PersonRequest, number: int) -> HttpResponse:
    """The living choice of who is told, and the button that says it."""
    incident = lifecycle.get(request.user, number)
    audience = request.GET.get("audience", "")
    audience = audience if audience in Audience.values else Audience.INTERNAL
    found = queries.telling(
        incident,
        audience=audience,
        status=_stage(request.GET, incident),
        lists=request.GET.getlist("lists"),
        was=request.GET.get("kind", ""),
        actor=request.user,
    )
    context = {"incident": incident, "telling": found, "audience": audience}
    context["asks"] = queries.asks(incident, audience=audience, actor=request.user)
    return render(request, "incidents/updates/_telling.html", context)


@require_POST
@may_respond
def hints(request: PersonRequest, number: int) -> HttpResponse:
    """The living hints on what is being written. They hold nothing up."""
    incident = lifecycle.get(request.user, number)
    form, _ = _filled(request, incident, _audience(request))
    form.is_valid()
    said = [words for words in form.said_in_fields().values() if words]
    text = "\n".join(said) or form.cleaned_data.get("text", "")
    found = queries.hints(
        incident, audience=_audience(request), status=_stage(request.POST, incident), text=text
    )
    return render(request, "incidents/updates/_hints.html", {"incident": incident, "hints": found})


@require_POST
@may_respond
def preview(request: PersonRequest, number: int) -> HttpResponse:
    """Show a public update as customers would see it, before it goes out."""
    incident = lifecycle.get(request.user, number)
    form, composer = _filled(request, incident, Audience.PUBLIC)
    form.is_valid()
    return _preview(request, incident, form, composer)


def _preview(
    request: PersonRequest, incident: Incident, form: UpdateForm, composer: Composer
) -> HttpResponse:
    context: dict[str, Any] = {
        "incident": incident,
        "form": form,
        "outlook": form.outlook,
        **_told(composer),
    }
    if not form.errors:
        said = _said(form)
        context |= {
            "previews": queries.previews(
                incident, **{name: said[name] for name in ("status", "text", "public_title", "components")}
            ),
            "warnings": queries.hints(
                incident, audience=Audience.PUBLIC, status=said["status"], text=said["text"]
            ),
            "moves": operations.moves_along(incident, said["status"]),
        }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "incidents/room/preview.html", context, status=status)


@require_POST
@may_respond
def no_news(request: PersonRequest, number: int) -> HttpResponse:
    """Say in one press that there is nothing new, and start the clock again."""
    incident = lifecycle.get(request.user, number)
    updates.publish(incident, audience=Audience.INTERNAL, no_news=True, actor=request.user)
    messages.success(request, "Told: no news. The clock starts again.")
    return redirect("incidents:room", number)


@require_POST
@may_respond
def judge(request: PersonRequest, number: int) -> HttpResponse:
    """Confirm the working hypothesis, or rule it out."""
    incident = lifecycle.get(request.user, number)
    form = VerdictForm(request.POST)
    if form.is_valid():
        operations.judge_hypothesis(incident, **form.cleaned_data, actor=request.user)
    else:
        messages.error(request, "A hypothesis is confirmed or ruled out.")
    return redirect("incidents:room", number)


@require_POST
@may_respond
def join(request: PersonRequest, number: int) -> HttpResponse:
    """Take part."""
    incident = lifecycle.get(request.user, number)
    operations.join(incident, user=request.user)
    messages.success(request, f"You take part in {incident}.")
    return redirect("incidents:room", number)


@require_POST
@may_respond
def leave(request: PersonRequest, number: int) -> HttpResponse:
    """Take part no more."""
    incident = lifecycle.get(request.user, number)
    operations.leave(incident, user=request.user, actor=request.user)
    messages.success(request, f"You take part in {incident} no more.")
    return redirect("incidents:board")


@require_POST
@may_respond
def release(request: PersonRequest, number: int, role: str) -> HttpResponse:
    """Give one's own role back."""
    incident = lifecycle.get(request.user, number)
    operations.release_role(incident, role_slug=role, user=request.user, actor=request.user)
    messages.success(request, "You gave the role back.")
    return redirect("incidents:room", number)
