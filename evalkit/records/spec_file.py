"""The one reader of YAML files: YAML 1.2 values, the line of every key, all problems at once.

`No`, `on` and `007` stay text, dates stay text, a key written twice is an error. Anchors and aliases work; tags do not.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from yaml.composer import Composer

from evalkit.errors import SpecError

KeyPath = tuple[str | int, ...]
MOST_VALUES = 100_000

_SCALARS = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
        list("-+.0123456789"),
    ),
)


_SCALAR_TAGS = frozenset({"tag:yaml.org,2002:str", *(tag for tag, _, _ in _SCALARS)})
_COLLECTION_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class _Yaml12Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalar rules of YAML 1.2."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own class attribute


for _tag, _pattern, _first in _SCALARS:
    # The stubs leave the types of this class method open.
    _Yaml12Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), _first)  # pyright: ignore[reportUnknownMemberType]


if yaml.__with_libyaml__:

    class _FastLoader(Composer, yaml.CSafeLoader):
        """The same rules behind libyaml's parser, several times as fast.

        Nodes are composed in Python: libyaml's own way of doing that overflows the stack on values nested too deeply.
        """

        yaml_implicit_resolvers = _Yaml12Loader.yaml_implicit_resolvers

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            self.anchors = {}

else:
    _FastLoader = _Yaml12Loader  # pyright: ignore[reportAssignmentType]


class Spec(BaseModel):
    """A frozen part of a file that a person writes; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class Faults(ValueError):
    """Several faults that a model's validator found, each with the path of the key that it is about.

    Raise it in a validator instead of a joined ValueError: every fault then is a sentence of its own with its line.
    """

    def __init__(self, faults: Sequence[tuple[KeyPath, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(text for _, text in faults))


SpecModel = TypeVar("SpecModel", bound=Spec)


@dataclass(frozen=True, slots=True)
class SpecFile:
    """The content of one YAML file.

    Attributes
    ----------
    name : str - how messages call the file
    data : object - plain dicts, lists, str, int, float, bool, None
    lines : mapping of key path to the 1-based line on which its key stands
    """

    name: str
    data: object
    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """The line of the key, or of the nearest key that encloses it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(path: Path) -> SpecFile:
    """Read a YAML file.

    Raises
    ------
    SpecError
        The file is missing, is not UTF-8 text or is not YAML; the message names the line.
    """
    if not path.is_file():
        raise SpecError(f"{path}: there is no such file. Check the spelling and the folder.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError(f"{path}: the file is not UTF-8 text. Save it again with the encoding UTF-8.") from None
    return parse_yaml(text, name=str(path))


def parse_yaml(text: str, *, name: str) -> SpecFile:
    """Read YAML text; `name` is how messages call it. Raises SpecError as `read_yaml` does."""
    try:
        try:
            return _parsed(_FastLoader(text), name)
        except yaml.YAMLError:  # PyYAML's own parser says more exactly what is wrong
            return _parsed(_Yaml12Loader(text), name)
    except yaml.MarkedYAMLError as error:
        raise SpecError(_not_yaml(name, error)) from None
    except yaml.YAMLError:
        raise SpecError(
            f"{name}: the file holds characters that text may not hold. Save it again as plain text (UTF-8)."
        ) from None
    except RecursionError:
        raise SpecError(f"{name}: the values are nested too deeply. Check the brackets and the indentation.") from None


def _parsed(loader: yaml.SafeLoader | yaml.CSafeLoader, name: str) -> SpecFile:
    builder = _Builder(loader, name, {}, [])
    try:
        root = loader.get_single_node()
        data = None if root is None else builder.build(root, ())
    finally:
        loader.dispose()
    return SpecFile(name, data, builder.lines)


def _not_yaml(name: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f"line {mark.line + 1}" if mark else "unknown line"
    if "'\\t'" in (error.problem or ""):
        return f"{name}, {where}: a tab stands where only spaces may stand. Indent with spaces."
    return f"{name}, {where}: this is not valid YAML ({error.problem}). Check the indentation and the quotes there."


@dataclass(frozen=True, slots=True)
class _Builder:
    """Turns the nodes of one file into plain values and notes the line of every key."""

    loader: yaml.SafeLoader | yaml.CSafeLoader
    name: str
    lines: dict[KeyPath, int]
    open_nodes: list[yaml.Node]

    def build(self, node: yaml.Node, path: KeyPath) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(self.lines) > MOST_VALUES:
            raise SpecError(f"{self.name}: the file holds more than {MOST_VALUES:,} values. Use fewer aliases (*name).")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if any(node is one for one in self.open_nodes):
            raise SpecError(f"{self._at(node)}: the anchor &... stands inside itself. Write the value out.")
        if node.tag not in _COLLECTION_TAGS:
            raise SpecError(f"{self._at(node)}: the tag {_tag_name(node)} is not allowed. Take it out.")
        self.open_nodes.append(node)
        built = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self.open_nodes.pop()
        return built

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str | int, object]:
        built: dict[str | int, object] = {}
        for key_node, value_node in node.value:
            key = cast("str | int", self._scalar(key_node))
            if key in built:
                raise SpecError(f"{self._at(key_node)}: the key '{key}' stands twice. Keep one of the two.")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            built[key] = self.build(value_node, (*path, key))
        return built

    def _sequence(self, node: yaml.Node, path: KeyPath) -> list[object]:
        children = cast("list[yaml.Node]", node.value)
        return [self.build(child, (*path, index)) for index, child in enumerate(children)]

    def _scalar(self, node: yaml.Node) -> object:
        if not isinstance(node, yaml.ScalarNode):
            raise SpecError(f"{self._at(node)}: a key must be a single word or number, not a list or keys of its own.")
        if node.tag not in _SCALAR_TAGS:
            raise SpecError(f"{self._at(node)}: the tag {_tag_name(node)} is not allowed. Take it out.")
        try:
            return cast(object, self.loader.construct_object(node))  # pyright: ignore[reportUnknownMemberType]
        except (ValueError, KeyError):
            raise SpecError(f"{self._at(node)}: this cannot be read as {_tag_name(node)}. Take the tag out.") from None

    def _at(self, node: yaml.Node) -> str:
        return f"{self.name}, line {node.start_mark.line + 1}"


def _tag_name(node: yaml.Node) -> str:
    return "!!" + node.tag.rsplit(":", 1)[-1].removeprefix("!")


def validate_spec(file: SpecFile, model: type[SpecModel]) -> SpecModel:
    """Check a file's content against a model.

    Raises
    ------
    SpecError
        With one sentence for every problem, each naming file, line and key.
    """
    data: object = file.data
    if not isinstance(data, dict):
        raise SpecError(f"{file.name}: expected keys and values such as 'schema: ...', found something else.")
    try:
        return model.model_validate(cast("dict[object, object]", data))
    except ValidationError as error:
        details = _first_causes(error.errors(include_url=False, include_input=False))
        problems = list(dict.fromkeys(one for detail in details for one in _sentences(file, detail, model)))
        raise SpecError(_heading(file.name, len(problems)), problems=problems) from None


def read_spec(path: Path, model: type[SpecModel]) -> SpecModel:
    """Read a YAML file and check it against a model. Raises SpecError naming every problem."""
    return validate_spec(read_yaml(path), model)


def _first_causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the list that pydantic then calls too short, because an entry of it was refused for its own reason."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(place != detail["loc"] and place[: len(detail["loc"])] == detail["loc"] for place in places)
    ]


def _heading(name: str, count: int) -> str:
    return f"{name}: one problem to mend." if count == 1 else f"{name}: {count} problems to mend."


def _sentences(file: SpecFile, detail: ErrorDetails, model: type[BaseModel]) -> list[str]:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Faults):
        return [_plain_sentence(file, _known_path(file, (*detail["loc"], *path)), text) for path, text in cause.faults]
    path = _known_path(file, detail["loc"])
    place = f"{file.name}, line {file.line(path)}"
    kind = detail["type"]
    if kind == "extra_forbidden":
        allowed = _sibling_keys(model, path[:-1])
        near = get_close_matches(str(path[-1]), allowed, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        return [f"{place}: unknown key '{_key_name(file, path)}'.{hint} Allowed here: {', '.join(allowed)}."]
    if kind == "missing":
        missing = detail["loc"][-1]
        return [f"{place}: the key '{missing}' is missing" + (f" under '{_key_name(file, path)}'." if path else ".")]
    text = detail["msg"].removeprefix("Value error, ").replace("Input should", "the value should")
    if kind == "string_type" and _found(file.data, path) is not None:
        text += "; put it in quotes"
    return [_plain_sentence(file, path, text)]


def _plain_sentence(file: SpecFile, path: KeyPath, text: str) -> str:
    found = _found(file.data, path)
    shown = f" (found: {found})" if found is not None else ""
    key = f", key '{_key_name(file, path)}'" if path else ""
    return f"{file.name}, line {file.line(path)}{key}{shown}: {text[0].upper()}{text[1:].rstrip('.')}."


def _key_name(file: SpecFile, path: KeyPath) -> str:
    """The path in words: an entry of a list is called by its id where it has one, else by its place from 1."""
    names: list[str] = []
    node: Any = file.data
    for part in path:
        in_list, node = isinstance(node, list), _below(node, part)
        if in_list and isinstance(part, int):
            entry = cast("dict[str, Any]", node).get("id") if isinstance(node, dict) else None
            names.append(entry if isinstance(entry, str) else str(part + 1))
        else:
            names.append(str(part))
    return ".".join(names)


def _below(node: Any, part: str | int) -> Any:
    return node[part]


def _known_path(file: SpecFile, loc: Sequence[str | int]) -> KeyPath:
    """Pydantic's location without the names it adds for unions and dictionary keys."""
    path: KeyPath = ()
    for part in loc:
        if (*path, part) in file.lines:
            path = (*path, part)
    return path


def _sibling_keys(model: type[BaseModel], parents: KeyPath) -> list[str]:
    schema: dict[str, Any] = model.model_json_schema()
    node = schema
    for part in parents:
        node = _resolve(schema, node)
        below: Any = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
        node = cast("dict[str, Any]", below or node.get("additionalProperties") or {})
    return sorted(_resolve(schema, node).get("properties", {}))


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", []):
        if option.get("type") != "null":
            node = option
            break
    reference = node.get("$ref", "")
    return schema["$defs"][reference.rsplit("/", 1)[1]] if reference else node


def _found(data: object, path: KeyPath) -> str | None:
    node: Any = data
    for part in path:
        try:
            node = _below(node, part)
        except (KeyError, IndexError, TypeError):
            return None
    return repr(node) if isinstance(node, str | int | float | bool) and len(repr(node)) <= 60 else None
