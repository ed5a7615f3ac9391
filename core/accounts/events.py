"""What accounts tell the others: who came, who went, who may do what."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("user.signed_in")
@dataclass(frozen=True, slots=True)
class UserSignedIn:
    """A person signed in; the event's address says from where."""

    user_id: int


@event("user.password_changed")
@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """A person has a new password; `by_link` when they had forgotten the old one."""

    user_id: int
    by_link: bool


@event("user.invited")
@dataclass(frozen=True, slots=True)
class UserInvited:
    """Somebody was invited by e-mail."""

    invitation_id: int
    email: str
    role: str
    team_id: int | None


@event("user.invitation_revoked")
@dataclass(frozen=True, slots=True)
class InvitationRevoked:
    """An invitation was taken back before it was accepted."""

    invitation_id: int
    email: str


@event("user.joined")
@dataclass(frozen=True, slots=True)
class UserJoined:
    """An invited person set a password and has an account."""

    user_id: int
    invitation_id: int
    role: str


@event("user.deactivated")
@dataclass(frozen=True, slots=True)
class UserDeactivated:
    """A person can no longer sign in; sessions and tokens ended with it."""

    user_id: int


@event("user.reactivated")
@dataclass(frozen=True, slots=True)
class UserReactivated:
    """A person can sign in again."""

    user_id: int


@event("user.role_changed")
@dataclass(frozen=True, slots=True)
class UserRoleChanged:
    """A person may do more, or less, in the whole install."""

    user_id: int
    old: str
    new: str


@event("user.time_zone_changed")
@dataclass(frozen=True, slots=True)
class UserTimeZoneChanged:
    """A person lives by the clocks of another zone: their quiet hours and nights are other hours now."""

    user_id: int
    old: str
    new: str


@event("team.created")
@dataclass(frozen=True, slots=True)
class TeamCreated:
    """There is a new team."""

    team_id: int
    name: str


@event("team.renamed")
@dataclass(frozen=True, slots=True)
class TeamRenamed:
    """A team has another name."""

    team_id: int
    old: str
    new: str


@event("team.member_added")
@dataclass(frozen=True, slots=True)
class MemberAdded:
    """A person belongs to a team, or got another role in it: member or manager."""

    team_id: int
    user_id: int
    role: str


@event("team.member_removed")
@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """A person no longer belongs to a team."""

    team_id: int
    user_id: int


@event("user.erased")
@dataclass(frozen=True, slots=True)
class UserErased:
    """A person goes on as a pseudonym alone. What they did stays; who they were is kept nowhere."""

    user_id: int
    pseudonym: str
    reason: str


@event("user.address_erased")
@dataclass(frozen=True, slots=True)
class AddressErased:
    """An address of somebody without an account is gone, by the admin `by_id`; `instead` stands where it stood."""

    by_id: int
    instead: str
    reason: str


@event("user.exported")
@dataclass(frozen=True, slots=True)
class UserExported:
    """Somebody was handed all that is kept about a person."""

    user_id: int
