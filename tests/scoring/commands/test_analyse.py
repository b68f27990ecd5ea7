import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from django.core.management import CommandError, call_command

from tests.data.lsat import LSAT6

ANSWERS = """person,one,two,three,four
p1,A,B,A,D
p2,A,B,C,
p3,B,B,A,D
p4,A,C,,C
p5,C,A,B,D
p6,A,B,A,D
p7,B,A,B,C
p8,A,C,A,D
"""
KEY = "item,key\none,A\ntwo,B\nthree,A\nfour,D\n"
SHARED = Path(__file__).parents[4] / "shared" / "data" / "psychometrics"


@pytest.fixture
def analyse(tmp_path: Path) -> Callable[..., Any]:
    """analyse(answers, key): what the command wrote for these two texts, and what it said."""

    def run(answers: str | Path, key: str | Path | None = None, *more: str) -> Any:
        paths = []
        for name, content in (("R.csv", answers), ("K.csv", key)):
            if isinstance(content, str):
                (tmp_path / name).write_text(content, "utf-8")
                content = tmp_path / name
            paths.append(content)
        with_key = ["--key", str(paths[1])] if paths[1] else []
        out, said = tmp_path / "OUT.json", StringIO()
        arguments = ["--responses", str(paths[0]), *with_key, "--model", "2pl", "--json", str(out)]
        call_command("analyse", *arguments, *more, stdout=said)
        return json.loads(out.read_text("utf-8"), parse_constant=pytest.fail) | {
            "said": said.getvalue()
        }

    return run


def test_a_blank_is_an_omission_scored_nought_where_there_is_a_key(
    analyse: Callable[..., Any],
) -> None:
    found = analyse(ANSWERS, KEY)
    four = next(item for item in found["items"] if item["item"] == "four")
    assert (four["n"], four["p"]) == (8, 5 / 8)
    rows = {(row["item"], row["option"]): row for row in found["options"]}
    assert rows["four", "(omit)"]["n"] == 1
    assert not rows["four", "(omit)"]["is_key"]
    assert rows["four", "D"]["is_key"]
    assert ("one", "(omit)") not in rows


def test_a_blank_is_not_administered_where_the_cells_are_scores(
    analyse: Callable[..., Any],
) -> None:
    found = analyse("person,one,two\np,1,\nq,0,1\nr,,0\n")
    assert [item["n"] for item in found["items"]] == [2, 2]
    assert [item["p"] for item in found["items"]] == [0.5, 0.5]
    assert found["options"] == []
    assert "incomplete_by_design" in {row["finding"] for row in found["findings"]}


def test_the_published_names_are_all_there(analyse: Callable[..., Any]) -> None:
    found = analyse(ANSWERS, KEY)
    assert {"alpha", "kr20", "sem"} <= found["reliability"].keys()
    items = {"item", "n", "p", "item_total", "item_rest", "alpha_if_deleted", "flags"}
    options = {"item", "option", "is_key", "n", "p", "option_total", "option_rest"}
    assert all(items <= row.keys() for row in found["items"])
    assert all(options <= row.keys() for row in found["options"])
    assert {"model", "loglik", "converged", "iterations", "items"} <= found["irt"].keys()
    model = {"item", "a", "b", "c", "se_a", "se_b", "se_c"}
    assert all(model <= row.keys() for row in found["irt"]["items"])
    assert found["irt"]["model"] == "2pl"


def test_what_does_not_exist_is_null(analyse: Callable[..., Any]) -> None:
    found = analyse("person,one,two\np,1,1\nq,0,1\nr,,\n", None, "--persons", "eap")
    assert found["items"][1]["item_rest"] is None
    assert found["irt"]["items"][1]["a"] is None
    assert found["irt"]["loglik"] is None
    assert found["persons"][2] == {"person": "r", "theta": None, "se": None}
    assert {"no_variance", "person_without_items"} <= {f["finding"] for f in found["findings"]}


def test_lsat_section_6_gives_the_published_figures(analyse: Callable[..., Any]) -> None:
    rows = [pattern for pattern, number in LSAT6.items() for _ in range(number)]
    text = "".join(f"{n},{','.join(row)}\n" for n, row in enumerate(rows))
    found = analyse("person,1,2,3,4,5\n" + text)
    assert found["irt"]["loglik"] == pytest.approx(-2466.653, abs=0.002)
    assert found["irt"]["converged"]
    assert found["reliability"]["alpha"] == pytest.approx(0.295, abs=5e-4)
    assert found["irt"]["items"][0]["c"] == 0
    assert found["irt"]["items"][0]["se_c"] is None
    assert "log-likelihood -2466.65" in found["said"]


@pytest.mark.parametrize("model", ["rasch", "1pl", "2pl", "3pl"])
@pytest.mark.parametrize("persons", ["eap", "map", "ml", "wle", "sum"])
def test_every_model_and_every_way_to_place_people(
    analyse: Callable[..., Any], model: str, persons: str
) -> None:
    text = "".join(
        f"{row}{n or ''},{','.join(row)}\n" for row, number in LSAT6.items() for n in range(number)
    )
    found = analyse(
        "person,1,2,3,4,5\n" + text, None, "--model", model, "--persons", persons, "--fit"
    )
    assert found["irt"]["model"] == model
    assert [row["item"] for row in found["fit"]] == ["1", "2", "3", "4", "5"]
    residuals = {"item", "infit", "outfit", "infit_z", "outfit_z"}
    residuals |= {"s_x2", "s_x2_df", "s_x2_p", "s_x2_rmsea"}
    assert found["fit"][0].keys() == residuals
    assert {"m2", "df", "p", "rmsea", "aic", "bic", "reliability"} <= found["form_fit"].keys()
    people = {row["person"]: row["theta"] for row in found["persons"]}
    assert len(people) == 1000
    assert people["10011"] < people["11101"]
    assert (people["11111"] is None) == (persons == "ml")
    assert (found["irt"]["items"][0]["se_a"] is None) == (model == "rasch")


def test_groups_are_compared_when_asked(analyse: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "P.csv").write_text(
        "person,sex\n" + "".join(f"p{n},{n % 2}\n" for n in range(1, 9))
    )
    how = ("--groups", str(tmp_path / "P.csv"), "--group-column", "sex", "--focal", "1")
    found = analyse(ANSWERS, KEY, *how)
    assert [row["ets"] for row in found["dif"]] == [None] * 4
    assert "group_too_small" in {row["finding"] for row in found["findings"]}
    with pytest.raises(CommandError, match="--groups needs --group-column"):
        analyse(ANSWERS, KEY, *how[:2])
    with pytest.raises(CommandError, match="--dif needs --groups, --group-column and --focal"):
        analyse(ANSWERS, KEY, *how[:4], "--dif")


def test_a_wrong_file_is_one_sentence_and_leaves_nothing_behind(
    analyse: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="row 3: the row has 1 cells; the header has 2"):
        analyse("person,one\np,A\nq\n", "item,key\none,A\n")
    with pytest.raises(CommandError, match=r"R\.csv: there is no such file"):
        analyse(tmp_path / "nowhere" / "R.csv", KEY)
    assert not (tmp_path / "OUT.json").exists()


def test_a_fault_is_told_in_thai_where_thai_is_asked_for(analyse: Callable[..., Any]) -> None:
    thai = ("--language", "th")
    for answers, key, said in (
        ("person,one\np,A\np,B\n", "item,key\none,A\n", "แถว 3 คอลัมน์ person: .*แถว 2"),
        ("person,one\np,A\n", "item,key\ntwo,A\n", "แถว 2 คอลัมน์ item: .*'two'"),
        ("person,one\np,A\n", "item,key\n", "'one'"),
    ):
        with pytest.raises(CommandError, match=said) as fault:
            analyse(answers, key, *thai)
        assert not re.search("the |there is", str(fault.value))


def test_a_place_that_cannot_be_written_is_one_sentence(
    analyse: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=r"cannot be written \(No such file"):
        analyse(ANSWERS, KEY, "--json", str(tmp_path / "nowhere" / "OUT.json"))


@pytest.mark.parametrize("name", ["hci", "gmat", "tam_mc", "irtoys_mc", "lsat6", "lsat7"])
def test_real_files_reproduce_their_references(analyse: Callable[..., Any], name: str) -> None:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the shared data set {name} is not beside this project")
    key = folder / "key.csv"
    found = analyse(folder / "responses.csv", key if key.exists() else None)
    expected = json.loads((folder / "reference.json").read_text("utf-8"))
    classical = expected["ctt"]
    for figure in ("alpha", "kr20", "sem"):
        assert found["reliability"][figure] == pytest.approx(classical[figure], abs=1e-7)
    for ours, theirs in zip(found["items"], classical["item"], strict=True):
        assert ours["item"] == theirs["item"]
        for figure in ("p", "item_total", "item_rest", "alpha_if_deleted"):
            assert ours[figure] == pytest.approx(theirs[figure], abs=1e-7)
    rows = {(row["item"], row["option"]): row for row in found["options"]}
    assert len(rows) == len(classical.get("distractors", []))
    for theirs in classical.get("distractors", []):
        ours = rows[theirs["item"], theirs["option"]]
        assert (ours["n"], ours["is_key"]) == (theirs["n"], theirs["key"])
        assert ours["p"] == pytest.approx(theirs["p"], abs=1e-7)
        assert ours["option_total"] == pytest.approx(theirs["option_total_r"], abs=1e-7)
        assert ours["option_rest"] == pytest.approx(theirs["option_rest_r"], abs=1e-7)
    loglik = expected["irt"]["2PL"]["logLik"]
    assert found["irt"]["converged"]
    assert found["irt"]["loglik"] == pytest.approx(loglik, abs=0.01)


def test_partial_credit_is_written_step_by_step(analyse: Callable[..., Any]) -> None:
    cells = [(n % 3, (n // 3) % 2, (n // 2) % 3, (n * 7) % 4) for n in range(240)]
    text = "person,a,b,c,d\n" + "".join(
        f"p{n},{','.join(map(str, row))}\n" for n, row in enumerate(cells)
    )
    found = analyse(text, None, "--model", "gpcm", "--persons", "eap")
    assert found["irt"]["model"] == "gpcm"
    assert [len(item["steps"]) for item in found["irt"]["items"]] == [2, 1, 2, 3]
    assert len(found["persons"]) == 240
    modes = analyse(text, None, "--model", "gpcm", "--persons", "map")["persons"]
    assert len(modes) == 240
    assert all(row["theta"] is not None and row["se"] > 0 for row in modes)
    fitted = analyse(text, None, "--model", "gpcm", "--fit")
    assert {"infit", "outfit", "infit_z", "s_x2", "s_x2_df", "s_x2_p"} <= fitted["fit"][0].keys()
    assert all(row["infit"] > 0 for row in fitted["fit"])
    assert {"people", "reliability", "aic", "bic", "free"} == fitted["form_fit"].keys()


def test_every_way_to_compare_groups_and_pairs_is_written(
    analyse: Callable[..., Any], tmp_path: Path
) -> None:
    folder = SHARED / "hci"
    if not folder.is_dir():
        pytest.skip("the shared data set hci is not beside this project")
    people = (folder / "persons.csv").read_text("utf-8").splitlines()[1:]
    (tmp_path / "S.csv").write_text(
        "person,room,row,column\n"
        + "".join(f"{line.split(',')[0]},1,{n // 20},{n % 20}\n" for n, line in enumerate(people))
    )
    groups = ("--groups", str(folder / "persons.csv"), "--group-column", "gender", "--focal", "1")
    found = analyse(
        folder / "responses.csv",
        folder / "key.csv",
        *groups,
        "--dif",
        "--similarity",
        "--seats",
        str(tmp_path / "S.csv"),
    )
    wanted = {"mh_chi2", "ets", "std_p_dif", "logistic_effect", "logistic_class", "lord_chi2"}
    assert all(wanted <= row.keys() for row in found["dif"])
    for row in found["pairs"]:
        assert {"first", "second", "p_adjusted", "omega", "log10_m4", "seat_distance"} <= row.keys()
        assert row["same_room"]


def test_with_the_fit_come_odd_people_and_items_that_share_more_than_ability(
    analyse: Callable[..., Any],
) -> None:
    """Six in ten answer item 2 as item 1; the last person is right where others are wrong."""
    random = np.random.default_rng(8)
    knows = random.random((500, 12)) < 1 / (
        1 + np.exp(np.linspace(-2, 2, 12) - 1.3 * random.standard_normal((500, 1)))
    )
    alike = random.random(500) < 0.6
    knows[alike, 1] = knows[alike, 0]
    knows[-1] = np.arange(12) >= 6
    rows = "".join(f"p{n},{','.join(map(str, row))}\n" for n, row in enumerate(knows.astype(int)))
    text = "person," + ",".join(map(str, range(1, 13))) + "\n" + rows
    found = analyse(text, None, "--fit", "--persons", "sum")
    assert [(row["first"], row["second"]) for row in found["dependence"]][:1] == [("1", "2")]
    assert all(row["q3_adjusted"] > 0.2 for row in found["dependence"])
    people = {row["person"]: row for row in found["persons"]}
    assert people["p499"]["lz_star"] == min(row["lz_star"] for row in found["persons"])
    assert people["p499"]["u3"] > 0.9
    by_score: dict[int, set[float]] = {}
    for person, row in zip(knows, found["persons"], strict=True):
        by_score.setdefault(int(person.sum()), set()).add(row["theta"])
    assert {len(values) for values in by_score.values()} == {1}


def test_at_a_cut_it_is_said_how_sure_a_pass_is_and_what_differing_items_did(
    analyse: Callable[..., Any],
) -> None:
    folder = SHARED / "hci"
    if not folder.is_dir():
        pytest.skip("the shared data set hci is not beside this project")
    groups = ("--groups", str(folder / "persons.csv"), "--group-column", "gender", "--focal", "1")
    files = folder / "responses.csv", folder / "key.csv"
    found = analyse(*files, *groups, "--dif", "--cut", "12")
    told = found["decision"]
    assert 0.7 < told["accuracy"] < 0.95
    assert told["consistency"] < told["accuracy"]
    assert 0 < told["kappa"] < told["consistency"]
    assert told["accuracy"] + told["false_pass"] + told["false_fail"] == pytest.approx(1)
    assert found["score_effect"] == {"mean_shift": 0, "mean_absolute": 0, "lost": 0, "gained": 0}
    assert all(row["lord_chi2"] >= 0 and row["lr_p"] <= 1 for row in found["dif"])
    assert found["made"]["cut"] == 12
    with pytest.raises(CommandError, match="right or wrong"):
        analyse("person,one\np,1\n", None, "--model", "gpcm", "--persons", "sum")
    nowhere = analyse(ANSWERS, KEY, "--cut", "99")
    assert nowhere["decision"]["accuracy"] is None
    assert "not_identified" in {row["finding"] for row in nowhere["findings"]}


def test_those_who_sat_side_by_side_are_listed_with_how_many_chance_would_list(
    analyse: Callable[..., Any],
) -> None:
    """Rooms of one row need no more than the number of the seat."""
    folder = SHARED / "sim_forensics"
    if not folder.is_dir():
        pytest.skip("the shared data set sim_forensics is not beside this project")
    files = folder / "responses.csv", folder / "key.csv"
    found = analyse(*files, "--similarity", "--seats", str(folder / "persons.csv"))
    told, listed = found["side_by_side"], found["neighbours"]
    assert told["pairs"] == 40 * 29
    assert told["level"] == 0.05
    assert told["by_chance"] == pytest.approx(58)
    assert 45 < len(listed) < 90
    assert [row["log_factor"] for row in listed] == sorted(
        (row["log_factor"] for row in listed), reverse=True
    )
    assert all(row["seat_distance"] == 1 and row["p"] <= 0.05 for row in listed)
    assert {"374", "375"} in [{row["first"], row["second"]} for row in listed]


def test_a_seat_that_is_no_number_is_told_with_its_file(
    analyse: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "S.csv").write_text(
        "person,room,seat\n" + "".join(f"p{n},1,x\n" for n in range(1, 9))
    )
    with pytest.raises(CommandError, match=r"S.csv.*whole numbers"):
        analyse(ANSWERS, KEY, "--similarity", "--seats", str(tmp_path / "S.csv"))


def test_the_same_analysis_is_a_workbook_and_a_page(
    analyse: Callable[..., Any], tmp_path: Path
) -> None:
    book, page = tmp_path / "OUT.xlsx", tmp_path / "OUT.html"
    hostile = ANSWERS.replace("one,", "<script>alert(1)</script>,", 1)
    key = KEY.replace("one,A", "<script>alert(1)</script>,A")
    found = analyse(hostile, key, "--xlsx", str(book), "--html", str(page))
    sheets = openpyxl.load_workbook(book)
    assert sheets.sheetnames[:5] == ["checks", "items", "options", "scores", "flags"]
    assert sheets["items"]["A2"].value == "<script>alert(1)</script>"
    html = page.read_text("utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<svg") >= 4
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert found["made"]["responses_sha256"][:12] in html


def test_the_page_speaks_thai_when_asked(analyse: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "OUT.html"
    analyse(ANSWERS, KEY, "--html", str(page), "--language", "th")
    assert '<html lang="th">' in page.read_text("utf-8")
    assert "ความเที่ยง" in page.read_text("utf-8")


def test_parts_and_weights_and_rules_come_from_the_key_file(analyse: Callable[..., Any]) -> None:
    key = "item,key,part,weight\none,A,x,2\ntwo,B|C,x,\nthree,*,y,1\nfour,-,y,\n"
    found = analyse(ANSWERS, key)
    assert [(part["part"], part["items"]) for part in found["parts"]["parts"]] == [
        ("x", 2),
        ("y", 1),
    ]
    rows = {row["item"]: row for row in found["items"]}
    assert (rows["one"]["maximum"], rows["one"]["mean"]) == (2, 2 * rows["one"]["p"])
    assert (rows["three"]["p"], rows["four"]["counted"]) == (1.0, False)
    assert len(found["scores"]) == 5  # two, one and one marks: raw score 0 to 4


def test_groups_are_described_each_by_itself(analyse: Callable[..., Any], tmp_path: Path) -> None:
    rows = "".join(f"p{n},{'north' if n < 4 else 'south'}\n" for n in range(1, 9))
    (tmp_path / "P.csv").write_text("person,centre\n" + rows)
    how = ("--groups", str(tmp_path / "P.csv"), "--group-column", "centre")
    found = analyse(ANSWERS, KEY, *how)
    assert [(row["group"], row["persons"]) for row in found["groups"]] == [
        ("north", 3),
        ("south", 5),
    ]
    assert "dif" not in found


def test_what_a_comparison_needs_is_said(analyse: Callable[..., Any]) -> None:
    with pytest.raises(CommandError, match="--dif needs --groups, --group-column and --focal"):
        analyse(ANSWERS, KEY, "--dif")
    with pytest.raises(CommandError, match="--similarity needs answers and --key"):
        analyse("person,one\np,1\n", None, "--similarity")


def test_the_example_in_the_guide_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "analyse.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "R.csv").write_text(ANSWERS, "utf-8")
    (tmp_path / "K.csv").write_text(KEY, "utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "analyse.md", "exec"), {})
    alpha, slopes = capsys.readouterr().out.split(maxsplit=1)
    assert float(alpha) < 1
    assert len(slopes.strip(" []\n").split()) == len(KEY.splitlines()) - 1
