import numpy as np
import pytest

from centres.common.identity import registration_number
from config.demo.answers import Scan, Sitters, scan_sheets
from config.demo.country import build_country
from config.demo.items import COMMON, PER_FORM, Paper, write_paper
from config.demo.people import invent_people


@pytest.fixture(scope="module")
def paper() -> Paper:
    return write_paper()


@pytest.fixture(scope="module")
def sitters() -> Sitters:
    people = invent_people(build_country(6000))
    come = np.flatnonzero(people.comes)
    count, place = len(come), np.arange(len(come)) % 30
    return Sitters(
        [registration_number(number) for number in range(count)],
        (place % 6 + place // 6) % 2,
        np.arange(count) // 30, place % 6, place // 6,
        people.ability[come], people.pace[come], people.extra_minutes[come], people.is_woman[come],
        people.in_english[come],
    )  # fmt: skip


@pytest.fixture(scope="module")
def scan(paper: Paper, sitters: Sitters) -> Scan:
    return scan_sheets(paper, sitters)


def right(paper: Paper, scan: Scan, form: int) -> np.ndarray:
    sheets = [line.answers for line in scan.lines if line.form == "AB"[form]]
    marks = np.frombuffer("".join(sheets).encode(), np.uint8).reshape(-1, PER_FORM)
    return marks == np.frombuffer(paper.stored_key[form].encode(), np.uint8)


def test_two_forms_share_thirty_items_and_no_more(paper: Paper) -> None:
    first, second = (set(form.tolist()) for form in paper.forms)
    assert len(first) == len(second) == PER_FORM
    assert len(first & second) == COMMON
    assert (paper.key < paper.options).all()


def test_the_stored_keys_differ_from_the_truth_in_one_item_alone(paper: Paper) -> None:
    differing = [
        ("AB"[form], paper.code[item])
        for form in (0, 1)
        for item, letter in zip(paper.forms[form], paper.stored_key[form], strict=True)
        if "ABCDE"[paper.key[item]] != letter
    ]
    assert differing == [paper.wrong_key]


def test_the_same_seed_marks_the_same_sheets(paper: Paper, sitters: Sitters, scan: Scan) -> None:
    assert scan_sheets(paper, sitters) == scan


def test_scores_look_like_those_of_a_real_examination(paper: Paper, scan: Scan) -> None:
    for form in (0, 1):
        credit = right(paper, scan, form)
        raw = credit.sum(axis=1)
        alpha = PER_FORM / (PER_FORM - 1) * (1 - credit.var(axis=0).sum() / raw.var())
        assert 0.55 < raw.mean() / PER_FORM < 0.68
        assert 0.9 < alpha < 0.96


def test_only_the_wrong_key_punishes_those_who_know(paper: Paper, scan: Scan) -> None:
    credit = right(paper, scan, 0)
    rest = credit.sum(axis=1, keepdims=True) - credit
    with_rest = [np.corrcoef(credit[:, j], rest[:, j])[0, 1] for j in range(PER_FORM)]
    negative = [paper.code[paper.forms[0][j]] for j in range(PER_FORM) if with_rest[j] < 0]
    assert negative == [paper.wrong_key[1]]


def odds_ratios(credit: np.ndarray, focal: np.ndarray) -> np.ndarray:
    """Mantel and Haenszel's common odds of a right answer, others to focal, over fifths."""
    raw = credit.sum(axis=1)
    fifth = np.searchsorted(np.quantile(raw, [0.2, 0.4, 0.6, 0.8]), raw)
    above, below = np.zeros(credit.shape[1]), np.zeros(credit.shape[1])
    for level in range(5):
        theirs, ours = credit[(fifth == level) & focal], credit[(fifth == level) & ~focal]
        size = len(theirs) + len(ours)
        above += ours.sum(axis=0) * (~theirs).sum(axis=0) / size
        below += (~ours).sum(axis=0) * theirs.sum(axis=0) / size
    return above / below


def test_one_item_is_harder_in_english_and_its_english_asks_something_else(
    paper: Paper, sitters: Sitters, scan: Scan
) -> None:
    form, code = paper.mistranslated
    item = paper.code.index(code)
    th, en = paper.texts(item)
    assert ("ขัดกับ" in th, "agrees best" in en) == (True, True)
    others = [paper.texts(one)[1] for one in range(len(paper.code)) if one != item]
    assert not any("class. Which act agrees" in text for text in others)
    assert code not in (paper.wrong_key[1], paper.unfair[1])
    english = {number for number, en in zip(sitters.number, sitters.in_english, strict=True) if en}
    lines = [line for line in scan.lines if line.form == form]
    focal = np.array([line.number in english for line in lines])
    odds = odds_ratios(right(paper, scan, "AB".index(form)), focal)
    place = paper.forms["AB".index(form)].tolist().index(item)
    assert odds.argmax() == place
    assert odds[place] > 2


def test_omissions_double_marks_and_unreached_ends_occur(scan: Scan) -> None:
    text = "".join(line.answers for line in scan.lines)
    assert 0.002 < text.count("-") / len(text) < 0.02
    assert 0 < text.count("*") / len(text) < 0.005
    unreached = [line.answers for line in scan.lines if "." in line.answers]
    assert unreached
    assert all(set(answers[answers.index(".") :]) == {"."} for answers in unreached)


def test_nobody_marks_an_option_the_item_does_not_have(paper: Paper, scan: Scan) -> None:
    for form in (0, 1):
        four = [j for j, item in enumerate(paper.forms[form]) if paper.options[item] == 4]
        sheets = [line.answers for line in scan.lines if line.form == "AB"[form]]
        assert not any(sheet[j] == "E" for sheet in sheets for j in four)


def test_the_copier_agrees_with_the_source_far_beyond_anyone_else(scan: Scan) -> None:
    sheets = {line.number: line for line in scan.lines}
    source, copier = (sheets[number] for number in scan.copied)
    assert source.form == copier.form

    def agreement(other: str) -> int:
        return sum(a == b for a, b in zip(source.answers, other, strict=True))

    others = [
        agreement(line.answers)
        for line in scan.lines
        if line.form == source.form and line.number not in scan.copied
    ]
    assert agreement(copier.answers) > max(others) + 10


def test_the_scanner_repeats_forgets_and_misreads_a_few(sitters: Sitters, scan: Scan) -> None:
    numbers = [line.number for line in scan.lines]
    assert len(numbers) > len(sitters.number)
    assert any(line.form == "" for line in scan.lines)
    assert set(numbers) - set(sitters.number)
    assert len(set(sitters.number) - set(numbers)) == len(set(numbers) - set(sitters.number))
