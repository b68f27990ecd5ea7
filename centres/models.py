"""Places and people, and who may do what where."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from centres.common.audit import AuditEntry, AuditHead
from centres.common.contact import Channel
from centres.common.i18n import Named, in_language
from centres.common.outbox import Delivery, Letter

__all__ = [
    "AuditEntry", "AuditHead", "Building", "Centre", "CodePurpose", "Contact", "Delivery", "Door",
    "Letter", "OneTimeCode", "Role", "Room", "Seat", "SeatKind", "StaffRole", "User",
]  # fmt: skip


class User(AbstractUser):
    """Anyone who signs in. What they may do is in StaffRole, not here."""

    name_th = models.CharField(_("name in Thai"), max_length=150, blank=True)
    name_en = models.CharField(_("name in English"), max_length=150, blank=True)
    session_epoch = models.PositiveIntegerField(_("sessions ended"), default=0)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def get_session_auth_hash(self) -> str:
        """What every session of this person must carry: a new epoch ends them all at once."""
        if not self.session_epoch:
            return super().get_session_auth_hash()
        said = f"{self.password}/{self.session_epoch}"
        return salted_hmac("sanamsob.session", said, algorithm="sha256").hexdigest()

    @property
    def shown_name(self) -> str:
        """The name in the reader's language; the user name where there is none."""
        return in_language(self.name_th, self.name_en) or self.username


class Centre(Named):
    """An examination centre: one institution in one city."""

    code = models.CharField(_("code"), max_length=8, unique=True)
    province = models.CharField(_("province code"), max_length=2)
    region = models.CharField(_("region"), max_length=20)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    address_th = models.CharField(_("address in Thai"), max_length=300, blank=True)
    address_en = models.CharField(_("address in English"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("centre")
        verbose_name_plural = _("centres")
        ordering = ["code"]


class Building(Named):
    """A building of a centre."""

    centre = models.ForeignKey(
        Centre, verbose_name=_("centre"), on_delete=models.PROTECT, related_name="buildings"
    )
    code = models.CharField(_("code"), max_length=8)
    has_lift = models.BooleanField(_("has a lift"), default=False)

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering = ["centre_id", "code"]
        constraints = [
            models.UniqueConstraint(fields=["centre", "code"], name="one_building_per_code"),
        ]


class Door(models.TextChoices):
    """Where the door of a room is, seen from the seats."""

    UNKNOWN = "", _("not said")
    FRONT_LEFT = "front_left", _("in front on the left")
    FRONT_RIGHT = "front_right", _("in front on the right")
    BACK_LEFT = "back_left", _("at the back on the left")
    BACK_RIGHT = "back_right", _("at the back on the right")


class Room(models.Model):
    """A room. Its shape is where its seats stand on a grid; an aisle is an empty column."""

    building = models.ForeignKey(
        Building, verbose_name=_("building"), on_delete=models.PROTECT, related_name="rooms"
    )
    code = models.CharField(_("room"), max_length=12)
    floor = models.SmallIntegerField(_("floor"), default=1)
    step_free = models.BooleanField(_("reached without a step"), default=False)
    is_separate = models.BooleanField(_("kept for people who need a room apart"), default=False)
    has_interpreter = models.BooleanField(
        _("kept for people who read sign language, with an interpreter"), default=False
    )
    door = models.CharField(
        _("door"), max_length=12, choices=Door.choices, default=Door.UNKNOWN, blank=True
    )
    is_open = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["building_id", "code"]
        constraints = [
            models.UniqueConstraint(fields=["building", "code"], name="one_room_per_code"),
        ]

    def __str__(self) -> str:
        return self.code


class SeatKind(models.TextChoices):
    STANDARD = "standard", _("standard chair")
    WHEELCHAIR = "wheelchair", _("wheelchair place")
    MAGNIFIER = "magnifier", _("place with a magnifier")


class Seat(models.Model):
    """A numbered chair. `x` and `y` count grid squares from the front left corner."""

    room = models.ForeignKey(
        Room, verbose_name=_("room"), on_delete=models.PROTECT, related_name="seats"
    )
    label = models.CharField(_("seat"), max_length=6)
    x = models.PositiveSmallIntegerField(_("column of the grid"))
    y = models.PositiveSmallIntegerField(_("row of the grid"))
    kind = models.CharField(
        _("kind"), max_length=12, choices=SeatKind.choices, default=SeatKind.STANDARD
    )
    is_usable = models.BooleanField(_("usable"), default=True)

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering = ["room_id", "y", "x"]
        constraints = [
            models.UniqueConstraint(fields=["room", "label"], name="one_seat_per_label"),
            models.UniqueConstraint(fields=["room", "x", "y"], name="one_seat_per_square"),
        ]

    def __str__(self) -> str:
        return self.label


class Role(models.TextChoices):
    PROCTOR = "proctor", _("proctor")
    CHIEF = "chief", _("centre chief")
    OBSERVER = "observer", _("observer")
    HEADQUARTERS = "headquarters", _("headquarters")
    EXAMINER = "examiner", _("examiner")
    INTEGRITY = "integrity", _("integrity officer")
    STAFF = "staff", _("staff")
    ARRANGEMENTS = "arrangements", _("arrangements officer")
    AUDITOR = "auditor", _("auditor")
    ADMINISTRATOR = "administrator", _("administrator")


class StaffRole(models.Model):
    """A role of a user: at one centre, or everywhere when the centre is empty."""

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="staff_roles"
    )
    role = models.CharField(_("role"), max_length=14, choices=Role.choices)
    centre = models.ForeignKey(
        Centre, verbose_name=_("centre"), on_delete=models.PROTECT, null=True, blank=True
    )

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "centre"], name="one_role_per_centre"),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=models.Q(centre__isnull=True),
                name="one_role_everywhere",
            ),
            models.CheckConstraint(
                name="proctors_and_chiefs_have_a_centre",
                condition=models.Q(centre__isnull=False) | ~models.Q(role__in=["proctor", "chief"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.centre or ''}".strip()


class Contact(models.Model):
    """An e-mail address or phone number that its owner has shown to be theirs by a code."""

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="contacts"
    )
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=254, unique=True)
    confirmed_at = models.DateTimeField(_("confirmed at"))

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.channel}"


class CodePurpose(models.TextChoices):
    JOIN = "join", _("make an account")
    SIGN_IN = "sign_in", _("sign in")
    RECOVER = "recover", _("choose a new password")
    ADD = "add", _("add an address")


class OneTimeCode(models.Model):
    """A code sent to an address. Its six digits are computed from the data key, never stored.

    Without a user, where one is needed, it opens nothing: the page looks the same to somebody who
    asks for an address that is not known.
    """

    purpose = models.CharField(_("purpose"), max_length=8, choices=CodePurpose.choices)
    channel = models.CharField(_("channel"), max_length=5, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=254)
    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.CASCADE, null=True, related_name="+"
    )
    opens = models.BooleanField(_("opens"), default=True)
    salt = models.CharField(max_length=32)
    made_at = models.DateTimeField(_("made at"))
    until = models.DateTimeField(_("good until"))
    tries = models.PositiveSmallIntegerField(_("wrong tries"), default=0)
    used_at = models.DateTimeField(_("used at"), null=True)

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        indexes = [models.Index(fields=["address", "made_at"], name="codes_of_an_address")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
