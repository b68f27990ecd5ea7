"""An allocation from plain files, for anyone with a similar problem: no database is asked.

Candidates: candidate,lat,lon,wish_1,wish_2,wish_3. Places: place,centre,session,lat,lon,capacity.
A wish names a place. Every row that cannot be understood is refused with its number.
"""

import csv
import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from errno import EISDIR
from io import StringIO
from pathlib import Path

import numpy as np
from django.utils.translation import gettext as _t

from centres.common.provinces import PROVINCES
from scheduling.allocation.problem import (
    AllocationProblem,
    Costs,
    Floats,
    Ints,
    Ranks,
    great_circle,
)
from scheduling.errors import (
    FileEmpty,
    FileNotRead,
    FileRowWrong,
    HeadingsMissing,
    TooFewPlaces,
)

CANDIDATE_HEADINGS = ("candidate", "lat", "lon", "wish_1", "wish_2", "wish_3")
PLACE_HEADINGS = ("place", "centre", "session", "lat", "lon", "capacity")
PLAN_HEADINGS = ("candidate", "place", "cost", "rank")
FARTHEST_KM = 1000.0
FARTHEST_TOWN_KM = 175.0  # no land of Thailand is farther from its nearest provincial town
_TOWNS = np.array([(province.latitude, province.longitude) for province in PROVINCES])
_CHUNK = 16384
_LARGEST = 10**9


@dataclass(frozen=True, eq=False, kw_only=True)
class PlainProblem:
    """n candidates and P places as read, with the table of costs.

    problem  candidates in the order of their file, one column per place
    wishes   (n, 3) column of each wish, -1 for none
    """

    candidates: list[str]
    places: list[str]
    centres: list[str]
    sessions: list[str]
    wishes: Ints
    problem: AllocationProblem

    def rank_of(self, column: Ints) -> Ranks:
        """1, 2, 3 for the wish that a plan grants each, 0 for a place not wished for, (n,)."""
        granted = self.wishes == column[:, None]
        rank: Ranks = np.where(granted.any(1), granted.argmax(1) + 1, 0).astype(np.int8)
        return rank

    def distance(self, rank_km: Sequence[float]) -> Costs:
        """Great-circle distances, (n, P) in 0.1 km: the costs less the penalties."""
        penalties = [round(10 * km) for km in rank_km]
        found = self.problem.cost - np.int32(penalties[-1])
        for rank in range(self.wishes.shape[1] - 1, -1, -1):
            rows = np.flatnonzero(self.wishes[:, rank] >= 0)
            column = self.wishes[rows, rank]
            by_rank = np.int32(penalties[min(rank, len(penalties) - 1)])
            found[rows, column] = self.problem.cost[rows, column] - by_rank
        return found


@dataclass(frozen=True, eq=False)
class _Places:
    names: list[str]
    centres: list[str]
    sessions: list[str]
    where: Floats
    capacity: Ints


def read_problem(
    candidates: Path, places: Path, rank_km: Sequence[float], farthest_km: float = FARTHEST_KM
) -> PlainProblem:
    """Both files as one problem: cost = round(10 km) + 10 x the penalty of the wish's rank.

    Raises FileNotRead, FileEmpty, HeadingsMissing, FileRowWrong, TooFewPlaces.
    """
    there = _read_places(places)
    column_of = {name: column for column, name in enumerate(there.names)}
    names, lines, where, wishes = _read_candidates(candidates, column_of, places.name)
    if len(names) > there.capacity.sum():
        total = int(there.capacity.sum())
        raise TooFewPlaces(people=len(names), places=total, missing=len(names) - total)
    cost = _costs(where, wishes, there.where, [round(10 * km) for km in rank_km])
    astray = _astray(where, there.where, farthest_km)
    if astray:
        row, why = astray
        raise FileRowWrong(file=candidates.name, line=lines[row], name=names[row], why=why)
    problem = AllocationProblem(
        registration_ids=_labels(names),
        centre_ids=_labels(there.names),
        session_ids=np.zeros(len(there.names), np.int64),
        access_classes=("place",),
        access=np.zeros(len(names), np.int64),
        cost=cost,
        capacity=there.capacity[None],
    )
    return PlainProblem(
        candidates=names,
        places=there.names,
        centres=there.centres,
        sessions=there.sessions,
        wishes=wishes,
        problem=problem,
    )


def plan_text(plain: PlainProblem, column: Ints) -> str:
    """The plan as CSV: candidate,place,cost,rank, in the order of the candidates."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(PLAN_HEADINGS)
    cost = plain.problem.cost[np.arange(len(column)), column].tolist()
    rank = plain.rank_of(column).tolist()
    places = [plain.places[here] for here in column.tolist()]
    writer.writerows(zip(plain.candidates, places, cost, rank, strict=True))
    return out.getvalue()


def replace_files(texts: dict[Path, str]) -> None:
    """Write all files whole or none of them."""
    drafts = {path: path.with_name(path.name + ".part") for path in texts}
    path = next(iter(texts))
    try:
        for path, draft in drafts.items():
            if path.is_dir():
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
            draft.write_text(texts[path], encoding="utf-8", newline="")
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as fault:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        raise FileNotRead(file=path.name, why=fault.strerror or str(fault)) from fault


def _rows(path: Path, headings: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and the named cells of every row that is not blank."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines)
            first = [cell.strip().lower() for cell in next(reader, [])]
            if not any(first):
                raise FileEmpty(file=path.name)
            if missing := [name for name in headings if name not in first]:
                raise HeadingsMissing(file=path.name, missing=", ".join(missing))
            at = [first.index(name) for name in headings]
            for cells in reader:
                if any(cells[len(first) :]):
                    raise _too_wide(path.name, reader.line_num, cells, len(first))
                if any(cells):
                    padded = cells + [""] * (max(at) + 1 - len(cells))
                    yield reader.line_num, [padded[place].strip() for place in at]
    except OSError as fault:
        raise FileNotRead(file=path.name, why=fault.strerror or str(fault)) from fault
    except UnicodeDecodeError as fault:
        why = _t("it is not UTF-8; save it as “CSV UTF-8”")
        raise FileNotRead(file=path.name, why=why) from fault
    except csv.Error as fault:
        raise FileNotRead(file=path.name, why=str(fault)) from fault


def _too_wide(file: str, line: int, cells: list[str], headings: int) -> FileRowWrong:
    """A comma too many moves every cell after it, so nothing in the row can be trusted."""
    why = _t("the row has %(cells)d cells, the first line %(headings)d: is a comma too many?")
    why %= {"cells": len(cells), "headings": headings}
    return FileRowWrong(file=file, line=line, name=cells[0].strip(), why=why)


def _read_places(path: Path) -> _Places:
    names, centres, sessions, where, capacity = [], [], [], [], []
    known: dict[str, int] = {}
    for line, (name, centre, session, latitude, longitude, places) in _rows(path, PLACE_HEADINGS):
        _refuse_second(path.name, line, name, known)
        names.append(name)
        centres.append(centre)
        sessions.append(session)
        where.append(_point(path.name, line, name, latitude, longitude))
        capacity.append(_capacity(path.name, line, name, places))
    if not names:
        raise FileEmpty(file=path.name)
    return _Places(names, centres, sessions, np.array(where), np.array(capacity, np.int64))


def _read_candidates(
    path: Path, column_of: dict[str, int], places: str
) -> tuple[list[str], list[int], Floats, Ints]:
    names, lines, where, wishes = [], [], [], []
    known: dict[str, int] = {}
    for line, (name, latitude, longitude, *asked) in _rows(path, CANDIDATE_HEADINGS):
        _refuse_second(path.name, line, name, known)
        names.append(name)
        lines.append(line)
        where.append(_point(path.name, line, name, latitude, longitude))
        for wish in asked:
            if wish and wish not in column_of:
                why = _t("wishes for “%(wish)s”, which is no place of %(file)s")
                why %= {"wish": wish, "file": places}
                raise FileRowWrong(file=path.name, line=line, name=name, why=why)
        wishes.append([column_of[wish] if wish else -1 for wish in asked])
    if not names:
        raise FileEmpty(file=path.name)
    return names, lines, np.array(where), np.array(wishes, np.int64)


def _refuse_second(file: str, line: int, name: str, known: dict[str, int]) -> None:
    if not name:
        raise FileRowWrong(file=file, line=line, name="", why=_t("the name is empty"))
    if first := known.get(name):
        why = _t("stands in line %(first)d already; each has one row") % {"first": first}
        raise FileRowWrong(file=file, line=line, name=name, why=why)
    known[name] = line


def _point(file: str, line: int, name: str, latitude: str, longitude: str) -> tuple[float, float]:
    try:
        lat, lon = float(latitude), float(longitude)
    except ValueError:
        lat = lon = math.nan
    if abs(lat) <= 90 and abs(lon) <= 180 and (lat, lon) != (0, 0):
        return lat, lon
    empty = _t("(empty)")
    why = (
        _t("lat %(lat)s, lon %(lon)s is no place on earth; latitude and longitude look swapped")
        if abs(lat) <= 180 and abs(lon) <= 90 and abs(lat) > 90
        else _t("lat %(lat)s, lon %(lon)s is no place on earth")
    ) % {"lat": latitude or empty, "lon": longitude or empty}
    raise FileRowWrong(file=file, line=line, name=name, why=why)


def _capacity(file: str, line: int, name: str, text: str) -> int:
    try:
        places = int(text)
    except ValueError:
        places = -1
    if 0 <= places <= _LARGEST:
        return places
    why = _t("capacity %(capacity)s is not a whole number from 0 to a thousand million")
    why %= {"capacity": text or _t("(empty)")}
    raise FileRowWrong(file=file, line=line, name=name, why=why)


def _costs(where: Floats, wishes: Ints, places: Floats, penalties: Sequence[int]) -> Costs:
    cost = np.empty((len(where), len(places)), np.int32)
    for start in range(0, len(where), _CHUNK):
        part = slice(start, start + _CHUNK)
        distance = great_circle(where[part, 0], where[part, 1], places)
        table = distance + np.int32(penalties[-1])
        for rank in range(wishes.shape[1] - 1, -1, -1):
            asked = np.flatnonzero(wishes[part, rank] >= 0)
            column = wishes[part, rank][asked]
            by_rank = np.int32(penalties[min(rank, len(penalties) - 1)])
            table[asked, column] = distance[asked, column] + by_rank
        cost[part] = table
    return cost


def _astray(where: Floats, places: Floats, farthest_km: float) -> tuple[int, str] | None:
    """The first row far from every place, or in the sea off Thailand, and why."""
    for start in range(0, len(where), _CHUNK):
        part = where[start : start + _CHUNK]
        if far := _first_beyond(part, places, farthest_km, _t("the nearest place")):
            return start + far[0], far[1]
        if farthest_km == FARTHEST_KM and _in_thailand(places):
            towns = _t("every provincial town of Thailand")
            if far := _first_beyond(part, _TOWNS, FARTHEST_TOWN_KM, towns):
                return start + far[0], far[1]
    return None


def _first_beyond(
    where: Floats, places: Floats, farthest_km: float, name: str
) -> tuple[int, str] | None:
    nearest = great_circle(where[:, 0], where[:, 1], places).min(1) / 10
    for row in np.flatnonzero(nearest > farthest_km).tolist():
        lat, lon = where[row].tolist()
        why = _t(
            "lat %(lat)s, lon %(lon)s is %(km)d km from %(name)s: in the sea, or swapped? "
            "(--farthest-km says how far may be, and then asks no more)"
        )
        return row, why % {"lat": lat, "lon": lon, "km": round(nearest[row]), "name": name}
    return None


def _in_thailand(places: Floats) -> bool:
    """Whether every place is near a provincial town."""
    nearest = great_circle(places[:, 0], places[:, 1], _TOWNS).min(1)
    return bool((nearest <= 10 * FARTHEST_TOWN_KM).all())


def _labels(names: Sequence[str]) -> Ints:
    """A number for each name that does not depend on its row: seven bytes of its SHA-256."""
    found = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:7]) for name in names]
    return np.array(found, np.int64)
