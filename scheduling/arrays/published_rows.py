"""Rows of a published table inside its file, and what a line is called there."""

import csv
import hashlib
import hmac
import io
import zipfile
from base64 import b32encode
from collections.abc import Iterator
from typing import Any

from centres.common.identity import derived_key
from scheduling.models import AllocationRun

MADE = (1980, 1, 1, 0, 0, 0)  # so that the same plan gives the same bytes


def line_name(run: AllocationRun, number: int | str) -> str:
    """What a registration is called in the table of a run: ten signs, told to its candidate."""
    said = f"{run.pk}/{int(number):010d}".encode()
    digest = hmac.new(derived_key("published table"), said, hashlib.sha256).digest()
    return b32encode(digest)[:10].decode()


def write_rows(table: zipfile.ZipFile, name: str, rows: Iterator[list[Any]]) -> None:
    """One member of the file, row by row."""
    member = zipfile.ZipInfo(name, MADE)
    member.compress_type = zipfile.ZIP_DEFLATED
    with table.open(member, "w") as raw, io.TextIOWrapper(raw, "utf-8", newline="") as text:
        csv.writer(text).writerows(rows)


def read_rows(table: zipfile.ZipFile, name: str) -> Iterator[list[str]]:
    """The rows of one member."""
    with table.open(name) as raw:
        yield from csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""))
