"""Finds the nearest controls of each treated row within its cell: a search proposes pairs, one exact ranking decides.

A proposal holds every control that can be among the nearest, ties included; the search may err by the metric's slack,
the ranking does not. Works on positions in id order and on floats; ids, reasons and weights are not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from pipelines.matching.metric import Metric, distances, in_decimals, project

# Up to so many treated in a cell it is cheaper to measure all distances than to build a tree (measured).
SCAN_TREATED = 16
SCAN_ELEMENTS = 1 << 20
RANK_PAIRS = 1 << 20
BALL_BLOCK = 512
LONGEST_LIST = 1024
EQUALS_SAMPLE = 4096
MIX = np.uint64(0x9E3779B97F4A7C15)

Proposals = Iterator[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Pairs:
    """k chosen pairs, ordered by treated, then distance to ten decimals, then control; positions in id order."""

    treated: np.ndarray  # (k,) int64
    control: np.ndarray  # (k,) int64
    distance: np.ndarray  # (k,) float64

    def part(self, places: slice | np.ndarray) -> "Pairs":
        return Pairs(self.treated[places], self.control[places], self.distance[places])


@dataclass(frozen=True)
class Rows:
    """Both sides as a search needs them: t treated and m controls, p covariates."""

    treated: np.ndarray  # (t, p)
    controls: np.ndarray  # (m, p)
    n_cells: int  # c, the cells in which treated stand
    treated_cell: np.ndarray  # (t,) int64, 0 … c-1
    control_cell: np.ndarray  # (m,) int64, -1 where no treated stands
    own: np.ndarray  # (t,) int64: the control that is the treated unit itself, or -1
    metric: Metric


@dataclass(frozen=True)
class Cell:
    """One cell with u treated and v candidate controls, both in id order, and both projected to r dimensions."""

    rows: Rows
    treated: np.ndarray  # (u,) int64 positions
    controls: np.ndarray  # (v,) int64 positions
    starts: np.ndarray  # (u, r)
    targets: np.ndarray  # (v, r)


def find_nearest(rows: Rows, ratio: int, caliper: float | None) -> Pairs:
    """The ratio nearest controls of every treated row in its cell and the caliper; a control may serve many times."""
    candidates = drop_surplus_equals(rows, np.flatnonzero(rows.control_cell >= 0), ratio + 1)
    found: list[Pairs] = []
    held: list[tuple[np.ndarray, np.ndarray]] = []
    waiting = 0
    for cell in cells(rows, candidates):
        need = ratio + int(np.any(rows.own[cell.treated] >= 0))
        for i, j in propose(cell.starts, cell.targets, need, rows.metric.slack):
            held.append((cell.treated[i], cell.controls[j]))
            waiting += len(i)
            if waiting >= RANK_PAIRS:
                found.append(rank(rows, held, ratio, caliper))
                held, waiting = [], 0
    found.append(rank(rows, held, ratio, caliper))
    return join(found)


def find_nearest_once(rows: Rows, ratio: int, caliper: float | None) -> Pairs:
    """The same, every control used at most once: treated choose in id order, each its ratio nearest of those left."""
    found: list[Pairs] = []
    for cell in cells(rows, np.flatnonzero(rows.control_cell >= 0)):
        found.extend(choose_in_turn(cell, ratio, caliper))
    return join(found)


def choose_in_turn(cell: Cell, ratio: int, caliper: float | None) -> Iterator[Pairs]:
    """The choices of the treated of one cell in id order, none of a control that an earlier one took.

    Lists of the nearest are made for a block of treated from the controls left. Where a list runs out because others
    took what it names, new and longer ones are made from that treated on; the first in a block never runs out.
    """
    rows, first, shortest = cell.rows, 0, 2 * ratio + 8
    length, left, used = shortest, cell.controls, np.zeros(len(rows.controls), bool)
    while first < len(cell.treated) and len(left):
        block = cell.treated[first : first + max(RANK_PAIRS // (4 * length), 1)]
        lists = nearest_lists(cell_of(rows, block, drop_surplus_equals(rows, left, length + 1)), length, caliper)
        for choice in lists:
            chosen = unused(choice, used, ratio)
            if len(chosen.control) < ratio and len(choice.control) == length:
                length = min(2 * length, max(LONGEST_LIST, shortest))
                break
            used[chosen.control] = True
            first += 1
            yield chosen
        else:
            length = max(length // 2, shortest)
        left = left[~used[left]]


def cells(rows: Rows, candidates: np.ndarray) -> Iterator[Cell]:
    """Every cell that holds both treated and candidate controls."""
    treated, first_treated = group(rows.treated_cell, rows.n_cells)
    controls, first_control = group(rows.control_cell[candidates], rows.n_cells)
    controls = candidates[controls]
    for cell in range(rows.n_cells):
        a = treated[first_treated[cell] : first_treated[cell + 1]]
        b = controls[first_control[cell] : first_control[cell + 1]]
        if len(a) and len(b):
            yield cell_of(rows, a, b)


def cell_of(rows: Rows, treated: np.ndarray, controls: np.ndarray) -> Cell:
    starts, targets = np.take(rows.treated, treated, axis=0), np.take(rows.controls, controls, axis=0)
    return Cell(rows, treated, controls, project(starts, rows.metric), project(targets, rows.metric))


def group(cell: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions sorted by cell (stable) and where each cell begins, (number + 1,)."""
    narrow = cell.astype(np.uint16) if number <= np.iinfo(np.uint16).max else cell
    first = np.zeros(number + 1, np.int64)
    np.cumsum(np.bincount(cell, minlength=number), out=first[1:])
    return np.argsort(narrow, kind="stable"), first


def drop_surplus_equals(rows: Rows, inside: np.ndarray, keep: int) -> np.ndarray:
    """Those of some controls that can be chosen at all: of rows equal in cell and covariates, the keep lowest ids.

    Only covariates that count for the distance are compared. The hash only proposes who is equal: where it collides, a
    run of equals is cut and too many are kept, never too few.
    """
    sample = inside[:: len(inside) // EQUALS_SAMPLE + 1]
    counts = np.flatnonzero(np.any(rows.metric.w != 0, axis=1))
    if len(np.unique(hash_of(rows, sample, counts))) == len(sample):
        return inside
    bits = np.uint64(max(len(inside), 1).bit_length())
    tag = (hash_of(rows, inside, counts) >> bits) << bits
    tag = np.sort(tag | np.arange(len(inside), dtype=np.uint64))
    same = (tag[1:] ^ tag[:-1]) >> bits == 0
    if not same.any():
        return inside
    position = (tag & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    later = np.flatnonzero(same) + 1
    a, b = inside[position[later]], inside[position[later - 1]]
    equal = rows.control_cell[a] == rows.control_cell[b]
    for column in counts:
        equal &= rows.controls[a, column] == rows.controls[b, column]
    repeats = np.zeros(len(inside), bool)
    repeats[later[equal]] = True
    starts = np.maximum.accumulate(np.where(repeats, 0, np.arange(len(inside))))
    kept = np.ones(len(inside), bool)
    kept[position[np.arange(len(inside)) - starts >= keep]] = False
    return inside[kept]


def hash_of(rows: Rows, controls: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """One number for the cell and the columns of each of the controls, (k,) uint64; equal rows have equal numbers."""
    number = mix(rows.control_cell[controls].astype(np.uint64))
    for column in columns:
        number = mix(number ^ (rows.controls[controls, column] + 0.0).view(np.uint64))
    return number


def mix(number: np.ndarray) -> np.ndarray:
    """A multiplicative hash of each number."""
    number = number * MIX
    return number ^ (number >> np.uint64(29))


def propose(starts: np.ndarray, targets: np.ndarray, need: int, slack: float) -> Proposals:
    """Pairs of places in starts and targets: the need nearest targets of every start, and all that tie with them."""
    if len(targets) <= need:
        yield np.repeat(np.arange(len(starts)), len(targets)), np.tile(np.arange(len(targets)), len(starts))
    elif len(starts) <= SCAN_TREATED:
        yield from propose_by_scan(starts, targets, need, slack)
    else:
        yield from propose_by_tree(starts, targets, need, slack)


def propose_by_scan(starts: np.ndarray, targets: np.ndarray, need: int, slack: float) -> Proposals:
    step = max(SCAN_ELEMENTS // len(targets), 1)
    for first in range(0, len(starts), step):
        square = np.zeros((len(starts[first : first + step]), len(targets)))
        for start, target in zip(starts[first : first + step].T, targets.T, strict=True):
            difference = start[:, None] - target
            difference *= difference
            square += difference
        last = np.partition(square, need - 1, axis=1)[:, need - 1]
        i, j = np.nonzero(square <= ((np.sqrt(last) + slack) ** 2)[:, None])
        yield i + first, j


def propose_by_tree(starts: np.ndarray, targets: np.ndarray, need: int, slack: float) -> Proposals:
    """One neighbour more than needed shows whether the last is tied; if so, all within its distance are proposed."""
    tree = cKDTree(targets, leafsize=32, balanced_tree=False, compact_nodes=False)
    distance, place = tree.query(starts, k=need + 1)
    settled = distance[:, need] > distance[:, need - 1] + slack
    yield np.repeat(np.flatnonzero(settled), need), place[settled, :need].ravel()
    open_ = np.flatnonzero(~settled)
    for first in range(0, len(open_), BALL_BLOCK):
        part = open_[first : first + BALL_BLOCK]
        balls = tree.query_ball_point(starts[part], distance[part, need - 1] + slack)
        yield np.repeat(part, [len(ball) for ball in balls]), np.concatenate(balls).astype(np.int64)


def rank(rows: Rows, proposed: list[tuple[np.ndarray, np.ndarray]], ratio: int, caliper: float | None) -> Pairs:
    """Of the proposed pairs the ratio nearest of every treated row within the caliper; ties to the lower control."""
    if not proposed:
        return join([])
    treated, control = (np.concatenate(parts) for parts in zip(*proposed, strict=True))
    distance = distances(rows.treated[treated] - rows.controls[control], rows.metric.w)
    key = in_decimals(distance)
    valid = control != rows.own[treated]
    if caliper is not None:
        valid &= key <= in_decimals(np.float64(caliper))
    order = np.flatnonzero(valid)
    order = order[np.lexsort((control[order], key[order], treated[order]))]
    sorted_treated = treated[order]
    begins = np.flatnonzero(np.diff(sorted_treated, prepend=-1))
    place = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    order = order[place < ratio]
    return Pairs(treated[order], control[order], distance[order])


def nearest_lists(cell: Cell, length: int, caliper: float | None) -> list[Pairs]:
    """For each treated of a cell its length nearest controls, or all there are within the caliper."""
    found = propose(cell.starts, cell.targets, length + 1, cell.rows.metric.slack)
    pairs = rank(cell.rows, [(cell.treated[i], cell.controls[j]) for i, j in found], length, caliper)
    ends = np.searchsorted(pairs.treated, cell.treated, side="right")
    begins = np.searchsorted(pairs.treated, cell.treated, side="left")
    return [pairs.part(slice(a, b)) for a, b in zip(begins, ends, strict=True)]


def unused(choice: Pairs, used: np.ndarray, ratio: int) -> Pairs:
    """The first ratio pairs whose control is not used yet."""
    free = np.flatnonzero(~used[choice.control])[:ratio]
    return choice.part(free)


def join(found: list[Pairs]) -> Pairs:
    """Pairs of disjoint treated rows together, ordered by treated."""
    treated = np.concatenate([np.empty(0, np.int64), *(pairs.treated for pairs in found)])
    order = np.argsort(treated, kind="stable")
    control = np.concatenate([np.empty(0, np.int64), *(pairs.control for pairs in found)])
    distance = np.concatenate([np.empty(0), *(pairs.distance for pairs in found)])
    return Pairs(treated[order], control[order], distance[order])
