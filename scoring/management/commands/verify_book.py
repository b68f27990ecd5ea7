"""Compare every results book with its signed manifest, byte for byte, and the pointer with both."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from centres.common.identity import derived_key
from scoring.actions.publication import SIGNATURE, release_key_of
from scoring.book.pointer import read_pointer
from scoring.book.sealed import BookDamaged
from scoring.book.signing import SignedManifest, WrongSignature, check_book, public_key
from scoring.models import Publication, PublicationState


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BOOKS_DIR)
        broken = 0
        sealed = Publication.objects.exclude(book="").order_by("pk")
        for publication in sealed:
            verdict = self._verdict(folder, publication)
            broken += verdict != "whole"
            self.stdout.write(f"{publication} {publication.book}: {verdict}")
        out = {one.publication: one.release_key for one in read_pointer(folder)}
        released = {
            str(one.pk): release_key_of(one)
            for one in Publication.objects.filter(state=PublicationState.RELEASED)
        }
        if out != released:
            raise CommandError("The pointer does not name the publications that are released.")
        if broken:
            raise CommandError(f"{broken} results books are not what was signed.")
        self.stdout.write(
            f"Books that are what was signed: {len(sealed)}. "
            f"Released, and named by the pointer: {len(out)}."
        )

    @staticmethod
    def _verdict(folder: Path, publication: Publication) -> str:
        signed = SignedManifest(publication.manifest.encode(), bytes(publication.signature))
        try:
            check_book(folder / publication.book, signed, public_key(derived_key(SIGNATURE)))
        except FileNotFoundError:
            return "missing"
        except (BookDamaged, WrongSignature) as fault:
            return str(fault)
        return "whole"
