"""Progress without printing: flows tick, a door decides what a tick looks like.

The sink is local to the context (thread or task), silent by default. The command line installs one made of rich, the
portal one that writes to its job row.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Sink = Callable[[str, int, int], None]


def silent(label: str, done: int, total: int) -> None:
    """Take a tick and show nothing."""


current_sink: ContextVar[Sink] = ContextVar("evalkit_progress", default=silent)


def tick(label: str, done: int, total: int) -> None:
    """Say that `done` of `total` steps of the work called `label` are finished."""
    current_sink.get()(label, done, total)


def track(items: Iterable[Item], label: str, *, total: int) -> Iterator[Item]:
    """Yield the items and tick after each."""
    tick(label, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        tick(label, done, total)


@contextmanager
def reporting_to(sink: Sink) -> Generator[None]:
    """Send every tick inside the block to `sink`."""
    token = current_sink.set(sink)
    try:
        yield
    finally:
        current_sink.reset(token)
