from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from centres.common.runs import perform
from scoring.actions.publication import approve_publication, draft_publication
from scoring.models import AnswerSheet, Publication
from tests.factories import NOW
from tests.scoring.conftest import Sat


def run(name: str, *args: str) -> str:
    out = StringIO()
    call_command(name, *args, stdout=out)
    return out.getvalue()


def test_a_file_is_taken_in_from_the_command_line(sat: Sat) -> None:
    rows = sat.rows()
    path = sat.write([*rows, ("1", "A", "A" * 20)])
    said = run("ingest_responses", str(path), "--sitting", "1/2570", "--by", "examiner")
    assert "24 lines: 23 sheets, 1 wait for a person." in said
    assert "line 25" in said
    assert AnswerSheet.objects.count() == 23


@pytest.mark.parametrize(
    ("sitting", "by", "file"),
    [("9/9999", "examiner", ""), ("1/2570", "nobody", ""), ("1/2570", "examiner", "x")],
)
def test_a_wrong_word_is_a_sentence_and_takes_nothing_in(
    sat: Sat, sitting: str, by: str, file: str
) -> None:
    path = str(sat.write(sat.rows())) + file
    with pytest.raises(CommandError, match=r"No|no"):
        run("ingest_responses", path, "--sitting", sitting, "--by", by)
    assert not AnswerSheet.objects.exists()


def test_every_book_is_compared_with_what_was_signed(sat: Sat) -> None:
    sat.ingest()
    sat.analyse()
    hour = NOW + timedelta(days=1)
    first = draft_publication(scaling=sat.scale(), release_at=hour, by=sat.examiner, at=NOW)
    approve_publication(publication=first.publication, by=sat.second, at=NOW)
    perform(first.publication.sealing_runs.get())
    said = run("verify_book")
    assert "whole" in said
    assert "Books that are what was signed: 1. Released, and named by the pointer: 0." in said
    book = Path(settings.BOOKS_DIR) / Publication.objects.get().book
    book.write_bytes(book.read_bytes()[:-1] + b"?")
    with pytest.raises(CommandError, match="1 results books"):
        run("verify_book")
