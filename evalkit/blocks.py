"""Run blocks of draws, in this process or in workers, with the same bytes either way."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeVar, cast

import numpy as np

from evalkit.errors import SpecError
from evalkit.progress import track

Job = TypeVar("Job")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Block:
    """Draws `start` to `stop`, with the seed they all come from."""

    start: int
    stop: int
    seed: np.random.SeedSequence

    @property
    def draws(self) -> int:
        """How many."""
        return self.stop - self.start


def make_blocks(draws: int, size: int, seed: int) -> list[Block]:
    """Cut draws into blocks of one size, whatever the number of workers; each has a seed of its own."""
    if not isinstance(draws, Integral) or draws < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(f"draws={draws}: ask for at least one draw, a whole number such as 1000.")
    if seed < 0:
        raise SpecError(f"seed={seed}: use a whole number of 0 or more.")
    starts = range(0, draws, size)
    seeds = np.random.SeedSequence(seed).spawn(len(starts))
    return [Block(at, min(at + size, draws), own) for at, own in zip(starts, seeds, strict=True)]


def run_blocks(work: Callable[[Job], Found], blocks: Sequence[Job], *, workers: int, label: str) -> list[Found]:
    """Do all blocks, in order of the blocks.

    Parameters
    ----------
    work : callable
        Block to result; sent to workers, so made of things that can be.
    blocks : sequence
        `Block`s, or whatever `work` takes.
    workers : int
        Processes by joblib (its active backend: Dask and Ray too); -1 for one per core; 1 stays here.
    label : str
        What the progress bar says.
    """
    return list(stream_blocks(work, blocks, workers=workers, label=label))


def stream_blocks(work: Callable[[Job], Found], blocks: Sequence[Job], *, workers: int, label: str) -> Iterator[Found]:
    """Do all blocks as `run_blocks`, and hand on each as soon as it and those before it are done."""
    from threadpoolctl import threadpool_limits

    if workers == 0 or workers < -1:
        raise SpecError(f"workers={workers}: use 1, a larger number, or -1 for one per core.")
    if workers == 1:
        with threadpool_limits(limits=1):
            yield from track(map(work, blocks), label, total=len(blocks))
        return
    from joblib import Parallel, delayed

    jobs = (delayed(_in_one_thread)(work, block) for block in blocks)
    parts: Iterable[Found] = cast(Any, Parallel(n_jobs=workers, return_as="generator"))(jobs)
    yield from track(parts, label, total=len(blocks))


def _in_one_thread(work: Callable[[Job], Found], block: Job) -> Found:
    """A block with the linear algebra held to one thread, so that sums are made in one order."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return work(block)
