"""Plain files in, a proved plan out; one wrong row and nothing is written."""

import csv
import itertools
import json
import math
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

CANDIDATES = """candidate,lat,lon,wish_1,wish_2,wish_3
ann,18.79,98.98,north1,,
bee,18.80,98.90,north1,north2,
cat,13.75,100.50,south,north1,
dan,7.01,100.47,,,
"""
PLACES = """place,centre,session,lat,lon,capacity
north1,CNX,1,18.79,98.98,1
north2,CNX,2,18.79,98.98,2
south,HDY,1,7.01,100.47,1
"""


class Case:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan, self.report = folder / "PLAN.csv", folder / "REPORT.json"

    def run(
        self,
        candidates: str = CANDIDATES,
        places: str = PLACES,
        candidates_file: Path | None = None,
        **options: object,
    ) -> str:
        (self.folder / "C.csv").write_text(candidates, encoding="utf-8")
        (self.folder / "P.csv").write_text(places, encoding="utf-8")
        out = StringIO()
        call_command(
            "allocate",
            candidates=candidates_file or self.folder / "C.csv",
            places=self.folder / "P.csv",
            stdout=out,
            **{"seed": 5, "out": self.plan, "json": self.report, **options},
        )
        return out.getvalue()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def km(a: dict[str, str], b: dict[str, str]) -> float:
    """Great-circle distance by the cosine law of the chord, written apart from ours."""
    points = []
    for row in (a, b):
        phi, lam = math.radians(float(row["lat"])), math.radians(float(row["lon"]))
        points.append((math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)))
    return 2 * 6371.0088 * math.asin(math.dist(*points) / 2)


def costs() -> tuple[list[list[int]], list[int]]:
    people = list(csv.DictReader(StringIO(CANDIDATES)))
    places = list(csv.DictReader(StringIO(PLACES)))
    table = []
    for person in people:
        rank = {person[f"wish_{r}"]: r for r in (3, 2, 1)}
        row = []
        for place in places:
            penalty = {1: 0, 2: 40, 3: 90}.get(rank.get(place["place"], 0), 300)
            row.append(round(10 * km(person, place)) + 10 * penalty)
        table.append(row)
    return table, [int(place["capacity"]) for place in places]


def test_the_plan_costs_as_little_as_the_best_of_all_plans_tried_one_by_one(case: Case):
    case.run()
    table, capacity = costs()
    best = min(
        sum(table[person][place] for person, place in enumerate(plan))
        for plan in itertools.product(range(3), repeat=4)
        if all(plan.count(place) <= capacity[place] for place in range(3))
    )
    lines = list(csv.DictReader(StringIO(case.plan.read_text())))
    assert [line["candidate"] for line in lines] == ["ann", "bee", "cat", "dan"]
    assert sum(int(line["cost"]) for line in lines) == best
    assert json.loads(case.report.read_text())["objective"] == best


def test_an_outsider_proves_the_optimum_from_the_prices_in_the_report(case: Case):
    case.run()
    report = json.loads(case.report.read_text())
    table, capacity = costs()
    prices = list(report["prices"].values())
    bound = sum(min(c + p for c, p in zip(row, prices, strict=True)) for row in table)
    bound -= sum(p * c for p, c in zip(prices, capacity, strict=True))
    assert bound == report["objective"] == report["bound"]
    assert report["gap"] == 0


def test_ranks_are_those_of_the_wishes_and_0_for_a_place_not_wished_for(case: Case):
    case.run()
    table, _ = costs()
    places = ["north1", "north2", "south"]
    wishes = [["north1"], ["north1", "north2"], ["south", "north1"], []]
    for person, line in enumerate(csv.DictReader(StringIO(case.plan.read_text()))):
        asked = wishes[person]
        place = line["place"]
        assert int(line["rank"]) == (asked.index(place) + 1 if place in asked else 0)
        assert int(line["cost"]) == table[person][places.index(place)]


def test_the_same_files_and_seed_give_the_same_bytes(case: Case):
    case.run()
    first = case.plan.read_bytes()
    case.run()
    assert case.plan.read_bytes() == first


def test_the_order_of_rows_changes_nobodys_place(case: Case):
    case.run()
    before = {tuple(line.items()) for line in csv.DictReader(StringIO(case.plan.read_text()))}
    head, *rows = CANDIDATES.splitlines()
    case.run("\n".join([head, *reversed(rows)]))
    assert {
        tuple(line.items()) for line in csv.DictReader(StringIO(case.plan.read_text()))
    } == before


@pytest.mark.parametrize(
    ("candidates", "places", "said"),
    [
        (CANDIDATES.replace("18.79,98.98,n", "98.98,18.79,n"), PLACES, "line 2, ann.*swapped"),
        (CANDIDATES.replace("7.01,100.47", "0,0"), PLACES, "line 5, dan.*no place on earth"),
        (CANDIDATES.replace("7.01,100.47", "9.0,80.0"), PLACES, "line 5, dan.*in the sea"),
        (CANDIDATES.replace("7.01,100.47", "9.5,101.5"), PLACES, "line 5, dan.*provincial.*sea"),
        (CANDIDATES.replace("7.01,100.47", "nan,100"), PLACES, "line 5, dan"),
        (CANDIDATES.replace("cat,", "ann,"), PLACES, "line 4, ann.*line 2 already"),
        (CANDIDATES.replace("south,north1", "west,north1"), PLACES, "line 4, cat.*“west”.*P.csv"),
        (CANDIDATES, PLACES.replace("98.98,2", "98.98,-2"), "P.csv, line 3, north2.*-2"),
        (CANDIDATES, PLACES.replace("98.98,2", "98.98,1.5"), "P.csv, line 3, north2.*1.5"),
        (CANDIDATES, PLACES.replace("98.98,2", "98.98,1"), "^Places missing: 1. .*4 candidates"),
        (CANDIDATES, PLACES.replace("north2", "north1"), "P.csv, line 3, north1.*line 2 already"),
        ("", PLACES, "C.csv has no rows"),
        (CANDIDATES.splitlines()[0], PLACES, "C.csv has no rows"),
        (CANDIDATES.replace("lat", "breite"), PLACES, "C.csv lacks: lat"),
        (CANDIDATES.replace("dan,7.01,100.47,,,", "dan,7,01,100.47,north1,north2,south"), PLACES,
         "line 5, dan.*7 cells.*line 6.*comma"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_and_nothing_is_written(
    case: Case, candidates: str, places: str, said: str
):
    with pytest.raises(CommandError, match=f"(?s){said}.*Nothing was written"):
        case.run(candidates, places)
    assert not case.plan.exists()
    assert not case.report.exists()


def test_what_is_wrong_is_said_in_thai_too(case: Case):
    with pytest.raises(CommandError, match=r"บรรทัด 5.*dan.*ตัวจังหวัด.*ยังไม่ได้เขียน"):
        case.run(CANDIDATES.replace("7.01,100.47", "9.5,101.5"), language="th")
    with pytest.raises(CommandError, match="ขาดที่นั่ง 1 ที่"):
        case.run(CANDIDATES, PLACES.replace("98.98,2", "98.98,1"), language="th")
    assert "ผู้สมัคร 4 คน" in case.run(language="th")


def test_a_place_in_the_sea_is_taken_when_the_distance_is_said(case: Case):
    case.run(CANDIDATES.replace("7.01,100.47", "9.5,101.5"), farthest_km=900.0)
    assert case.plan.exists()


def longest_of(plan: Path, people: list[dict[str, str]], places: dict[str, dict[str, str]]):
    lines = csv.DictReader(StringIO(plan.read_text()))
    return max(
        round(10 * km(person, places[line["place"]]))
        for person, line in zip(people, lines, strict=True)
    )


def test_longest_first_sends_nobody_farther_than_somebody_must_go(case: Case):
    case.run(rule="longest-first")
    people = list(csv.DictReader(StringIO(CANDIDATES)))
    places = {row["place"]: row for row in csv.DictReader(StringIO(PLACES))}
    names = list(places)
    least = min(
        max(round(10 * km(people[row], places[names[place]])) for row, place in enumerate(plan))
        for plan in itertools.product(range(3), repeat=4)
        if all(plan.count(at) <= int(places[name]["capacity"]) for at, name in enumerate(names))
    )
    report = json.loads(case.report.read_text())
    assert longest_of(case.plan, people, places) == least == round(10 * report["longest_km"])
    assert (report["rule"], report["gap"]) == ("longest-first", 0)


def test_in_turn_costs_what_it_costs_and_says_what_the_least_would_have_been(case: Case):
    case.run()
    least = json.loads(case.report.read_text())["objective"]
    case.run(rule="in-turn")
    report = json.loads(case.report.read_text())
    lines = list(csv.DictReader(StringIO(case.plan.read_text())))
    assert report["objective"] == sum(int(line["cost"]) for line in lines) >= least
    assert (report["bound"], report["gap"]) == (least, report["objective"] - least)


def test_a_report_that_cannot_be_written_leaves_no_plan_behind(case: Case):
    with pytest.raises(CommandError, match=r"REPORT\.json cannot be"):
        case.run(json=case.folder / "absent" / "REPORT.json")
    assert sorted(path.name for path in case.folder.iterdir()) == ["C.csv", "P.csv"]


@pytest.mark.parametrize("penalty", ["", "a,b", "-1,2", "0.05,1", "nan"])
def test_penalties_that_are_no_km_are_refused(case: Case, penalty: str):
    with pytest.raises(CommandError, match="--rank-penalty"):
        case.run(rank_penalty=penalty)


@pytest.mark.parametrize("km", [float("nan"), float("inf"), -5.0])
def test_a_farthest_way_that_is_no_distance_is_refused(case: Case, km: float):
    with pytest.raises(CommandError, match="--farthest-km"):
        case.run(farthest_km=km)


def test_no_file_is_written_over_another(case: Case):
    for options in ({"out": case.folder / "C.csv"}, {"json": case.plan}):
        with pytest.raises(CommandError, match="named twice"):
            case.run(**options)
        assert (case.folder / "C.csv").read_text() == CANDIDATES
        assert not case.plan.exists()


def test_a_file_in_another_encoding_is_told_how_to_be_saved(case: Case, tmp_path: Path):
    thai = tmp_path / "thai.csv"
    thai.write_bytes("candidate,lat,lon,wish_1,wish_2,wish_3\nก,18,99,,,\n".encode("cp874"))
    with pytest.raises(CommandError, match="CSV UTF-8"):
        case.run(candidates_file=thai)


def test_a_missing_file_is_named(case: Case):
    with pytest.raises(CommandError, match=r"absent.csv cannot be read"):
        call_command(
            "allocate", candidates=Path("p.csv"), places=Path("absent.csv"), out=case.plan, seed=1
        )


def test_neither_files_nor_a_sitting_is_refused():
    with pytest.raises(CommandError, match="Name a sitting"):
        call_command("allocate")
