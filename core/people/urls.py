from django.urls import path

from core.people.directory import views as directory
from core.people.erasure import views as erasure
from core.people.invitations import views as invitations
from core.people.me import views as me
from core.people.teams import views as teams

app_name = "people"
urlpatterns = [
    # Me
    path("me/", me.profile, name="me"),
    path("me/password/", me.password, name="password"),
    path("me/sessions/end-others/", me.end_other_sessions, name="end-other-sessions"),
    path("me/sessions/<key>/end/", me.end_session, name="end-session"),
    # People
    path("people/", directory.index, name="list"),
    path("people/<int:pk>/", directory.person, name="person"),
    path("people/<int:pk>/role/", directory.change_role, name="change-role"),
    path("people/<int:pk>/leaving/", directory.leaving, name="leaving"),
    path("people/<int:pk>/deactivate/", directory.deactivate, name="deactivate"),
    path("people/<int:pk>/reactivate/", directory.reactivate, name="reactivate"),
    path("people/<int:pk>/erase/", erasure.erase, name="erase"),
    path("people/<int:pk>/export/", erasure.export, name="export"),
    path("people/erase-address/", erasure.erase_address, name="erase-address"),
    path("people/<int:pk>/sign-out/", directory.end_sessions, name="end-sessions"),
    # Invitations
    path("people/invite/", invitations.invite, name="invite"),
    path("people/invitations/<int:pk>/revoke/", invitations.revoke, name="revoke-invitation"),
    path("invitations/<token>/", invitations.accept, name="accept"),
    # Teams
    path("teams/", teams.index, name="teams"),
    path("teams/new/", teams.create, name="new-team"),
    path("teams/<slug:slug>/", teams.team, name="team"),
    path("teams/<slug:slug>/rename/", teams.rename, name="rename-team"),
    path("teams/<slug:slug>/members/", teams.add_member, name="add-member"),
    path("teams/<slug:slug>/members/<int:pk>/role/", teams.set_role, name="set-team-role"),
    path("teams/<slug:slug>/members/<int:pk>/remove/", teams.remove_member, name="remove-member"),
]
