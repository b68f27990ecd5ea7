"""Seat pools as columns: a centre in an exam session, with its places."""

import hashlib
from datetime import datetime

import numpy as np

from centres.common.thai import in_bangkok
from scheduling.allocation.patterns import Timetable
from scheduling.arrays.people import ACCESS
from scheduling.models import ExamForm, SeatPool, Sitting


class Columns:
    """The columns of a sitting, by centre code and exam session number, and their places."""

    def __init__(self, sitting: Sitting) -> None:
        pools = list(
            SeatPool.objects.filter(exam_session__sitting=sitting)
            .order_by("centre__code", "exam_session__number")
            .values_list(
                "centre_id",
                "exam_session_id",
                "centre__code",
                "exam_session__number",
                "centre__latitude",
                "centre__longitude",
                "exam_session__paper_id",
                "exam_session__starts_at",
                "exam_session__ends_at",
                "exam_session__paper__code",
                "access_class",
                "capacity",
            )
        )
        columns = {(row[0], row[1]): row for row in pools}
        papers = sorted({(row[9], row[6]) for row in pools})
        self.paper_codes = tuple(code for code, _ in papers)
        self.paper_keys = tuple(key for _, key in papers)
        at_paper = {key: index for index, key in enumerate(self.paper_keys)}
        self.labels = list(columns)
        self.centre_codes = [row[2] for row in columns.values()]
        self.session_numbers = np.array([row[3] for row in columns.values()], np.int64)
        self.places = np.array([row[4:6] for row in columns.values()], float).reshape(-1, 2)
        self.starts = np.array([_minute(row[7]) for row in columns.values()], np.int64)
        self.ends = np.array([_minute(row[8]) for row in columns.values()], np.int64)
        self.capacity = np.zeros((len(ACCESS), len(columns)), np.int64)
        at = {label: index for index, label in enumerate(columns)}
        for centre, session, *_, access, capacity in pools:
            self.capacity[ACCESS.index(access), at[centre, session]] = capacity
        self.paper = np.array([at_paper[row[6]] for row in columns.values()], np.int64)
        self.day = np.array([_day(row[7]) for row in columns.values()], np.int64)
        forms = list(ExamForm.objects.filter(paper__in=self.paper_keys).order_by("code"))
        of_paper = [tuple(f.pk for f in forms if f.paper_id == key) for key in self.paper_keys]
        self.form_keys = tuple(of_paper[paper] for paper in self.paper.tolist())

    @property
    def times(self) -> Timetable:
        """What the columns are in time, and which paper is sat in each."""
        return Timetable(paper=self.paper, day=self.day, starts=self.starts, ends=self.ends)


def _day(moment: datetime) -> int:
    return in_bangkok(moment).toordinal()


def _minute(moment: datetime) -> int:
    """Minutes on one clock, the same for all columns."""
    return int(moment.timestamp()) // 60


def label_of(code: str) -> int:
    """A number for a code, the same everywhere: the first seven bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(code.encode()).digest()[:7])
