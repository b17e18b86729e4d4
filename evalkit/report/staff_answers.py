"""What staff answered, question by question: one record per question and wave, for words, tables and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.records.results import Results
from evalkit.report.numbers import known, part, signed
from evalkit.report.rows import records

MAIN = ("wilson", "wilson_clustered", "t", "t_clustered")


@dataclass(frozen=True, slots=True)
class Question:
    """One question at one wave."""

    outcome: str
    label: str
    wave: str
    wave_label: str
    row: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """agreement, recommend or mean."""
        return str(self.row["inquiry"])

    @property
    def hidden(self) -> bool:
        """Whether its numbers may not be shown."""
        return self.row["status"] == "suppressed"

    @property
    def n(self) -> float:
        """How many answered it."""
        return float(self.row["n_treated"])

    @property
    def value(self) -> str:
        """The share with its fraction, or the score with its sign."""
        if self.kind == "agreement":
            return part(self.row["estimate"] * self.n / 100, self.n)
        digits = 0 if self.kind == "recommend" else 1
        return signed(self.row["estimate"], digits) if self.kind == "recommend" else f"{self.row['estimate']:.1f}"


def questions(results: Results, *, wave: str = "") -> tuple[Question, ...]:
    """Every question at every wave (or at one), of everybody, in the plan's order."""
    labels = {one.id: one.label for one in results.plan.outcomes}
    waves = {one.id: one.label for one in results.plan.waves}
    return tuple(
        Question(str(row["outcome"]), labels[row["outcome"]], str(row["wave"]), waves[row["wave"]], row)
        for row in records(results.estimates)
        if row["inquiry"] in ("agreement", "recommend", "mean")
        and row["subgroup"] == "all"
        and row["estimator"] in MAIN
        and (not wave or row["wave"] == wave)
    )


def last_wave(results: Results) -> str:
    """The last wave with answers; empty without answers in files."""
    if "response" not in results.displays:
        return ""
    rows = [row for row in records(results.displays["response"]) if row["n"] > 0]
    return str(rows[-1]["wave"]) if rows else ""


def occasions(results: Results) -> list[dict[str, Any]]:
    """The change of each question from the first to the last occasion."""
    return [row for row in records(results.estimates) if row["inquiry"] == "occasions"]


def change_digits(results: Results, outcome: str) -> int:
    """With how many decimals a question's change is told: as many as its value."""
    return int(any(one.kind == "mean" for one in questions(results) if one.outcome == outcome))


def in_groups(results: Results) -> list[dict[str, Any]]:
    """Shares by group."""
    return [row for row in records(results.estimates) if row["inquiry"] == "agreement" and row["subgroup"] != "all"]


def response_text(row: Mapping[str, Any]) -> str:
    """How many answered of how many asked."""
    known_share = known(row["asked"]) and known(row["response_percent"])
    return part(row["response_percent"] * row["asked"] / 100 if known_share else row["n"], row["asked"])
