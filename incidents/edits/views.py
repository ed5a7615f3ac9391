"""One page for each thing that can be changed in a room. The room opens the same forms as dialogs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts.policy import may_respond
from core.ui import refusals
from core.ui.render import render
from incidents.closing import operations as closing
from incidents.closing.forms import ResolveForm
from incidents.command import operations as command
from incidents.edits import forms, queries
from incidents.estimates import operations as estimates
from incidents.estimates import queries as estimates_known
from incidents.lifecycle import operations
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import Incident, Outcome
from incidents.lifecycle.rules import TIMES
from incidents.tasks import operations as tasks
from incidents.tasks import queries as task_queries
from incidents.tasks.forms import ChecklistForm, TaskForm

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse, QueryDict

    from core.accounts.models import User
    from core.accounts.requests import PersonRequest

Build = Callable[["User", Incident, "QueryDict | None"], "Form"]
Apply = Callable[[Incident, Any, "User"], object]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change: its form, what it does, and how it is put into words."""

    title: str
    button: str
    build: Build
    apply: Apply
    note: str = ""
    done: str = "Saved."
    danger: bool = False
    template: str = "incidents/edits/_form.html"


def _picture(name: str, title: str, note: str) -> Edit:
    return Edit(
        title,
        "Save",
        lambda _user, incident, data: forms.PictureForm(
            data, initial={"text": getattr(incident, name), "version": incident.version}
        ),
        lambda incident, form, actor: operations.set_picture(
            incident, **{name: form.cleaned_data["text"]}, version=form.cleaned_data["version"], actor=actor
        ),
        note=note,
    )


def _reason(name: str, form: type[Form], **more: Any) -> Apply:
    """Call the operation `name` with the fields of the form."""
    return lambda incident, filled, actor: getattr(operations, name)(
        incident, **filled.cleaned_data, **more, actor=actor
    )


def _estimate(_user: User, incident: Incident, data: QueryDict | None) -> Form:
    known = estimates_known.current(incident)
    return forms.EstimateForm(
        data,
        for_customers=not (incident.private or incident.drill),
        initial={
            "restored_at": known.restored_at if known else None,
            "public": bool(known and known.public),
            "version": incident.version,
        },
    )


EDITS: dict[str, Edit] = {
    "status": Edit(
        "Change the stage",
        "Change stage",
        lambda _user, incident, data: forms.StatusForm(data, now=incident.status),
        lambda incident, form, actor: operations.move(
            incident,
            to=form.cleaned_data["status"],
            reason=form.cleaned_data["reason"],
            at=form.cleaned_data["at"],
            actor=actor,
        ),
        note="Mitigating may come before the cause is known. Monitoring says that the impact is over; "
        "Resolve, under the three dots, asks what has to hold before the end.",
        done="The stage has changed.",
    ),
    "resolve": Edit(
        "Resolve",
        "Resolve the incident",
        lambda user, incident, data: ResolveForm(data, outlook=queries.ending(incident, user)),
        lambda incident, form, actor: closing.resolve(incident, said=form.said(), actor=actor),
        done="Resolved.",
        template="incidents/closing/_resolve.html",
    ),
    "estimate": Edit(
        "When may it work again?",
        "Save",
        _estimate,
        lambda incident, form, actor: estimates.estimate(incident, **form.cleaned_data, actor=actor),
        note="A time that people can plan by, rather too late than too early. It stands in the room and on the page for "
        "stakeholders; every change is kept. Without a ground to stand on, leave it empty.",
        done="Saved. Who waits for it sees it.",
    ),
    "reopen": Edit(
        "Reopen",
        "Reopen the incident",
        lambda _user, _incident, data: forms.NeededReasonForm(data),
        _reason("reopen", forms.NeededReasonForm),
        note="The same incident goes on under the same number, and its update timer starts anew.",
        done="Open again.",
    ),
    "close": Edit(
        "Close",
        "Close the incident",
        lambda _user, _incident, data: forms.ReasonForm(data),
        _reason("close", forms.ReasonForm),
        note="Nothing is left to do but to learn from it.",
        done="Closed.",
    ),
    "false-alarm": Edit(
        "Close as false alarm",
        "Close as false alarm",
        lambda _user, incident, data: forms.FalseAlarmForm(data, asked=queries.asked(incident)),
        _reason("close", forms.FalseAlarmForm, outcome=Outcome.FALSE_ALARM.value),
        note="Declaring was right: when in doubt, declare. Nobody is counted against for it, and paging stops.",
        done="Closed as false alarm.",
    ),
    "accept-risk": Edit(
        "Close as accepted risk",
        "Accept the risk and close",
        lambda _user, incident, data: forms.AcceptRiskForm(
            data, people=queries.everybody(), asked=queries.asked(incident)
        ),
        lambda incident, form, actor: operations.close(
            incident,
            outcome=Outcome.ACCEPTED_RISK.value,
            accepted=form.accepted(),
            anyway=form.cleaned_data.get("anyway", False),
            actor=actor,
        ),
        note="The business knows and goes on. Paging stops, no update is due any more, and who decided stands in the room.",
        done="Closed as accepted risk.",
    ),
    "severity": Edit(
        "Change the severity",
        "Change severity",
        lambda _user, incident, data: forms.SeverityForm(
            data, levels=queries.levels(), initial={"severity": incident.severity.slug}
        ),
        _reason("change_severity", forms.SeverityForm),
        note="Judge by what customers experience, not by how hard it is. Roles, rhythm and paging follow at once.",
        done="The severity has changed.",
    ),
    "rhythm": Edit(
        "Agree on another rhythm",
        "Use this rhythm",
        lambda _user, incident, data: forms.RhythmForm(
            data,
            usual=incident.severity.update_every_seconds,
            initial={"seconds": incident.update_every_seconds or ""},
        ),
        _reason("agree_rhythm", forms.RhythmForm),
        note="It counts from now on and ends when the severity changes.",
        done="The rhythm has changed.",
    ),
    "roles": Edit(
        "Give somebody a role",
        "Give the role",
        lambda user, incident, data: forms.RoleForm(
            data, people=queries.responders(user), roles=queries.roles(incident)
        ),
        _reason("assign_role", forms.RoleForm),
        note="It counts at once. Whoever held it holds it no more; several people can be experts.",
        done="The role is given.",
    ),
    "hand-over": Edit(
        "Hand over command",
        "Offer command",
        lambda user, incident, data: forms.HandOverForm(
            data, people=queries.responders(user), initial={"briefing": queries.briefing(incident)}
        ),
        lambda incident, form, actor: command.offer(
            incident, to=form.cleaned_data["user"], briefing=form.cleaned_data["briefing"], actor=actor
        ),
        note="The briefing below is made from what the room knows. Put it right and say the rest. "
        "They read it and accept or decline; until then you command.",
        done="Command is offered. Until they accept, you command.",
    ),
    "take-over": Edit(
        "Take over without a hand-over",
        "Take over command",
        lambda _user, _incident, data: forms.TakeOverForm(data),
        lambda incident, form, actor: command.take_over(
            incident, reason=form.cleaned_data["reason"], actor=actor
        ),
        note="For when whoever commands does not answer. It stands on the timeline with your reason, and they are told.",
        done="You command.",
        danger=True,
    ),
    "task": Edit(
        "Ask for something",
        "Add the task",
        lambda user, incident, data: TaskForm(data, doers=task_queries.doers(user, incident)),
        lambda incident, form, actor: tasks.add(incident, **form.said(), actor=actor),
        note="One named person, one thing, and by when. They are told, and say here what came of it.",
        done="The task is added.",
    ),
    "checklist": Edit(
        "Put a checklist into the room",
        "Add the checklist",
        lambda user, incident, data: ChecklistForm(data, checklists=task_queries.addable(user, incident)),
        lambda incident, form, actor: tasks.attach(incident, **form.cleaned_data, actor=actor),
        done="The checklist is in the room.",
    ),
    "page": Edit(
        "Page somebody",
        "Page now",
        lambda user, _incident, data: forms.PageForm(data, targets=queries.targets(user)),
        lambda incident, form, actor: operations.request_page(
            incident,
            kind=form.cleaned_data["target"].kind,
            target_id=form.cleaned_data["target"].id,
            name=form.cleaned_data["target"].name,
            message=form.cleaned_data["message"],
            actor=actor,
        ),
        note="They are woken in the way they chose, and the room shows whether they answer.",
        done="They are being paged.",
        danger=True,
    ),
    "invite": Edit(
        "Ask somebody in",
        "Ask them in",
        lambda user, _incident, data: forms.PersonForm(data, people=queries.responders(user)),
        _reason("invite", forms.PersonForm),
        note="They see the room from then on, also when it is private. Nobody is woken.",
        done="Asked in.",
    ),
    "services": Edit(
        "Affected services",
        "Save services",
        lambda user, incident, data: forms.ServicesForm(
            data, services=queries.services(user), initial={"services": queries.affected(incident)}
        ),
        _reason("set_services", forms.ServicesForm),
    ),
    "facts": Edit(
        "Title and facts",
        "Save",
        lambda _user, incident, data: forms.FactsForm(
            data, initial={name: getattr(incident, name) for name in forms.FactsForm.base_fields}
        ),
        lambda incident, form, actor: operations.correct(
            incident,
            changes={name: form.cleaned_data[name] for name in form.changed_data if name != "version"},
            version=form.cleaned_data["version"],
            actor=actor,
        ),
        note="What is replaced stays on the timeline.",
    ),
    "times": Edit(
        "Correct the times",
        "Correct times",
        lambda _user, incident, data: forms.TimesForm(
            data, initial={"version": incident.version, **{name: getattr(incident, name) for name in TIMES}}
        ),
        lambda incident, form, actor: operations.correct(
            incident, changes=form.changes(), version=form.cleaned_data["version"], actor=actor
        ),
        note="In your time zone. Each correction is kept with the old time, on the timeline and in the audit log.",
        done="The times are corrected.",
    ),
    "make-private": Edit(
        "Make it private",
        "Make it private",
        lambda _user, _incident, data: forms.PrivacyForm(data),
        lambda incident, _form, actor: operations.set_private(incident, private=True, actor=actor),
        note="From then on only its participants see it, not even admins who take no part. "
        "What customers were told already stays public.",
        done="Only participants see it now.",
    ),
    "make-visible": Edit(
        "Show it to everybody",
        "Show it to everybody",
        lambda _user, _incident, data: forms.PrivacyForm(data),
        lambda incident, _form, actor: operations.set_private(incident, private=False, actor=actor),
        note="Everybody who works here will see the whole room, its timeline from the beginning included.",
        done="Everybody sees it now.",
        danger=True,
    ),
    "impact": _picture(
        "impact", "What customers see", "Begin with what people experience. No cause, no names."
    ),
    "hypothesis": _picture(
        "hypothesis",
        "Working hypothesis",
        "What you think is going on, and what speaks for it. It may be wrong.",
    ),
    "next-decision": _picture(
        "next_decision", "Next decision", "What will be decided when, and on which grounds."
    ),
}


@require_http_methods(["GET", "POST"])
@may_respond
def edit(request: PersonRequest, number: int, what: str) -> HttpResponse:
    """Show one form on its own page, and do what it says."""
    incident = lifecycle.get(request.user, number)
    change = _known(what)
    form = change.build(request.user, incident, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusals.shown_in(form):
            change.apply(incident, form, request.user)
            messages.success(request, change.done)
            return redirect("incidents:room", number)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/edits/edit.html", _context(incident, what, form), status=status)


@require_GET
@may_respond
def dialog(request: PersonRequest, number: int, what: str) -> HttpResponse:
    """Show the same form in a dialog over the room; it is sent to its own page."""
    incident = lifecycle.get(request.user, number)
    form = _known(what).build(request.user, incident, None)
    return render(request, "incidents/edits/_dialog.html", _context(incident, what, form))


def _known(what: str) -> Edit:
    if what not in EDITS:
        raise Http404("There is no such change.")
    return EDITS[what]


def _context(incident: Incident, what: str, form: Form) -> dict[str, Any]:
    return {"incident": incident, "what": what, "edit": EDITS[what], "form": form}
