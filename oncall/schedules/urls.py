from django.urls import path

from oncall.schedules.views import calendar, covering, deleting, editor, shifts, versions

urlpatterns = [
    path("on-call/", calendar.index, name="schedules"),
    path("on-call/-/now/", calendar.on_call_now, name="on-call-now"),
    path("on-call/-/mine/", shifts.mine, name="my-shifts"),
    path("on-call/-/deleted/", deleting.deleted, name="deleted-schedules"),
    path("on-call/-/deleted/<slug:slug>/restore/", deleting.undelete, name="undelete-schedule"),
    path("on-call/new/", editor.create, name="new-schedule"),
    path("on-call/<slug:slug>/", calendar.calendar, name="calendar"),
    path("on-call/<slug:slug>/-/calendar/", calendar.calendar_region, name="calendar-region"),
    path("on-call/<slug:slug>/-/shift/", shifts.shift, name="shift"),
    path("on-call/<slug:slug>/-/cover/", covering.cover, name="cover-here"),
    path("on-call/<slug:slug>/edit/", editor.edit, name="edit-schedule"),
    path("on-call/<slug:slug>/about/", editor.about, name="about-schedule"),
    path("on-call/<slug:slug>/delete/", deleting.delete, name="delete-schedule"),
    path("on-call/<slug:slug>/versions/", versions.versions, name="schedule-versions"),
    path("on-call/<slug:slug>/versions/<int:number>/", versions.version, name="schedule-version"),
    path("on-call/<slug:slug>/versions/<int:number>/restore/", versions.restore, name="restore-schedule"),
    path("on-call/<slug:slug>/versions/<int:number>/withdraw/", versions.withdraw, name="withdraw-schedule"),
    path("on-call/<slug:slug>/overrides/", calendar.add_override, name="add-override"),
    path("on-call/<slug:slug>/overrides/<int:pk>/cancel/", calendar.cancel_override, name="cancel-override"),
]
