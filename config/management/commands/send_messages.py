"""Send the e-mails and SMS that wait in the outbox; with --watch, go on doing so."""

import logging
import signal
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from centres.common.outbox import send_due

logger = logging.getLogger("sanamsob.outbox")
REST = 0.5  # seconds


class Command(BaseCommand):
    help = "Send the messages that are due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="stay, and send as they come")

    def handle(self, *, watch: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        sent = 0
        try:
            while True:
                tried = self._round(patient=watch)
                sent += tried
                if not tried and not watch:
                    break
                time.sleep(0 if tried else REST)
        except KeyboardInterrupt:
            pass
        if not watch:
            self.stdout.write(f"{sent} messages were tried; the delivery log says what came of it.")

    def _round(self, *, patient: bool) -> int:
        """One batch. A watcher outlives a database that is away for a while."""
        try:
            if patient:
                close_old_connections()
            return send_due(at=timezone.now())
        except DatabaseError:
            if not patient:
                raise
            logger.exception("the outbox cannot be read; trying again")
            time.sleep(5)
            return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
