"""Differential functioning, by difR: Mantel-Haenszel, standardisation, logistic regression."""

from pathlib import Path

import numpy as np

from scoring.psychometrics.dif import (
    DifAnalysis,
    mantel_haenszel,
    purified_mantel_haenszel,
    significant_at_5_percent,
)
from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.logistic_dif import (
    Kind,
    logistic_dif,
    purified_logistic_dif,
    standardised_difference,
)
from scoring.psychometrics.tables import read_groups
from tests.scoring.psychometrics.references.entry import Entry, Told, gap
from tests.scoring.psychometrics.references.sets import scored_answers

COLUMNS = {
    ("hci", "dif"): "gender", ("gmat", "dif"): "group", ("verbal", "dif"): "Gender",
    ("timss_aus_twn", "dif_country"): "IDCNTRY", ("timss_aus_twn", "dif_gender"): "ITSEX",
}  # fmt: skip
KINDS = {Kind.BOTH: "both", Kind.UNIFORM: "udif", Kind.NONUNIFORM: "nudif"}
FEWEST = 50  # one set has 73 people in its smaller group, whom we refuse unless told
LETTERS = np.array(["A", "B", "C"])


def compare(folder: Path, entry: str, theirs: Entry) -> Told:
    """All items, all matching scores; a pass at which the peer failed says so and is skipped."""
    scored = scored_answers(folder, entry, blanks_are_wrong=True)
    column, value = COLUMNS[folder.name, entry], str(theirs.content["focal"])
    focal = read_groups(folder / "persons.csv", column, scored.persons, value)
    for way in ("plain", "purified"):
        if "error" in theirs.content[way]:
            continue
        part, plain = theirs.part(way), way == "plain"
        found = (
            mantel_haenszel(scored, focal, smallest_group=FEWEST)
            if plain
            else purified_mantel_haenszel(
                scored, focal, leave_out=significant_at_5_percent, smallest_group=FEWEST
            )
        )
        yield from _tables(found, part)
        for kind, name in KINDS.items():
            ours = (logistic_dif if plain else purified_logistic_dif)(
                scored, focal, kind, smallest_group=FEWEST
            )
            if FindingCode.PURIFICATION_CYCLED in {one.code for one in ours.findings}:
                continue
            rows = [row for row in part.content["logistic"] if row["type"] == name]
            told = Entry(rows, f"{part.path}/logistic", part.read)
            ratio = told.column("lr")
            yield f"{name}: chi-square", gap(ours.chi2, ratio), 1e-4
            yield f"{name}: p", gap(ours.p, told.column("p")), 1e-4
            highest = _highest(scored.credit.clip(0, 1).mean(axis=0), len(focal))
            effect = told.column("delta_R2_nagelkerke") / highest
            effect[(effect == 0) & (ratio > 1e-3)] = np.nan  # where a likelihood underflowed
            yield f"{name}: effect", gap(ours.effect, effect), 1e-4
        differences = part.part("std_p_dif").column("st_p_dif")
        yield "standardised difference", gap(_standardised(scored, focal, way), differences), 1e-6


def _standardised(scored: ScoredMatrix, focal: np.ndarray, way: str) -> np.ndarray:
    """Purified by its own rule: a difference of a tenth or more leaves the matching score."""
    left_out = np.zeros(len(scored.items), np.bool_)
    found = standardised_difference(scored, focal, left_out)
    for _ in range(10 if way == "purified" else 0):
        left_out = np.abs(found) >= 0.1
        found = standardised_difference(scored, focal, left_out)
    return found


def _tables(found: DifAnalysis, part: Entry) -> Told:
    rows = part.part("MH")
    yield "chi-square", gap(found.chi2, rows.column("chisq_cc")), 1e-6
    yield "p", gap(found.p, rows.column("p")), 1e-6
    yield "alpha", gap(found.alpha, rows.column("alpha_MH")), 1e-6
    yield "delta", gap(found.delta, rows.column("delta_MH")), 1e-6
    yield "error", gap(found.error, rows.column("se_log_alpha")), 1e-6
    rows.column("difR_size_only")
    letters = [row["difR_size_only"] for row in rows.content]
    ours = LETTERS[np.digitize(np.abs(found.delta), [1.0, 1.5])].tolist()
    yield "letters by size", float(sum(a != b for a, b in zip(ours, letters, strict=True))), 0.0
    flagged = part.said("MH_flagged")
    numbers = flagged if isinstance(flagged, list) else [flagged] * isinstance(flagged, int)
    ours = (np.flatnonzero(significant_at_5_percent(found)) + 1).tolist()
    yield "flagged", float(ours != numbers), 0.0


def _highest(share: np.ndarray, people: int) -> np.ndarray:
    """(J,): what R² is scaled by there: with many people its likelihood underflows, and it is 1."""
    null = share * np.log(share) + (1 - share) * np.log(1 - share)
    return np.where(-null * people > 745, 1 - np.exp(2 * null), 1.0)
