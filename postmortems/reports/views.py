from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui.markdown import to_html
from core.ui.render import render
from incidents.lookback import queries as lookback
from incidents.runbooks import queries as runbooks
from incidents.watching import queries as watching
from postmortems.action_items import operations as action_items
from postmortems.action_items.forms import ActionItemForm
from postmortems.reports import operations, queries, rules
from postmortems.reports.forms import AuthorForm, FactorForm, SectionsForm, TimelineItemForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.requests import PersonRequest
    from postmortems.reports.models import Postmortem

PAGE_SIZE = 50


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """All postmortems, newest first; `?show=overdue` those past their date."""
    only_overdue = request.GET.get("show") == "overdue"
    rows = queries.listing(request.user)
    if only_overdue:
        rows = rows.filter(pk__in=queries.overdue(request.user))
    chunk = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "postmortems/reports/index.html", {"chunk": chunk, "only_overdue": only_overdue})


@require_GET
def detail(request: PersonRequest, number: int) -> HttpResponse:
    """The document as its readers see it, with its editor's tools for responders."""
    postmortem = queries.get(request.user, number)
    return _page(request, postmortem)


@require_GET
def edit(request: PersonRequest, number: int) -> HttpResponse:
    """The writer's view: every section a field."""
    postmortem = queries.get(request.user, number)
    return _editor(request, postmortem, SectionsForm(initial=_initial(postmortem)))


@require_POST
@may_respond
def save(request: PersonRequest, number: int) -> HttpResponse:
    """Save the sections; with a conflict the writer's text comes back unsaved, with what happened."""
    postmortem = queries.get(request.user, number)
    form = SectionsForm(request.POST)
    if not form.is_valid():
        return _editor(request, postmortem, form, status=422)
    try:
        operations.save_sections(
            postmortem,
            texts=form.texts(),
            version=form.cleaned_data["version"],
            actor=request.user,
        )
    except operations.ChangedMeanwhile as conflict:
        fresh = queries.get(request.user, number)
        form.data = {**request.POST.dict(), "version": str(fresh.version)}
        form.add_error(None, str(conflict))
        return _editor(request, fresh, form, status=409)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _editor(request, postmortem, form, status=409)
    messages.success(request, "Saved.")
    return redirect("postmortems:edit" if "stay" in request.POST else "postmortems:detail", number)


@require_POST
@may_respond
def add_factor(request: PersonRequest, number: int) -> HttpResponse:
    """Add a contributing factor."""
    postmortem = queries.get(request.user, number)
    form = FactorForm(request.POST)
    if not form.is_valid():
        return _page(request, postmortem, factor_form=form, status=422)
    return _do(
        request,
        number,
        lambda: operations.add_factor(
            postmortem, kind=form.cleaned_data["kind"], text=form.cleaned_data["text"]
        ),
        "Factor added.",
    )


@require_POST
@may_respond
def remove_factor(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Take a contributing factor away."""
    postmortem = queries.get(request.user, number)
    return _do(request, number, lambda: operations.remove_factor(postmortem, pk), "Factor removed.")


@require_POST
@may_respond
def add_action(request: PersonRequest, number: int) -> HttpResponse:
    """Add an action item that comes out of this postmortem."""
    postmortem = queries.get(request.user, number)
    form = ActionItemForm(request.POST)
    if not form.is_valid():
        return _page(request, postmortem, action_form=form, status=422)
    return _do(
        request,
        number,
        lambda: action_items.create(actor=request.user, postmortem_id=postmortem.pk, **form.cleaned_data),
        "Action item added.",
    )


@require_POST
@may_respond
def edit_timeline(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Change one line of the story, or leave it out."""
    postmortem = queries.get(request.user, number)
    form = TimelineItemForm(request.POST)
    if not form.is_valid():
        return _page(request, postmortem, status=422)
    data = form.cleaned_data
    return _do(
        request,
        number,
        lambda: operations.edit_timeline_item(postmortem, pk, text=data["text"], included=data["included"]),
        "Timeline changed.",
    )


@require_POST
@may_respond
def refresh(request: PersonRequest, number: int) -> HttpResponse:
    """Bring in timeline entries that were written after the draft was made."""
    postmortem = queries.get(request.user, number)
    return _do(request, number, lambda: operations.refresh_timeline(postmortem), "Timeline is up to date.")


@require_POST
@may_respond
def set_author(request: PersonRequest, number: int) -> HttpResponse:
    """Say who writes it."""
    postmortem = queries.get(request.user, number)
    form = AuthorForm(request.POST)
    if not form.is_valid():
        return _page(request, postmortem, status=422)
    return _do(
        request,
        number,
        lambda: operations.set_author(postmortem, author=form.cleaned_data["author"]),
        "Author changed.",
    )


@require_POST
@may_respond
def review(request: PersonRequest, number: int) -> HttpResponse:
    """Ask others to read it."""
    postmortem = queries.get(request.user, number)
    return _do(request, number, lambda: operations.send_for_review(postmortem), "Sent for review.")


@require_POST
@may_respond
def draft(request: PersonRequest, number: int) -> HttpResponse:
    """Take it back to draft."""
    postmortem = queries.get(request.user, number)
    return _do(request, number, lambda: operations.back_to_draft(postmortem), "Back to draft.")


@require_POST
@may_respond
def publish(request: PersonRequest, number: int) -> HttpResponse:
    """Publish it to everybody who may see the incident."""
    postmortem = queries.get(request.user, number)
    return _do(
        request,
        number,
        lambda: operations.publish(postmortem, actor=request.user),
        "Published.",
    )


@require_GET
def export(request: PersonRequest, number: int) -> HttpResponse:
    """The document as a Markdown file."""
    postmortem = queries.get(request.user, number, way="export")
    answer = HttpResponse(
        rules.markdown(queries.document(postmortem)), content_type="text/markdown; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="postmortem-INC-{number}.md"'
    return answer


@region(watching.alike)
@require_GET
def incident_panel(request: PersonRequest, number: int) -> HttpResponse:
    """The fragment in the incident room: where learning from it stands."""
    rows = queries.listing(request.user).filter(incident__number=number)
    return render(
        request, "postmortems/reports/_incident_panel.html", {"postmortem": rows.first(), "number": number}
    )


@require_POST
@may_respond
def start(request: PersonRequest, number: int) -> HttpResponse:
    """Begin a postmortem by hand for an incident whose severity asks for none."""
    incident = queries.incident(request.user, number)
    return _do(
        request,
        number,
        lambda: operations.open_draft(incident.pk, actor=request.user),
        "Draft made from the timeline.",
    )


def _do(request: PersonRequest, number: int, act: Callable[[], object], done: str) -> HttpResponse:
    try:
        act()
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("postmortems:detail", number)


def _initial(postmortem: Postmortem) -> dict[str, object]:
    written = queries.sections(postmortem)
    return {"version": postmortem.version, **{section.value: text for section, text in written.items()}}


def _page(
    request: PersonRequest,
    postmortem: Postmortem,
    *,
    factor_form: FactorForm | None = None,
    action_form: ActionItemForm | None = None,
    status: int = 200,
) -> HttpResponse:
    written = queries.sections(postmortem)
    context = {
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "sections": [
            {
                "key": section.value,
                "title": rules.TITLES[section],
                "html": to_html(text),
                "written": bool(text.strip()),
            }
            for section, text in written.items()
        ],
        "readiness": queries.readiness(postmortem),
        "factor_form": factor_form or FactorForm(),
        "author_form": AuthorForm(initial={"author": postmortem.author_id}),
        "action_form": action_form or ActionItemForm(initial=_update_of(request, postmortem)),
        "adds": action_form is not None or "runbook" in request.GET,
        "actions_cap": queries.ACTIONS_CAP,
        "changes": queries.changes(postmortem),
        "remarks": lookback.remarks(postmortem.incident),
        "wrong": list(runbooks.reported(postmortem.incident)),
        "runbooks": runbooks.to_learn(postmortem.incident),
    }
    return render(request, "postmortems/reports/postmortem.html", context, status=status)


def _update_of(request: PersonRequest, postmortem: Postmortem) -> dict[str, object]:
    """Give what an action begins with that updates a runbook, where the address names one (R187)."""
    named = request.GET.get("runbook", "")
    found = next((row for row in runbooks.to_learn(postmortem.incident) if row.slug == named), None)
    if found is None:
        return {}
    title = f"The runbook “{found.name[:120]}” says what {postmortem.incident} showed"
    return {"title": title, "kind": "process", "owner": found.owner_id}


def _editor(
    request: PersonRequest, postmortem: Postmortem, form: SectionsForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "form": form,
        "hints": queries.readiness(postmortem).hints,
        "remarks": lookback.remarks(postmortem.incident),
    }
    return render(request, "postmortems/reports/editor.html", context, status=status)
