"""People who take exams, and what they asked for."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.i18n import Named, in_language
from centres.models import Centre
from scheduling.models.sitting import AccessClass, ExamSession, Paper, Sitting


class Institution(Named):
    """Where a candidate studied; neighbours in a room should not share it."""

    code = models.CharField(_("code"), max_length=12, unique=True)

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")


class IdentityKind(models.TextChoices):
    NATIONAL = "national", _("Thai national number")
    PASSPORT = "passport", _("passport")


class Candidate(models.Model):
    """A person. The identity number is encrypted, found by a keyed hash, and shown masked."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="candidate",
    )
    identity_kind = models.CharField(
        _("identity document"), max_length=8, choices=IdentityKind.choices
    )
    identity_sealed = models.BinaryField(_("identity number, encrypted"))
    identity_hash = models.BinaryField(_("identity number, keyed hash"), max_length=32, unique=True)
    identity_masked = models.CharField(_("identity number"), max_length=24)
    prefix = models.CharField(_("prefix"), max_length=40)
    given_name_th = models.CharField(_("given name in Thai"), max_length=100)
    family_name_th = models.CharField(_("family name in Thai"), max_length=100, blank=True)
    given_name_en = models.CharField(_("given name in English"), max_length=100, blank=True)
    family_name_en = models.CharField(_("family name in English"), max_length=100, blank=True)
    sort_key = models.CharField(_("dictionary order"), max_length=250, db_index=True)
    sex = models.CharField(
        _("sex"), max_length=1, blank=True, choices=[("f", _("female")), ("m", _("male"))]
    )
    birth_date = models.DateField(_("date of birth"), null=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")

    def __str__(self) -> str:
        """With the prefix, unless that is Thai and the name is shown in Latin letters."""
        name = self.name
        if self.prefix.isascii():
            return f"{self.prefix} {name}".strip()
        return f"{self.prefix}{name}" if any("\u0e00" <= c <= "\u0e7f" for c in name) else name

    @property
    def name(self) -> str:
        """Given and family name in the reader's language, without the prefix."""
        thai = f"{self.given_name_th} {self.family_name_th}".strip()
        return in_language(thai, f"{self.given_name_en} {self.family_name_en}".strip())


class FormerName(models.Model):
    """A name a candidate had before; the door compares both with the card."""

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="former_names")
    prefix = models.CharField(_("prefix"), max_length=40)
    given_name_th = models.CharField(_("given name in Thai"), max_length=100)
    family_name_th = models.CharField(_("family name in Thai"), max_length=100, blank=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("former name")
        verbose_name_plural = _("former names")

    def __str__(self) -> str:
        return f"{self.prefix}{self.given_name_th} {self.family_name_th}".strip()


class RegistrationState(models.TextChoices):
    ACCEPTED = "accepted", _("accepted")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ExamLanguage(models.TextChoices):
    THAI = "th", _("Thai")
    ENGLISH = "en", _("English")


class Registration(models.Model):
    """A candidate entered for a sitting. `number` has ten digits, the last a check digit.

    `language`: in which the questions are put to him. An exam form has the same items in the same
    order in both, so how they behave in each can be compared.
    """

    candidate = models.ForeignKey(
        Candidate,
        verbose_name=_("candidate"),
        on_delete=models.PROTECT,
        related_name="registrations",
    )
    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="registrations"
    )
    number = models.CharField(_("registration number"), max_length=10, unique=True)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=RegistrationState.choices,
        default=RegistrationState.ACCEPTED,
    )
    institution = models.ForeignKey(
        Institution, verbose_name=_("institution"), on_delete=models.PROTECT, null=True
    )
    home_province = models.CharField(_("home province"), max_length=2)
    home_latitude = models.FloatField(_("home latitude"))
    home_longitude = models.FloatField(_("home longitude"))
    access_class = models.CharField(
        _("access class"),
        max_length=12,
        choices=AccessClass.choices,
        default=AccessClass.STANDARD,
    )
    extra_minutes = models.PositiveSmallIntegerField(_("extra minutes"), default=0)
    language = models.CharField(
        _("language of the exam"),
        max_length=2,
        choices=ExamLanguage.choices,
        default=ExamLanguage.THAI,
        db_default=ExamLanguage.THAI,
    )
    registered_at = models.DateTimeField(_("registered at"))
    wished_at = models.DateTimeField(_("wishes last sent at"), null=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "sitting"],
                condition=models.Q(state="accepted"),
                name="one_registration_per_sitting",
            ),
        ]
        indexes = [
            models.Index(fields=["sitting", "state"], name="registrations_of_sitting"),
        ]

    def __str__(self) -> str:
        return self.number


class TakenPaper(models.Model):
    """A paper that a registration takes. Whoever has none of these takes all of his sitting."""

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.CASCADE,
        related_name="taken_papers",
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("paper taken")
        verbose_name_plural = _("papers taken")
        constraints = [
            models.UniqueConstraint(fields=["registration", "paper"], name="one_paper_once"),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.paper_id}"


class Wish(models.Model):
    """A centre, and perhaps an exam session there, that a registration asked for. 1 is first."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="wishes")
    rank = models.PositiveSmallIntegerField(_("rank"))
    centre = models.ForeignKey(Centre, verbose_name=_("centre"), on_delete=models.PROTECT)
    exam_session = models.ForeignKey(
        ExamSession,
        verbose_name=_("exam session"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
    )

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")
        ordering = ["registration_id", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["registration", "rank"], name="one_wish_per_rank"),
        ]

    def __str__(self) -> str:
        return f"{self.rank}: {self.centre_id}"


class NeedKind(models.TextChoices):
    WHEELCHAIR = "wheelchair", _("wheelchair place")
    STEP_FREE = "step_free", _("no stairs")
    LARGE_PRINT = "large_print", _("large print")
    EXTRA_TIME = "extra_time", _("extra time")
    SEPARATE_ROOM = "separate_room", _("separate room")
    FRONT_ROW = "front_row", _("seat in the front row")
    MAGNIFIER = "magnifier", _("place with a magnifier")
    SIGN_LANGUAGE = "sign_language", _("interpreter of sign language")


class Need(models.Model):
    """An arrangement, never a diagnosis: what the room must do, not why."""

    registration = models.ForeignKey(Registration, on_delete=models.CASCADE, related_name="needs")
    kind = models.CharField(_("arrangement"), max_length=14, choices=NeedKind.choices)

    class Meta:
        verbose_name = _("arrangement")
        verbose_name_plural = _("arrangements")
        constraints = [
            models.UniqueConstraint(fields=["registration", "kind"], name="one_need_per_kind"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
