"""Records that hold rows of pupils never print them: a notebook that is saved, a log or a traceback would keep them."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import evalkit
from evalkit.records.release import Release
from evalkit.records.scores import Scores

ROWS = ("DataFrame", "Series")


def records() -> Iterator[type]:
    for module in pkgutil.walk_packages(evalkit.__path__, "evalkit."):
        if ".migrations" in module.name or module.name.endswith("__main__"):
            continue
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if found.__module__ == module.name and dataclasses.is_dataclass(found):
                yield found


def fields_with_rows(record: type) -> list[str]:
    shown = [one.name for one in dataclasses.fields(record) if one.repr]
    return [name for name in shown if any(word in str(record.__annotations__[name]) for word in ROWS)]


def prints_every_field(record: type) -> bool:
    """Whether its __repr__ is the one that `dataclass` writes; that one is wrapped."""
    return hasattr(record.__repr__, "__wrapped__")


def test_no_record_prints_the_rows_it_holds() -> None:
    found = list(records())
    assert {Release, Scores} <= set(found)
    loud = {one.__qualname__: fields_with_rows(one) for one in found if prints_every_field(one)}
    assert not {name: fields for name, fields in loud.items() if fields}, "Give these a short __repr__, or repr=False."


def test_the_look_sees_a_loud_record() -> None:
    loud = dataclasses.make_dataclass("Loud", [("rows", "pd.DataFrame")])
    assert prints_every_field(loud)
    assert fields_with_rows(loud) == ["rows"]
    assert not prints_every_field(Release)
