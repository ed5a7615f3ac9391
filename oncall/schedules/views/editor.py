from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from core.accounts.policy import Verb, require
from core.ui import refusals
from core.ui.render import render
from oncall.schedules import grid, operations, queries
from oncall.schedules.forms import (
    PRESETS,
    WEEKLY,
    AboutForm,
    Preset,
    ScheduleForm,
    TermsForm,
    WhenForm,
    as_typed,
    initial,
    rebased,
    rotations,
    shown_terms,
)
from oncall.schedules.forms.zones import ZONES
from oncall.schedules.rules import windows
from oncall.schedules.views import arranging, reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from core.accounts.models import User
    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Layer, Schedule, ScheduleVersion
    from oncall.schedules.rules.layers import Restriction

PREVIEW = "preview"
# So many versions of others are listed, the latest first.
SHOWN = 10


@require_http_methods(["GET", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    """A new schedule with its first rotations, as a preset has them."""
    require(request.user, Verb.CONFIGURE)
    preset = PRESETS.get(request.GET.get("preset", ""), PRESETS[WEEKLY])
    shown = preset.shown(grid.monday_of(timezone.localdate()))
    form = ScheduleForm(request.POST or None, initial={"time_zone": request.user.time_zone})
    terms = TermsForm(request.POST or None, initial=preset.terms)
    page = _Page(request, None, request.user.time_zone, form, terms, preset=preset)
    if arranging.only_arranges(request):
        form = ScheduleForm(initial={name: form[name].value() for name in form.fields})
        return page.arranged(shown, form=form, terms=_as_typed(terms))
    layers = rotations(request.POST or None, shown)
    if request.method == "POST" and all([form.is_valid(), terms.is_valid(), _valid(layers, terms)]):
        require(request.user, Verb.CONFIGURE, form.cleaned_data["team"])
        with refusals.shown_in(form):
            schedule = operations.create(
                **{
                    name: form.cleaned_data[name]
                    for name in ("name", "slug", "time_zone", "team", "description")
                },
                layers=_specs(layers, form.cleaned_data["time_zone"]),
                terms=terms.terms(),
                actor=request.user,
            )
            return redirect("oncall:calendar", schedule.slug)
    return page.answer(layers)


@require_http_methods(["GET", "POST"])
def edit(request: PersonRequest, slug: str) -> HttpResponse:
    """Change the rotations from a moment on, or say first what that would change. `of` is a planned version."""
    schedule = queries.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    planned = _planned(request, schedule)
    zone = planned.time_zone if planned else schedule.time_zone
    rows = queries.layers_of(planned) if planned else queries.layers_in_force(schedule, at=timezone.now())
    shown = [initial(layer, zone, _mended(request, layer)) for layer in rows]
    said = operations.terms_of(planned) if planned else operations.terms_at(schedule, None)
    terms = TermsForm(request.POST or None, initial=shown_terms(said), schedule=schedule)
    with timezone.override(ZoneInfo(zone)):
        when = WhenForm(request.POST or None, initial=_seen(schedule, planned, zone))
        when.is_valid()
    page = _Page(request, schedule, zone, when, terms)
    if arranging.only_arranges(request):
        return page.arranged(shown, form=_retyped(when), terms=_as_typed(terms))
    if request.method == "POST" and when.data.get("version") not in {None, "", str(schedule.version)}:
        return _conflict(page, schedule, when, terms, shown)
    layers = rotations(request.POST or None, shown)
    result = None
    if request.method == "POST" and all([when.is_valid(), terms.is_valid(), _valid(layers, terms)]):
        with refusals.shown_in(when):
            result = _carry_out(request, schedule, when, terms, layers)
            if result is None:
                messages.success(request, "Saved. Who was on call before stays as it was.")
                return redirect("oncall:calendar", schedule.slug)
    return page.answer(layers, shown=result)


@require_http_methods(["GET", "POST"])
def about(request: PersonRequest, slug: str) -> HttpResponse:
    """The name, the address, the team and the description of a schedule."""
    schedule = queries.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    form = AboutForm(
        request.POST or None, instance=queries.get(slug), initial={"seen": queries.described(schedule)}
    )
    if request.method == "POST" and form.is_valid():
        require(request.user, Verb.CONFIGURE, form.cleaned_data["team"])
        with refusals.shown_in(form):
            operations.describe(schedule, actor=request.user, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("oncall:calendar", form.cleaned_data["slug"])
        form.data = {**form.data.dict(), "seen": queries.described(queries.get(slug))}
    context = {"schedule": schedule, "form": form}
    return render(request, "oncall/schedules/about.html", context, status=422 if form.is_bound else 200)


def _asks(request: PersonRequest, what: str) -> bool:
    return request.POST.get("do") == what


def _planned(request: PersonRequest, schedule: Schedule) -> ScheduleVersion | None:
    number = request.POST.get("of") or request.GET.get("of")
    if not number:
        return None
    planned = queries.planned(schedule, at=timezone.now())
    found = planned.filter(number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
    if found is None:
        raise Http404
    return found


def _mended(request: PersonRequest, layer: Layer) -> list[Restriction] | None:
    """The windows of a rotation with which it begins as early as a gap of the calendar that was followed here."""
    start, end = reader.moment(request, "start"), reader.moment(request, "end")
    if request.method != "GET" or request.GET.get("reach") != str(layer.lineage) or not start or not end:
        return None
    zone = ZoneInfo(layer.time_zone)
    known = queries.layer_value(layer).restrictions
    return windows.reaching(known, start.astimezone(zone), end.astimezone(zone))


def _seen(schedule: Schedule, planned: ScheduleVersion | None, zone: str) -> dict[str, Any]:
    return {
        "version": schedule.version,
        "latest": max((row.number for row in queries.versions(schedule)[:1]), default=0),
        "of": planned.number if planned else None,
        "effective_at": planned.effective_from if planned else None,
        "time_zone": zone,
    }


def _carry_out(
    request: PersonRequest, schedule: Schedule, when: WhenForm, terms: TermsForm, layers: Any
) -> operations.Preview | None:
    """Save, or work out what a save would change."""
    given = when.given() | {"terms": terms.terms()}
    specs = _specs(layers, given["time_zone"] or schedule.time_zone)
    actor: User = request.user
    if _asks(request, PREVIEW):
        shown = operations.preview(schedule, layers=specs, **given, actor=actor)
        when.has_shown(shown.opened)
        return shown
    try:
        operations.save_seen(
            schedule,
            layers=specs,
            **given,
            version=when.cleaned_data["version"],
            accepts_gaps=when.cleaned_data["gaps"],
            seen=when.cleaned_data["gaps_seen"],
            actor=actor,
        )
    except operations.OpensGaps:
        when.asks_gaps = True
        raise
    return None


def _valid(layers: Any, terms: TermsForm) -> bool:
    """Whether the rotations can be saved; none at all only where those of another schedule count."""
    if not layers.is_valid():
        return False
    if any(_kept(layers)) or terms.cleaned_data.get("offset") is not None:
        return True
    terms.add_error(None, "A schedule needs a rotation, unless it takes those of another one.")
    return False


def _kept(layers: Any) -> list[Any]:
    return [form for form in layers if form.cleaned_data and not form.cleaned_data.get("DELETE")]


def _specs(layers: Any, zone: str) -> list[operations.LayerSpec]:
    return [form.spec(zone) for form in _kept(layers)]


def _as_typed(terms: TermsForm) -> TermsForm:
    typed = TermsForm(initial={name: terms[name].value() for name in terms.fields})
    typed.fields["stands_behind"] = terms.fields["stands_behind"]
    return typed


def _retyped(when: WhenForm, **given: Any) -> WhenForm:
    return WhenForm(initial={name: when[name].value() for name in when.fields} | given)


def _conflict(
    page: _Page, schedule: Schedule, when: WhenForm, terms: TermsForm, shown: Sequence[dict[str, Any]]
) -> HttpResponse:
    """Say what somebody saved in between, with what was typed here still in the form, over theirs by now."""
    typed = as_typed(page.request.POST, shown)
    rows = [
        int(kept)
        for each in typed
        for kept in [str(each["kept"] or "")]
        if kept.isdecimal() and len(kept) < 19
    ]
    latest = when.cleaned_data.get("latest") or 0
    return page.answer(
        rotations(None, rebased(typed, shown, queries.lineages(schedule, rows))),
        form=_retyped(when, **{name: when.initial[name] for name in ("version", "latest")}),
        terms=_as_typed(terms),
        theirs=list(queries.saved_since(schedule, latest)[:SHOWN]),
        is_conflict=True,
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """The editor as somebody sees it: an existing schedule or a new one, in a zone, with its forms."""

    request: PersonRequest
    schedule: Schedule | None
    zone: str
    form: ScheduleForm | WhenForm
    terms: TermsForm
    preset: Preset | None = None

    def arranged(
        self, shown: Sequence[dict[str, Any]], *, form: ScheduleForm | WhenForm, terms: TermsForm
    ) -> HttpResponse:
        """Draw what was typed in another order, or with one rotation more."""
        layers, moved = arranging.arranged(self.request, shown)
        answer = self.answer(layers, form=form, terms=terms, moved=moved)
        return trigger_client_event(answer, "say", {"text": moved.said(layers)}) if moved else answer

    def answer(
        self,
        layers: Any,
        *,
        form: ScheduleForm | WhenForm | None = None,
        terms: TermsForm | None = None,
        moved: arranging.Moved | None = None,
        shown: operations.Preview | None = None,
        theirs: Sequence[ScheduleVersion] = (),
        is_conflict: bool = False,
    ) -> HttpResponse:
        """Draw it, with other forms where they are given, what a save would change, and what others saved."""
        schedule = self.schedule
        context = {
            "schedule": schedule,
            "form": form or self.form,
            "terms": terms or self.terms,
            "layers": layers,
            "zones": ZONES,
            "zone": self.zone,
            "preset": self.preset,
            "presets": PRESETS,
            "shown": shown,
            "told": queries.told(shown.changes) if shown else None,
            "people": queries.named([piece for _, some in shown.handoffs for piece in some]) if shown else {},
            "is_mended": "reach" in self.request.GET,
            "moved": moved,
            "is_conflict": is_conflict,
            "theirs": theirs,
            "planned": list(queries.planned(schedule, at=timezone.now())) if schedule else [],
        }
        is_refused = is_conflict or (layers.is_bound and shown is None)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
        return render(self.request, "oncall/schedules/edit.html", context, status=status)
