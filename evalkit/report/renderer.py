"""What a layout engine must offer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from evalkit.report.brand import Brand
from evalkit.report.static import StaticDoc

RendererName = Literal["auto", "embedded", "quarto"]


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an engine can be used here.

    Parameters
    ----------
    found : bool
    version : str
        Of the engine and its tools; empty when not found.
    reason : str
        Why not, and how to mend it; or a warning; else empty.
    """

    found: bool
    version: str
    reason: str = ""


class Renderer(Protocol):
    """Lays a static document out."""

    @property
    def name(self) -> str: ...

    def available(self) -> Availability:
        """Whether it can be used here."""
        ...

    def render(self, doc: StaticDoc, out: Path, *, brand: Brand) -> None:
        """Lay `doc` out in its format and write `out`, which must not exist half-written to others."""
        ...
