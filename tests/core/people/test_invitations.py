from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client

from core.accounts.models import Invitation, Membership, User
from core.events.models import Event
from core.outbox.models import Message
from core.people.invitations import mail, operations
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import Team

pytestmark = pytest.mark.django_db
FORM = {"name": "Nora Berg", "password": "four kettles under snow", "time_zone": "Europe/Oslo"}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def link(invitation: Invitation) -> str:
    text = mail.render(Message.objects.get(client=mail.CLIENT, subject_id=invitation.pk)).text
    found = re.search(r"http://127\.0\.0\.1:8000(/invitations/\S+)", text)
    assert found is not None
    return found[1]


def invited(team: Team | None = None, role: str = "responder") -> Invitation:
    return operations.invite("nora@example.com", role=role, team=team or cast.team(), actor=cast.ada())


def test_an_invited_person_sets_a_name_and_a_password_and_is_in(client: Client) -> None:
    ada = browser(cast.ada())
    answer = ada.post(
        "/people/invite/", {"email": "Nora@Example.com", "role": "responder", "team": cast.team().pk}
    )
    assert answer["Location"] == "/people/"
    invitation = Invitation.objects.get()
    assert "nora@example.com" in ada.get("/people/").content.decode()
    page = client.get(link(invitation))
    assert page["Referrer-Policy"] == "no-referrer"
    assert "Ada Example invites you as responder in the team Payments" in page.content.decode()
    answer = client.post(link(invitation), FORM)
    assert answer["Location"] == "/"
    nora = User.objects.get(email="nora@example.com")
    assert (nora.name, nora.time_zone, nora.role) == ("Nora Berg", "Europe/Oslo", "responder")
    assert Membership.objects.get(user=nora).team.slug == "payments"
    assert client.get("/me/").status_code == 200
    names = list(Event.objects.order_by("id").values_list("name", flat=True))
    assert names == ["user.invited", "user.joined", "user.signed_in"]
    assert Client().get(link(invitation)).status_code == 404


def test_the_token_of_an_invitation_is_in_no_table() -> None:
    invitation = invited()
    token = link(invitation).split("/")[2]
    with connection.cursor() as cursor:
        cursor.execute(
            "select i::text from accounts_invitation i union all select m::text from outbox_message m"
        )
        assert all(token not in row for (row,) in cursor.fetchall())


def test_looking_at_an_invitation_uses_nothing_up(client: Client) -> None:
    invitation = invited()
    for _ in range(3):
        assert client.get(link(invitation)).status_code == 200
    assert client.head(link(invitation)).status_code == 200


@pytest.mark.parametrize("how", ["revoked", "expired", "replaced", "the inviter is switched off"])
def test_an_invitation_that_is_over_opens_nothing(client: Client, how: str) -> None:
    ada = cast.ada()
    invitation = operations.invite("nora@example.com", role="viewer", team=None, actor=ada)
    address = link(invitation)
    if how == "revoked":
        operations.revoke(invitation, actor=ada)
        assert mail.guard([Message.objects.get()]) != {}
    elif how == "expired":
        Invitation.objects.update(expires_at="2020-01-01T00:00Z")
    elif how == "replaced":
        operations.invite("NORA@example.com", role="viewer", team=None, actor=ada)
    else:
        User.objects.filter(pk=ada.pk).update(is_active=False)
    assert client.get(address).status_code == 404
    assert client.post(address, FORM).status_code == 404
    assert not User.objects.filter(email="nora@example.com").exists()


def test_a_mail_not_yet_sent_is_taken_back_with_its_invitation() -> None:
    invitation = invited()
    operations.revoke(invitation, actor=User.objects.get(name="Ada Example"))
    assert Message.objects.get().state == "suppressed"


@pytest.mark.parametrize(
    "change",
    [{"password": "short"}, {"name": ""}, {"time_zone": "Mars/Olympus"}, {"password": "nora@example.com"}],
)
def test_an_answer_that_is_not_valid_keeps_what_was_typed(client: Client, change: dict[str, str]) -> None:
    invitation = invited()
    answer = client.post(link(invitation), FORM | change)
    assert answer.status_code == 422
    assert "data-errors" in answer.content.decode()
    assert not User.objects.filter(email="nora@example.com").exists()


def test_somebody_who_has_an_account_is_not_invited() -> None:
    cast.bob()
    answer = browser(cast.ada()).post(
        "/people/invite/", {"email": "BOB@example.com", "role": "viewer", "team": ""}
    )
    assert answer.status_code == 422
    assert "bob@example.com has an account already." in answer.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_a_manager_lets_nobody_in_above_themselves(role: str) -> None:
    mona = cast.mona()
    answer = browser(mona).post(
        "/people/invite/", {"email": "x@example.com", "role": role, "team": cast.team().pk}
    )
    assert answer.status_code == 422
    with pytest.raises(operations.NotYours):
        operations.invite("x@example.com", role=role, team=cast.team(), actor=mona)
    assert not Invitation.objects.exists()


def test_a_manager_invites_into_their_own_teams_alone() -> None:
    mona = browser(cast.mona())
    elsewhere = cast.team("Elsewhere")
    for team in (elsewhere.pk, ""):
        answer = mona.post("/people/invite/", {"email": "x@example.com", "role": "viewer", "team": team})
        assert answer.status_code == 422
    assert not Invitation.objects.exists()
    assert (
        mona.post(
            "/people/invite/", {"email": "x@example.com", "role": "viewer", "team": cast.team().pk}
        ).status_code
        == 302
    )


def test_a_manager_neither_sees_nor_revokes_the_invitations_of_others() -> None:
    mona = browser(cast.mona())
    invitation = operations.invite(
        "x@example.com", role="viewer", team=cast.team("Elsewhere"), actor=cast.ada()
    )
    assert "x@example.com" not in mona.get("/people/").content.decode()
    assert mona.post(f"/people/invitations/{invitation.pk}/revoke/").status_code == 404
    invitation.refresh_from_db()
    assert invitation.revoked_at is None


@pytest.mark.parametrize("who", ["vera", "alice"])
def test_who_manages_nothing_invites_nobody(who: str) -> None:
    client = browser(getattr(cast, who)())
    invitation = invited()
    assert client.get("/people/invite/").status_code == 403
    assert client.post("/people/invite/", {"email": "x@example.com", "role": "viewer"}).status_code == 403
    assert client.post(f"/people/invitations/{invitation.pk}/revoke/").status_code == 403
    assert Invitation.objects.count() == 1
    assert "nora@example.com" not in client.get("/people/").content.decode()
