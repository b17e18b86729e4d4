import pytest

import evalkit
from evalkit.errors import EvalkitError, SpecError


def test_one_problem_is_the_message() -> None:
    error = SpecError("plan.yaml, line 3: unknown key 'desing'.")
    assert str(error) == "plan.yaml, line 3: unknown key 'desing'."
    assert error.problems == ("plan.yaml, line 3: unknown key 'desing'.",)


def test_several_problems_are_listed_under_their_heading() -> None:
    error = SpecError("plan.yaml: 2 problems.", problems=["first", "second"])
    assert str(error).splitlines() == ["plan.yaml: 2 problems.", "- first", "- second"]
    assert error.problems == ("first", "second")


@pytest.mark.parametrize("name", ["DesignError", "FitError", "ReportError", "SpecError", "UploadError"])
def test_every_error_is_an_evalkit_error(name: str) -> None:
    assert issubclass(getattr(evalkit, name), EvalkitError)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        evalkit.analyze  # noqa: B018
