"""One process for the cells of all reports: starting it takes longer than running most templates does."""

from collections.abc import Iterator
from functools import partial

import pytest

from evalkit.report import layout
from evalkit.report.execute_parent import CellChild

RUN = layout.run_template


@pytest.fixture(scope="session", autouse=True)
def cells_in_one_process() -> Iterator[None]:
    """Reports that name no process of their own share one, as the reports of many schools do."""
    with CellChild() as child, pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "run_template", partial(_run, child))
        yield


@pytest.fixture
def cells_in_their_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process for the report of this test, as every user's has."""
    monkeypatch.setattr(layout, "run_template", RUN)


def _run(shared: CellChild, *template: object, child: CellChild | None = None, **job: object) -> object:
    return RUN(*template, child=child or shared, **job)  # type: ignore[arg-type]
