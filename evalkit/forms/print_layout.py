"""How a printed questionnaire is set: ordinary print, large print, or easy-read spacing."""

from dataclasses import dataclass
from typing import Literal

Print = Literal["ordinary", "large", "easy_read"]
EASY_TITLE = "There are no right or wrong answers. Tick one box in each row."


@dataclass(frozen=True, slots=True)
class Layout:
    """Letter size in pt, space between lines and between questions in em, answers beside one another."""

    size: int
    leading: float
    between: float
    across: int

    @property
    def is_wide(self) -> bool:
        """Whether Word gives every answer a line of its own."""
        return self.across < 3


LAYOUTS: dict[Print, Layout] = {
    "ordinary": Layout(11, 0.65, 1.1, 5),
    "large": Layout(18, 0.8, 1.6, 2),
    "easy_read": Layout(14, 1.2, 2.4, 1),
}
