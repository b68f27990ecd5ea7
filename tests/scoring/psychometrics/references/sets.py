"""The answers behind every reference file."""

import csv
from pathlib import Path

import numpy as np

from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores, score
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.tables import read_key, read_responses, read_scores

FORMS = {"x": "form_x", "y": "form_y"}


def scored_answers(folder: Path, entry: str, *, blanks_are_wrong: bool = False) -> ScoredMatrix:
    """As the reference took them: full credit alone, patterns spread out, blanks as it says."""
    if (folder / "patterns.csv").exists():
        return _patterns(folder / "patterns.csv")
    if (folder / "key.csv").exists():
        matrix = raw_answers(folder)
        return score(matrix, read_key(folder / "key.csv", matrix.items))
    form = FORMS.get(entry.rpartition("_")[2], "responses")
    scored = read_scores(folder / f"{form}.csv")
    full = (scored.credit == scored.maximum).astype(np.uint8)
    full[~scored.administered] = 0 if blanks_are_wrong else NO_CREDIT
    return from_scores(full, persons=scored.persons, items=scored.items)


def raw_answers(folder: Path) -> ResponseMatrix:
    """The options chosen."""
    return read_responses(folder / "responses.csv")


def _patterns(path: Path) -> ScoredMatrix:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    counts = [int(row[-1]) for row in rows]
    credit = np.repeat(np.array([row[:-1] for row in rows], np.uint8), counts, axis=0)
    return from_scores(credit, persons=np.arange(len(credit)), items=header[:-1])
