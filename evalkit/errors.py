"""The errors that evalkit raises on purpose.

Every message says where, what was found, what is allowed and how to mend it, and names all problems at once.

    EvalkitError            anything evalkit refuses, with the list of problems
    +-- SpecError           an instrument, an evaluation plan or another file that a person writes
    +-- UploadError         a survey file that cannot be read at all, or that still has problems
    +-- DesignError         data that do not fit the declared design
    +-- FitError            numbers that a method cannot work with
    +-- ReportError         a template, a renderer or an output that cannot be made
"""

from collections.abc import Sequence


class EvalkitError(Exception):
    """Something evalkit refuses to do, and why.

    Parameters
    ----------
    message : str
        One sentence: where, what was found, what is allowed, how to mend it.
    problems : sequence of str
        All single problems when there are several, a sentence each. The message then is their heading.

    Attributes
    ----------
    message : str
    problems : tuple of str
        Never empty: with no `problems` given it holds the message.
    """

    def __init__(self, message: str, *, problems: Sequence[str] = ()) -> None:
        self.message = message
        self.problems = tuple(problems) or (message,)
        super().__init__("\n".join([message, *(f"- {problem}" for problem in problems)]))


class SpecError(EvalkitError):
    """A file that a person writes (instrument, evaluation plan, mapping, brand) breaks its rules."""


class UploadError(EvalkitError):
    """A survey file cannot be read, or problems in it are still open."""


class DesignError(EvalkitError):
    """The data do not fit the design that the evaluation plan declares."""


class FitError(EvalkitError):
    """A method was given numbers that it cannot work with."""


class ReportError(EvalkitError):
    """A report cannot be made: template, renderer, format or place."""
