"""Scored answers prepared for the likelihood: grouped by the items given, equal rows merged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.keying import ScoredMatrix

Floats = NDArray[np.float64]
_MOST_DESIGNS = 32
_SAMPLE = 2000


@dataclass(frozen=True)
class Block:
    """Candidates who were given the same items, or, with ``given``, any of the block's items.

    ``columns``: the B items of the block, as places among the items used. ``right``: uint8,
    (n, B). ``given``: uint8, (n, B), or None for all. ``weight``: (n,), how many candidates a row
    stands for. ``persons`` and ``row``: each candidate of the block and the row that stands for
    them. ``group``: which population they come from.
    """

    columns: NDArray[np.intp]
    right: NDArray[np.uint8]
    given: NDArray[np.uint8] | None
    weight: Floats
    persons: NDArray[np.intp]
    row: NDArray[np.intp]
    group: int = 0


def blocks(
    scored: ScoredMatrix,
    used: NDArray[np.intp],
    weights: Floats | None = None,
    member: NDArray[np.intp] | None = None,
) -> tuple[Block, ...]:
    """Group candidates by the items given among ``used``; merge equal rows where that pays.

    A few designs become one block each, over their own items. Many become one block with a mask.
    Candidates given none of the items belong to no block. ``weights``: (N,), what each candidate
    counts, 1 if not given. ``member``: (N,), the group of each; a block holds one group.
    """
    found: Iterator[Block] = _by_design(scored, used)
    if member is not None:
        found = (part for block in found for part in _by_group(block, member))
    if weights is not None:
        found = (replace(block, weight=weights[block.persons]) for block in found)
    return tuple(_merged(block) for block in found)


def _by_group(block: Block, member: NDArray[np.intp]) -> Iterator[Block]:
    groups = member[block.persons]
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        given = None if block.given is None else block.given[rows]
        part = _block(block.columns, block.right[rows], given, block.persons[rows])
        yield replace(part, group=int(group))


def _by_design(scored: ScoredMatrix, used: NDArray[np.intp]) -> Iterator[Block]:
    given = scored.administered[:, used]
    right = ((scored.credit[:, used] > 0) & given).astype(np.uint8)
    columns = np.arange(len(used))
    if given.all():
        yield _block(columns, right, None, np.arange(len(right)))
        return
    designs, member = np.unique(_whole_rows(np.packbits(given, axis=1)), return_inverse=True)
    if len(designs) > _MOST_DESIGNS:
        people = np.flatnonzero(given.any(axis=1))
        yield _block(columns, right[people], given[people].astype(np.uint8), people)
        return
    for design in range(len(designs)):
        people = np.flatnonzero(member == design)
        taken = np.flatnonzero(given[people[0]])
        if len(taken):
            yield _block(columns[taken], right[np.ix_(people, taken)], None, people)


def _block(
    columns: NDArray[np.intp],
    right: NDArray[np.uint8],
    given: NDArray[np.uint8] | None,
    people: NDArray[np.intp],
) -> Block:
    rows = np.arange(len(right))
    return Block(columns, right, given, np.ones(len(right)), people.astype(np.intp), rows)


def _whole_rows(bits: NDArray[np.uint8]) -> NDArray[np.void]:
    """(n,): each row of bytes as one value that can be compared."""
    return np.ascontiguousarray(bits).view(f"V{bits.shape[1]}").ravel()


def _merged(block: Block) -> Block:
    """One row for all candidates who answered alike, if that at least halves the rows."""
    bits = np.packbits(block.right, axis=1)
    if block.given is not None:
        bits = np.concatenate([bits, np.packbits(block.given, axis=1)], axis=1)
    whole = _whole_rows(bits)
    sample = whole[:: max(len(whole) // _SAMPLE, 1)]
    if len(np.unique(sample)) > len(sample) / 2:
        return block
    _, first, row = np.unique(whole, return_index=True, return_inverse=True)
    weight = np.bincount(row, weights=block.weight, minlength=len(first)).astype(np.float64)
    given = None if block.given is None else block.given[first]
    return replace(block, right=block.right[first], given=given, weight=weight, row=row)
