"""The rules of a template, all breaches at once: it shows results, computes nothing, and fits every layout."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from evalkit.errors import ReportError
from evalkit.report.parse import INLINE, SHORTCODE, Cell, Place, Prose, Template

CELL_OPTIONS = frozenset(
    {
        "echo",
        "eval",
        "fig-alt",
        "fig-cap",
        "include",
        "label",
        "layout-ncol",
        "output",
        "tags",
        "tbl-cap",
        "tbl-colwidths",
    }
)
FRONT_KEYS = frozenset(
    {
        "author",
        "date",
        "description",
        "execute",
        "format",
        "keywords",
        "lang",
        "number-sections",
        "one-page",
        "subtitle",
        "title",
    }
)
IMPORTS = ("evalkit", "math", "textwrap", "matplotlib", "numpy", "pandas")
FORBIDDEN_CALLS = frozenset({"open", "eval", "exec", "compile", "__import__", "input", "breakpoint"})
READS_OR_WRITES = re.compile(
    r"^(read_\w+|to_(csv|excel|parquet|pickle|sql|feather|hdf|stata)|savefig|loadtxt|genfromtxt)$"
)
BOXES = frozenset({"answer", "facts", "fact", "checks", "note", "next-steps", "small-print", "pagebreak", "layout"})
CALLOUTS = frozenset(f"callout-{kind}" for kind in ("note", "tip", "warning", "caution", "important"))
CONDITIONS = frozenset({"content-visible", "content-hidden"})
LABEL = re.compile(r"^(fig|tbl|sec)-[a-z0-9][a-z0-9-]*$|^[a-z0-9][a-z0-9-]*$")
DIV = re.compile(r"^ {0,3}:::+\s*(?P<attributes>\{[^}]*\}|[\w-]+)\s*:*\s*$")
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]*)[^)]*\)(?P<attributes>\{[^}]*\})?")
HEADING = re.compile(r"^(?P<marks>#{1,6})\s+\S")
UNKNOWN = (
    (
        re.compile(r"<(?:[a-z][\w-]*)(?:\s[^<>]*)?/?>|</[a-z]", re.IGNORECASE),
        "HTML tags",
        "only one layout could show them",
    ),
    (re.compile(r"\{=\w+\}"), "a raw block for one format", "only one layout could show it"),
    (re.compile(r"(?<![\w\\])@eq-"), "a numbered formula (@eq-)", "the built-in layout cannot number formulas"),
    (re.compile(r"\[[^\]]*(?<![\w\\])@(?!fig-|tbl-|sec-)\w"), "a citation", "name the source in the text instead"),
    (re.compile(r"\.panel-tabset|\.column-margin|\.aside"), "tabs or margin notes", "use headings and plain text"),
)


def check_template(template: Template) -> None:
    """Refuse a template that breaks a rule.

    Raises
    ------
    ReportError
        With every breach: file, line, what was found, how to mend it.
    """
    problems = [
        *front_problems(template),
        *cell_problems(template),
        *label_problems(template),
        *prose_problems(template),
    ]
    if problems:
        count = "a rule" if len(problems) == 1 else f"{len(problems)} rules"
        raise ReportError(f"{template.path.name} breaks {count} for templates:", problems=problems)


def front_problems(template: Template) -> Iterator[str]:
    """Breaches in the YAML at the top."""
    file = template.path.name
    if not str(template.front.get("title") or "").strip():
        yield f"{file}, front matter: there is no title. Add `title: ...`; every format needs one."
    for key in template.front:
        if key not in FRONT_KEYS:
            yield f"{file}, front matter: unknown key `{key}`. Use {', '.join(sorted(FRONT_KEYS))}."
    if str(template.front.get("date")) in ("today", "now", "last-modified"):
        yield f"{file}, front matter: `date: {template.front['date']}` changes by itself. Give a date or leave it out."


def cell_problems(template: Template) -> Iterator[str]:
    """Breaches in the cells."""
    parameters = [cell for cell in template.cells() if cell.is_parameters]
    for extra in parameters[1:]:
        yield f"{extra.place}: a second cell tagged `parameters`. Keep all parameters in one cell."
    for cell in template.cells():
        if cell.language != "python":
            yield f"{cell.place}: a {{{cell.language}}} cell. Only {{python}} cells are run."
            continue
        if cell.extra:
            yield f"{cell.place}: options in the braces ({cell.extra}). Write them as lines of `#| key: value`."
        for key in cell.options:
            if key not in CELL_OPTIONS:
                yield f"{cell.place}: unknown cell option `{key}`. Use {', '.join(sorted(CELL_OPTIONS))}."
        yield from code_problems(cell.source, cell.place, offset=cell.place.line)


def code_problems(source: str, place: Place, *, offset: int) -> Iterator[str]:
    """Breaches in Python code: syntax, imports, files, parts of the language that reach outside."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        yield f"{place.file}, line {offset + (error.lineno or 1)}: this is not Python ({error.msg}). Mend the line."
        return
    for node in ast.walk(tree):
        found = forbidden(node)
        if found:
            yield f"{place.file}, line {offset + getattr(node, 'lineno', 1)}: {found}"


def forbidden(node: ast.AST) -> str:
    """Why a node may not stand in a template, or an empty text."""
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    for module in modules:
        if module.split(".")[0] not in IMPORTS:
            return f"imports {module}. Cells may import {', '.join(IMPORTS)}; results are already there."
    if isinstance(node, ast.Name) and node.id in FORBIDDEN_CALLS:
        return f"uses {node.id}(). Cells read the results they are given and nothing else."
    if isinstance(node, ast.Attribute) and READS_OR_WRITES.match(node.attr):
        return f"uses .{node.attr}(). Cells read no files and write none; return a block instead."
    if isinstance(node, ast.Attribute) and node.attr == "random":
        return "uses .random. A report must be the same each time; take numbers from the results."
    if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
        return f"uses .{node.attr}. Cells may not reach into Python's own parts."
    return ""


def label_problems(template: Template) -> Iterator[str]:
    """Labels that are malformed or used twice."""
    counts = Counter(cell.label for cell in template.cells() if cell.label)
    for cell in template.cells():
        if cell.label and not LABEL.match(cell.label):
            yield f"{cell.place}: label `{cell.label}`. Use small letters, digits and hyphens, such as fig-main."
    for label, count in counts.items():
        if count > 1:
            yield f"{template.path.name}: the label `{label}` is used {count} times. Give each cell its own."


def prose_problems(template: Template) -> Iterator[str]:
    """Breaches in the text."""
    level = 1
    for prose in template.prose():
        for row, text in enumerate(prose.text.split("\n")):
            place = Place(prose.place.file, prose.place.line + row)
            heading = HEADING.match(text)
            if heading:
                yield from heading_problems(len(heading["marks"]), level, place)
                level = len(heading["marks"])
            yield from line_problems(text, place)
        yield from inline_problems(prose)


def heading_problems(level: int, last: int, place: Place) -> Iterator[str]:
    """A heading of level 1 (the title has it), or one that skips a level."""
    if level == 1:
        yield f"{place}: a heading with one #. The title is the only one; begin sections with ##."
    elif level > last + 1:
        yield f"{place}: this heading skips a level. Use {'#' * (last + 1)} here."


def line_problems(text: str, place: Place) -> Iterator[str]:
    """Breaches that one line shows."""
    text = INLINE.sub("", text)
    bare = re.sub(r"`[^`]*`", "", text)
    for pattern, what, why in UNKNOWN:
        if pattern.search(bare):
            yield f"{place}: {what}. Take it out: {why}."
    for shortcode in SHORTCODE.finditer(bare):
        if shortcode["name"] not in ("meta", "pagebreak"):
            yield f"{place}: unknown shortcode {shortcode['name']}. Use meta, include (on its own line) or pagebreak."
    for image in IMAGE.finditer(bare):
        if not image["alt"].strip() and "fig-alt=" not in (image["attributes"] or ""):
            yield f"{place}: a picture without words. Write ![what it shows]({image['target']}) or add fig-alt."
        if "://" in image["target"]:
            yield f"{place}: a picture from the net. Put the file beside the template."
    div = DIV.match(text)
    if div:
        yield from div_problems(div["attributes"], place)


def div_problems(attributes: str, place: Place) -> Iterator[str]:
    """A box of an unknown kind, or a callout that hides its text."""
    classes = re.findall(r"\.([\w-]+)", attributes) if attributes.startswith("{") else [attributes]
    for name in classes:
        if name not in BOXES | CALLOUTS | CONDITIONS and not name.startswith("column"):
            allowed = ", ".join(sorted(BOXES | CALLOUTS | CONDITIONS))
            yield f"{place}: unknown box `{name}`. Use {allowed}."
    if "collapse" in attributes:
        yield f"{place}: a callout that collapses. Remove `collapse`: print and screen readers lose hidden text."


def inline_problems(prose: Prose) -> Iterator[str]:
    """Inline code that is not one expression, or that reaches outside."""
    for found in INLINE.finditer(prose.text):
        place = Place(prose.place.file, prose.place.line + prose.text[: found.start()].count("\n"))
        yield from expression_problems(found["code"], place)


def expression_problems(code: str, place: Place) -> Iterator[str]:
    """Why an inline expression is refused."""
    try:
        ast.parse(code, mode="eval")
    except SyntaxError:
        yield f"{place}: `{code}` is not a Python expression. Inline code is one expression, such as name or f(x)."
        return
    yield from code_problems(code, place, offset=place.line - 1)


def parameter_names(cell: Cell) -> tuple[str, ...]:
    """The names that a parameters cell sets at its top level."""
    names: list[str] = []
    for node in ast.parse(cell.source).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names.extend(target.id for target in targets if isinstance(target, ast.Name))
    return tuple(names)
