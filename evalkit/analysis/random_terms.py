"""Grouping factors and random terms of a multilevel model, from columns to codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evalkit.analysis.design import Coding, Column, FloatArray, IntArray, code_formulaic, code_plain
from evalkit.analysis.formula import ModelFormula, PlainFormula, RandomPart
from evalkit.errors import FitError
from evalkit.stats.mixed.terms import RandomTerm

Effects = Mapping[str, tuple[PlainFormula | None, list[str]]]


@dataclass(frozen=True, slots=True)
class GroupedTerm:
    """One random term of a sample.

    Attributes
    ----------
    part : RandomPart
    coding : Coding or None
        How its effects become columns; None for a plain intercept.
    chosen : tuple of int
        Which of the coding's columns this term has (a double bar splits them).
    levels : tuple
        Labels of the grouping factor, in code order.
    """

    part: RandomPart
    coding: Coding | None
    chosen: tuple[int, ...]
    levels: tuple[Any, ...]


def code_expression(
    text: str, expression: str, plain: PlainFormula | None, predictors: Mapping[str, Column], frame: pd.DataFrame
) -> tuple[Coding, FloatArray]:
    if plain is not None and plain.terms:
        coded = code_plain(plain, {atom: predictors[atom] for term in plain.terms for atom in term})
        if coded is not None:
            return coded
    elif plain is not None and plain.intercept:
        return Coding(("Intercept",), ("Intercept",), plain, {}, None), np.ones((1, len(frame)))
    elif plain is not None:
        raise FitError(f"Formula {text!r}: {expression!r} leaves no column at all. Write at least 1.")
    return code_formulaic(text, expression, frame)


def refuse_constants(coding: Coding, columns: FloatArray, model: ModelFormula) -> None:
    """A predictor that never varies is a mistake in the data; empty cells of an interaction are not."""
    problems: list[str] = []
    terms = list(dict.fromkeys(coding.terms))
    for term in terms:
        if term in ("Intercept", "1") or ":" in term:
            continue
        places = [i for i, own in enumerate(coding.terms) if own == term]
        if any(columns[i, 0] != columns[i, columns.shape[1] // 3] for i in places):
            continue
        rows = columns[places]
        if rows.shape[0] == 0 or (rows.min(axis=1) == rows.max(axis=1)).all():
            value = f"{rows[0, 0]:g}" if rows.size and term not in coding.levels else "the same"
            problems.append(
                f"{term!r} is {value} in every row that has no missing value, so its effect cannot be estimated. Check "
                f"that the data hold both groups, or leave {term!r} out."
            )
    problems += [
        f"{atom!r} has only the value {levels[0]!r} in the complete rows, so its effect cannot be estimated. "
        f"Check that the data hold both groups, or leave {atom!r} out."
        for atom, levels in coding.levels.items()
        if len(levels) == 1
    ]
    if problems:
        raise FitError(f"Formula {model.text!r} does not fit the data.", problems=problems)


def group_codes(part: RandomPart, columns: Mapping[str, Column]) -> tuple[IntArray, tuple[Any, ...]]:
    """Code of each row's group, every code present, and the groups' labels."""
    first = columns[part.group[0]]
    assert first.codes is not None
    codes, labels = first.codes, first.levels
    for name in part.group[1:]:
        more = columns[name]
        assert more.codes is not None
        joint = codes * len(more.levels) + more.codes
        present, codes = np.unique(joint, return_inverse=True)
        labels = tuple(
            f"{label_of(labels[j // len(more.levels)])}:{label_of(more.levels[j % len(more.levels)])}" for j in present
        )
    counts = np.bincount(codes, minlength=len(labels))
    if (counts == 0).any():
        kept = np.flatnonzero(counts)
        place = np.full(len(labels), -1, dtype=np.intp)
        place[kept] = np.arange(kept.size)
        return place[codes], tuple(labels[i] for i in kept)
    return codes, labels


def label_of(label: Any) -> str:
    """A group label as text: 7.0 is "7"."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def random_terms(
    model: ModelFormula,
    effects: Effects,
    predictors: Mapping[str, Column],
    grouping: Mapping[str, Column],
    frame: pd.DataFrame,
) -> tuple[tuple[RandomTerm, ...], tuple[GroupedTerm, ...]]:
    terms: list[RandomTerm] = []
    grouped: list[GroupedTerm] = []
    for part in model.random:
        codes, levels = group_codes(part, grouping)
        if part.effects == "1":
            terms.append(RandomTerm(part.label, ("Intercept",), codes, len(levels)))
            grouped.append(GroupedTerm(part, None, (0,), levels))
            continue
        coding, rows = code_expression(model.text, part.effects, effects[part.effects][0], predictors, frame)
        refuse_constants(coding, rows, model)
        for chosen in _split(coding, part):
            names = tuple(coding.names[i] for i in chosen)
            plain = names == ("Intercept",)
            terms.append(RandomTerm(part.label, names, codes, len(levels), None if plain else rows[list(chosen)]))
            grouped.append(GroupedTerm(part, coding, chosen, levels))
    _check_groups(model, terms)
    order = sorted(range(len(terms)), key=lambda i: -terms[i].levels)
    return tuple(terms[i] for i in order), tuple(grouped[i] for i in order)


def _split(coding: Coding, part: RandomPart) -> list[tuple[int, ...]]:
    """Columns that vary together: all, or with a double bar each term's own."""
    everything = range(len(coding.names))
    if part.correlated:
        return [tuple(everything)]
    return [tuple(i for i in everything if coding.terms[i] == term) for term in dict.fromkeys(coding.terms)]


def _check_groups(model: ModelFormula, terms: Sequence[RandomTerm]) -> None:
    """Every grouping factor must group, and no two may group alike."""
    problems: list[str] = []
    seen: dict[str, RandomTerm] = {}
    for term in terms:
        if term.group in seen:
            continue
        if term.levels < 2:
            problems.append(
                f"Grouping factor {term.group!r} has only one level, so nothing varies between its levels. "
                f"Leave (... | {term.group}) out or choose a column with several groups."
            )
        elif term.levels == term.codes.size:
            problems.append(
                f"Grouping factor {term.group!r} has a level for every row, so its variance is the residual variance. "
                f"Name the groups that rows share, such as the school, or leave (... | {term.group}) out."
            )
        for other in seen.values():
            if other.levels == term.levels and _same_partition(term, other):
                problems.append(
                    f"Grouping factors {other.group!r} and {term.group!r} group the rows alike, so their variances "
                    "cannot be told apart: they are neither nested nor crossed. Keep one; for classes within schools "
                    "write (1 | school/class) with the wider group first."
                )
        seen[term.group] = term
    if problems:
        raise FitError(f"Formula {model.text!r} does not fit the data.", problems=problems)


def check_between(coding: Coding, columns: FloatArray, terms: Sequence[RandomTerm]) -> None:
    """Groups must outnumber the effects that vary only between them, else their variance cannot be estimated."""
    for term in {term.group: term for term in terms}.values():
        if term.levels > len(columns) or "Intercept" not in term.names:
            continue
        values = np.empty((len(columns), term.levels))
        values[:, term.codes] = columns
        own = [at for at, row in enumerate(columns) if (values[at, term.codes] == row).all()]
        between = [coding.names[at] for at in own]
        if len(own) >= term.levels and int(np.linalg.matrix_rank(values[own])) >= term.levels:
            raise FitError(
                f"{term.group!r} has {term.levels} levels and the model has {len(between)} effects that vary only "
                f"between them ({', '.join(between)}), so nothing is left to show how much they differ by chance. "
                "Use more groups, leave out effects, or describe the data without a test."
            )


def _same_partition(term: RandomTerm, other: RandomTerm) -> bool:
    image = np.zeros(term.levels, dtype=np.intp)
    image[term.codes] = other.codes
    return bool((image[term.codes] == other.codes).all())
