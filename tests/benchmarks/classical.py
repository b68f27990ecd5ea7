"""Item analysis and the what-if bench at national size, in CPU seconds of one thread."""

import time
from collections.abc import Callable, Iterator

import numpy as np

from scheduling.models import ExamForm
from scoring.models import Equating, ScaleSpec
from scoring.psychometrics.classical import analyse, item_statistics, reliability
from scoring.psychometrics.flags import flag_items
from scoring.psychometrics.keying import ItemKey, Key, Rule, score
from scoring.psychometrics.moments import moments
from scoring.psychometrics.parts import by_group, parts_of
from scoring.psychometrics.responses import ResponseMatrix
from scoring.studies import FormData, paper_scores
from scoring.studies.what_if import Bench, remedy_effects
from tests.benchmarks import Row

PEOPLE, ITEMS, COMMON, OPTIONS = 59_679, 150, 30, "ABCDE"
PSYCH = 16.2  # CPU seconds of psych::alpha on as many answers, by the field notes
CENTRES = 16


def rows() -> Iterator[Row]:
    """Every figure of a form, those that psych::alpha gives, groups, and remedies."""
    matrix, key = _answers()
    whole = _cpu(lambda: flag_items(analyse(matrix, key)))
    what = f"{PEOPLE:,} x {ITEMS} x {len(OPTIONS)}: all classical figures, options and flags"
    yield Row(what, whole, "CPU s", "R psych::alpha (noted)", PSYCH, goal=1.5)
    scored = score(matrix, key)

    def as_psych() -> None:
        sums = moments(scored)
        reliability(scored, sums)
        item_statistics(scored, sums)

    alone = _cpu(as_psych)
    yield Row("alpha and item figures alone", alone, "CPU s", "the same (noted)", PSYCH, PSYCH / 50)
    centre = np.array([f"C{n:02}" for n in range(CENTRES)], object)[np.arange(PEOPLE) % CENTRES]
    groups = _cpu(lambda: by_group(scored, centre))
    yield Row(f"the same for each of {CENTRES} centres", groups, "CPU s", "everybody", alone)
    parts = _cpu(lambda: parts_of(scored, [f"S{j % 8}" for j in range(ITEMS)]))
    yield Row("alpha by parts", parts, "CPU s")
    yield from _remedies(matrix)


def _remedies(matrix: ResponseMatrix) -> Iterator[Row]:
    """Two forms that share items, equated by curve: everything is reckoned anew for a remedy."""
    bench = _bench(matrix)
    drop = {1: [ItemKey("A040", ("A",), Rule.DROPPED)]}
    one = _cpu(lambda: remedy_effects(bench, drop))
    before = _cpu(lambda: paper_scores(bench.spec, bench.forms))
    what = "a remedy: who crosses, alpha, by centre and sex"
    yield Row(what, one, "CPU s", "scoring everybody once", before, goal=0.2)
    several = [
        ItemKey("A040", ("B",)),
        ItemKey("A040", ("A", "B")),
        ItemKey("A040", ("A",), Rule.EVERYONE),
        ItemKey("A040", ("A",), weight=2),
        drop[1][0],
    ]
    five = _cpu(lambda: [remedy_effects(bench, {1: [change]}) for change in several])
    yield Row("five remedies side by side", five, "CPU s", goal=1.0)


def _bench(matrix: ResponseMatrix) -> Bench:
    half = PEOPLE // 2
    forms = [
        _form(1, "A", matrix, slice(0, half)),
        _form(2, "B", matrix, slice(half, None)),
    ]
    spec = ScaleSpec(low=0, high=100, at_zero=0, at_full=100, cut=60)
    spec.equating, spec.base_form = Equating.EQUIPERCENTILE, ExamForm(pk=1, code="A")
    labels = {}
    for form in forms:
        place = np.arange(len(form.matrix.persons))
        labels[form.form_id] = {
            "centre": np.char.add("C", (place % CENTRES).astype(str)),
            "sex": np.array(["f", "m"])[place % 2],
        }
    return Bench(spec, forms, paper_scores(spec, forms), labels)


def _form(number: int, code: str, matrix: ResponseMatrix, rows: slice) -> FormData:
    items = tuple(f"{'C' if j < COMMON else code}{j:03}" for j in range(ITEMS))
    own = ResponseMatrix(
        np.ascontiguousarray(matrix.codes[rows]), matrix.persons[rows], items, matrix.options
    )
    return FormData(number, code, own, Key.single(dict.fromkeys(items, "A")))


def _answers() -> tuple[ResponseMatrix, Key]:
    """Every item's right option is A; who misses it chooses among the others, B most."""
    random = np.random.default_rng(2570)
    slope = np.clip(random.lognormal(0.05, 0.3, ITEMS), 0.35, 2.5).astype(np.float32)
    hard = random.normal(-0.2, 1.0, ITEMS).astype(np.float32)
    theta = random.standard_normal(PEOPLE).astype(np.float32)
    codes = np.empty((PEOPLE, ITEMS), np.uint8)
    for start in range(0, PEOPLE, 8192):
        block = slice(start, start + 8192)
        chance = 1 / (1 + np.exp(-slope * (theta[block, None] - hard)))
        right = random.random(chance.shape, dtype=np.float32) < chance
        wrong = random.choice(np.array([1, 2, 3, 4], np.uint8), right.shape, p=[0.5, 0.2, 0.2, 0.1])
        codes[block] = np.where(right, np.uint8(0), wrong)
    items = tuple(f"i{j:03}" for j in range(ITEMS))
    matrix = ResponseMatrix(codes, np.arange(PEOPLE), items, tuple(OPTIONS))
    return matrix, Key.single(dict.fromkeys(items, "A"))


def _cpu(work: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)
