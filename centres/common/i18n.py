"""Data people read has a Thai and an English name; the page shows the reader's."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


def in_language(th: str, en: str) -> str:
    """Return the text of the active language; the other where it is empty."""
    return (th or en) if (get_language() or "th").startswith("th") else (en or th)


class Named(models.Model):
    """A thing with a name in both languages."""

    name_th = models.CharField(_("name in Thai"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_th, self.name_en)
