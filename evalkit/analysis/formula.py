"""Read lme4's formula language: split a formula into its outcome, its fixed part and its random terms."""

import re
from dataclasses import dataclass

from evalkit.errors import SpecError

NAME = r"[A-Za-z_][A-Za-z0-9_.]*"
ATOM = re.compile(rf"(?:C\(\s*({NAME})\s*\)|({NAME}))\Z")
R_WORDS = (
    (re.compile(r"\b(?:as\.)?factor\("), "C("),
    (re.compile(r"(?<![\w.])sqrt\("), "np.sqrt("),
    (re.compile(r"(=\s*)TRUE\b"), r"\1True"),
    (re.compile(r"(=\s*)FALSE\b"), r"\1False"),
)
EXAMPLE = "For example: post ~ treat + pre + (1 | school)"


@dataclass(frozen=True, slots=True)
class RandomPart:
    """One random term as written, one grouping factor each: (1 | a/b) has become two.

    Attributes
    ----------
    effects : str
        Left of the bar: "1 + pre".
    group : tuple of str
        Columns whose combination is the grouping factor; ("class", "school") for lme4's class:school.
    correlated : bool
        False for a double bar.
    """

    effects: str
    group: tuple[str, ...]
    correlated: bool

    @property
    def label(self) -> str:
        """Name of the grouping factor, as lme4 writes it."""
        return ":".join(self.group)


@dataclass(frozen=True, slots=True)
class ModelFormula:
    """A formula taken apart.

    Attributes
    ----------
    text : str
        As written.
    outcome : str
        Left of the tilde.
    fixed : str
        The fixed part; "1" where only random terms were written.
    random : tuple of RandomPart
    """

    text: str
    outcome: str
    fixed: str
    random: tuple[RandomPart, ...]


@dataclass(frozen=True, slots=True)
class PlainFormula:
    """A right-hand side made of an intercept, plain columns and products of two of them.

    Attributes
    ----------
    intercept : bool
    terms : tuple of tuple of str
        Atoms of each term: ("pre",), ("C(year)",), ("treat", "pre"); main effects first, as formulaic orders them.
    """

    intercept: bool
    terms: tuple[tuple[str, ...], ...]


def split_sides(text: str) -> list[str]:
    """What stands left and right of the tilde, R's words (`^`, `factor(x)`, `sqrt(x)`, `raw=TRUE`) in Python's."""
    said = text.replace("^", "**")
    for word, ours in R_WORDS:
        said = word.sub(ours, said)
    return [side.strip() for side in said.split("~")]


def parse_formula(text: str) -> ModelFormula:
    """Take a model formula in lme4's language apart.

    Parameters
    ----------
    text : str
        Such as "post ~ treat + pre + (1 | school)"; `split_sides` says which of R's words are read.

    Returns
    -------
    ModelFormula

    Raises
    ------
    SpecError
        When the formula cannot be read; the message says what to write instead.
    """
    if text.count("~") != 1:
        raise SpecError(f"Formula {text!r}: a formula has one ~ between the outcome and the model. {EXAMPLE}")
    outcome, model = split_sides(text)
    if not outcome or not model:
        raise SpecError(f"Formula {text!r}: the outcome goes left of the ~ and the model right of it. {EXAMPLE}")
    fixed, bars = _split_random(text, model)
    if not bars:
        raise SpecError(
            f"Formula {text!r} has no random term, so it is not a multilevel model. Add one for the groups that pupils "
            f"share, such as + (1 | school)."
        )
    random = tuple(part for bar in bars for part in _random_parts(text, bar))
    return ModelFormula(text, outcome, fixed or "1", random)


def _split_random(text: str, model: str) -> tuple[str, list[str]]:
    """The model without its random terms, and what stood in their parentheses."""
    pieces, bars = [], []
    for sign, piece in split_sum(text, model):
        inside = piece[1:-1] if piece.startswith("(") and piece.endswith(")") else ""
        if "|" in inside and _depth_ok(inside):
            if sign == "-":
                raise SpecError(f"Formula {text!r}: a random term cannot be taken away. Leave it out instead.")
            bars.append(inside.strip())
        elif "|" in piece:
            raise SpecError(
                f"Formula {text!r}: found {piece!r}, but a random term stands in its own parentheses, joined by +. "
                f"{EXAMPLE}"
            )
        else:
            pieces.append(piece if not pieces and sign == "+" else f"{sign} {piece}")
    return " ".join(pieces), bars


def _depth_ok(inside: str) -> bool:
    """Whether parentheses in `inside` close what they open, so that the outer pair belongs together."""
    depth = 0
    for letter in inside:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            return False
    return depth == 0


def split_sum(text: str, expression: str) -> list[tuple[str, str]]:
    """Split at + and - outside parentheses: (sign, piece) each; `text` is the whole formula, for messages."""
    found: list[tuple[str, str]] = []
    depth, start, sign = 0, 0, "+"
    for at, letter in enumerate(expression + "+"):
        if letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        if depth < 0 or (at == len(expression) and depth):
            raise SpecError(f"Formula {text!r}: a parenthesis is not closed or not opened. {EXAMPLE}")
        if letter in "+-" and depth == 0:
            piece = expression[start:at].strip()
            if piece:
                found.append((sign, piece))
            elif found or at == len(expression):
                raise SpecError(f"Formula {text!r}: two signs follow one another, or one stands last. {EXAMPLE}")
            start, sign = at + 1, letter
    return found


def _random_parts(text: str, bar: str) -> list[RandomPart]:
    correlated = "||" not in bar
    effects, *groups = bar.split("|" if correlated else "||")
    if len(groups) != 1 or not effects.strip():
        raise SpecError(
            f"Formula {text!r}: ({bar}) needs effects left of one bar and a column right of it: (1 | school)"
        )
    written = [[name.strip() for name in piece.split(":")] for piece in groups[0].split("/")]
    bad = [name for piece in written for name in piece if not re.fullmatch(rf"{NAME}|`[^`]+`", name)]
    if bad:
        raise SpecError(
            f"Formula {text!r}: {groups[0].strip()!r} is not a grouping factor. Right of the bar write a column, "
            "school/class for classes within schools, or school:year for their combination."
        )
    names = [[name.strip("`") for name in piece] for piece in written]
    parts: list[RandomPart] = []
    above: list[str] = []
    for piece in names:
        above = [*piece, *above]
        parts.append(RandomPart(effects.strip(), tuple(above), correlated))
    return parts[::-1]


def read_plain(text: str, expression: str) -> PlainFormula | None:
    """Read a simple right-hand side without formulaic, or None where that is needed.

    Simple: an optional 1, 0 or -1; columns; C(column); a:b and a*b where both main effects are in the model too.
    """
    intercept, mains, products = True, list[str](), list[tuple[str, str]]()
    for sign, piece in split_sum(text, expression):
        if piece in ("0", "1"):
            intercept = (piece == "1") == (sign == "+")
            continue
        if sign == "-":
            return None
        crossed = "*" in piece
        atoms = [part.strip() for part in re.split(r"[*:]", piece)]
        labels = [_label(atom) for atom in atoms]
        names = [label for label in labels if label is not None]
        if len(names) != len(labels) or len(names) > 2 or "**" in piece or (len(names) == 2 and names[0] == names[1]):
            return None
        if len(names) == 1 or crossed:
            mains += [name for name in names if name not in mains]
        if len(names) == 2 and not any(set(pair) == set(names) for pair in products):
            products.append((names[0], names[1]))
    if any(name not in mains for pair in products for name in pair):
        return None
    return PlainFormula(intercept, (*((name,) for name in mains), *products))


def _label(atom: str) -> str | None:
    """The atom without spaces, or None where it is more than a column or C(column)."""
    match = ATOM.match(atom)
    if match is None:
        return None
    return f"C({match[1]})" if match[1] else match[2]


def column_of(atom: str) -> str:
    """The column that an atom reads."""
    return atom[2:-1] if atom.startswith("C(") else atom
