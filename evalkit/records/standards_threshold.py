"""One number of `standards.yaml` that decides something, with its source."""

from typing import Literal

from evalkit.records.spec_file import Spec

SourceStatus = Literal["V", "D", "M"]


class Threshold(Spec):
    """One number that decides something.

    `status` is V (read in the public source named), D (derived here; the source line says how) or M (from memory or
    custom, not checked against the original).
    """

    value: float
    unit: str
    source: str
    status: SourceStatus
