"""The YAML reader: values of YAML 1.2, lines, and one clear sentence per problem."""

from pathlib import Path

import pytest
from pydantic import Field, model_validator

from evalkit.errors import SpecError
from evalkit.records import spec_file
from evalkit.records.spec_file import MOST_VALUES, Faults, Spec, parse_yaml, read_spec, read_yaml, validate_spec
from evalkit.shipped import shipped


class Part(Spec):
    id: str
    size: int = Field(default=1, ge=1)
    weights: dict[int, float] = Field(default_factory=dict)


class Whole(Spec):
    name: str
    parts: tuple[Part, ...] = ()

    @model_validator(mode="after")
    def _differ(self) -> "Whole":
        ids = [part.id for part in self.parts]
        faults = [(("parts", place, "id"), "it stands twice") for place, one in enumerate(ids) if one in ids[:place]]
        if self.name == "bad":
            faults.append((("name",), "no file may be called so; rename it"))
        if faults:
            raise Faults(faults)
        return self


def refusal(text: str, model: type[Spec] | None = None) -> tuple[str, ...]:
    if model is None:
        with pytest.raises(SpecError) as caught:
            parse_yaml(text, name="a.yaml")
    else:
        with pytest.raises(SpecError) as caught:
            validate_spec(parse_yaml(text, name="a.yaml"), model)
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("No", "No"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("007", "007"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("0", 0),
        ("-3", -3),
        ("+3", 3),
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        (".5", 0.5),
        ("1.", 1.0),
        ("2026-01-15", "2026-01-15"),
        ("~", None),
        ("null", None),
        ("", None),
        ("'null'", "null"),
        ("'007'", "007"),
        ("<<", "<<"),
        ("-q1", "-q1"),
        ("a#b", "a#b"),
    ],
)
def test_a_value_is_read_as_yaml_1_2(written: str, value: object) -> None:
    data = parse_yaml(f"key: {written}", name="a.yaml").data
    assert data == {"key": value}
    assert isinstance(data, dict)
    assert type(data["key"]) is type(value)


def test_a_minus_key_stays_text_in_a_list() -> None:
    assert parse_yaml("keys: [-q1, q2]", name="a.yaml").data == {"keys": ["-q1", "q2"]}


def test_every_key_has_its_line() -> None:
    file = parse_yaml("a: 1\nb:\n  - c: 2\n    d: 3\n  - e: 4\n", name="a.yaml")
    assert file.line(("b", 0, "d")) == 4
    assert file.line(("b", 1, "e")) == 5
    assert file.line(("b", 1, "nowhere", "deeper")) == 5
    assert file.line(("nowhere",)) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml, line 3: the key 'a' stands twice. Keep one of the two."),
        ("a:\n  b: 1\n  b: 2\n", "a.yaml, line 3: the key 'b' stands twice. Keep one of the two."),
        ("a:\n\tb: 1\n", "a.yaml, line 2: a tab stands where only spaces may stand. Indent with spaces."),
        (
            "a: 1\n? [b, c]\n: 2\n",
            "a.yaml, line 2: a key must be a single word or number, not a list or keys of its own.",
        ),
        ("a: !!binary aGk=\n", "a.yaml, line 1: the tag !!binary is not allowed. Take it out."),
        ("a: !mine\n  b: 1\n", "a.yaml, line 1: the tag !!mine is not allowed. Take it out."),
        ("a: 1\nb: !!int seven\n", "a.yaml, line 2: this cannot be read as !!int. Take the tag out."),
        ("a: &x\n  b: *x\n", "a.yaml, line 1: the anchor &... stands inside itself. Write the value out."),
        (
            "a: \x07\n",
            "a.yaml: the file holds characters that text may not hold. Save it again as plain text (UTF-8).",
        ),
        ("[" * 200_000, "a.yaml: the values are nested too deeply. Check the brackets and the indentation."),
        ("[" * 3000, "a.yaml: the values are nested too deeply. Check the brackets and the indentation."),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, sentence: str) -> None:
    assert refusal(text) == (sentence,)


def test_a_python_tag_is_refused_and_not_run() -> None:
    (sentence,) = refusal("a: !!python/object/apply:os.getcwd []\n")
    assert "is not allowed" in sentence


def test_broken_yaml_names_the_line() -> None:
    (sentence,) = refusal("a: 1\nb: 'open\n")
    assert sentence.startswith("a.yaml, line 3: this is not valid YAML (")
    (sentence,) = refusal("a: 1\n---\nb: 2\n")
    assert sentence.startswith("a.yaml, line 2: this is not valid YAML (")


@pytest.mark.parametrize(
    "text",
    [
        (shipped("analyses") / "keyham-resilience" / "evaluation.yaml").read_text(encoding="utf-8"),
        (shipped("instruments") / "gse10" / "instrument.yaml").read_text(encoding="utf-8"),
        "a: No\nb: 007\nc: 1e3\nd: ~\ne: 2026-03-01\nf: .5\n'g': \"h\\n\"\ni: |\n  j\n   k\n",
        "- &x {a: 1, b: [1,\n 2]}\n- *x\n- - - 3\n? c\n: d\n",
        "first: &rule {rule: complete}\nsecond: *rule\n# end\n",
    ],
    ids=["plan", "instrument", "scalars", "not a list", "anchor"],
)
def test_the_fast_parser_gives_the_same_values_and_lines(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> object:
        try:
            return parse_yaml(text, name="a.yaml")
        except SpecError as error:
            return str(error)

    fast = read()
    monkeypatch.setattr(spec_file, "_FastLoader", spec_file._Yaml12Loader)
    assert read() == fast


def test_an_anchor_is_repeated_by_its_alias() -> None:
    text = "first: &rule {rule: complete, min_items: 3}\nsecond: *rule\n"
    assert parse_yaml(text, name="a.yaml").data == {
        "first": {"rule": "complete", "min_items": 3},
        "second": {"rule": "complete", "min_items": 3},
    }


def test_aliases_cannot_blow_a_file_up() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (sentence,) = refusal("\n".join(rows))
    assert f"{MOST_VALUES:,} values" in sentence


def test_a_missing_file_and_a_file_in_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no such file"):
        read_yaml(tmp_path / "none.yaml")
    odd = tmp_path / "odd.yaml"
    odd.write_bytes("name: café".encode("utf-16"))
    with pytest.raises(SpecError, match="not UTF-8"):
        read_yaml(odd)
    odd.write_bytes(b"\xef\xbb\xbfname: caf\xc3\xa9\n")
    assert read_yaml(odd).data == {"name": "café"}


def test_the_empty_file_is_refused() -> None:
    (sentence,) = refusal("", Whole)
    assert sentence == "a.yaml: expected keys and values such as 'schema: ...', found something else."


def test_all_problems_come_at_once_each_with_line_and_key() -> None:
    text = "nme: x\nparts:\n  - id: one\n    size: 0\n  - size: two\n    weights: {1: many}\n"
    assert refusal(text, Whole) == (
        "a.yaml, line 1: the key 'name' is missing.",
        "a.yaml, line 4, key 'parts.one.size' (found: 0): The value should be greater than or equal to 1.",
        "a.yaml, line 5: the key 'id' is missing under 'parts.2'.",
        "a.yaml, line 5, key 'parts.2.size' (found: 'two'): The value should be a valid integer, unable to parse "
        "string as an integer.",
        "a.yaml, line 6, key 'parts.2.weights.1' (found: 'many'): The value should be a valid number, unable to parse "
        "string as a number.",
        "a.yaml, line 1: unknown key 'nme'. Did you mean 'name'? Allowed here: name, parts.",
    )


def test_a_number_where_text_is_meant_asks_for_quotes() -> None:
    assert refusal("name: 2007\n", Whole) == (
        "a.yaml, line 1, key 'name' (found: 2007): The value should be a valid string; put it in quotes.",
    )


def test_an_unknown_key_deep_inside_lists_what_is_allowed_there() -> None:
    assert refusal("name: x\nparts:\n  - {id: a, sise: 3}\n", Whole) == (
        "a.yaml, line 3: unknown key 'parts.a.sise'. Did you mean 'size'? Allowed here: id, size, weights.",
    )


def test_each_fault_of_a_validator_is_a_sentence_with_its_own_line() -> None:
    text = "name: bad\nparts:\n  - id: one\n  - id: one\n"
    assert refusal(text, Whole) == (
        "a.yaml, line 4, key 'parts.one.id' (found: 'one'): It stands twice.",
        "a.yaml, line 1, key 'name' (found: 'bad'): No file may be called so; rename it.",
    )


def test_infinity_is_no_number() -> None:
    (sentence,) = refusal("name: x\nparts: [{id: a, weights: {1: 1e999}}]\n", Whole)
    assert "finite number" in sentence


def test_the_heading_counts_the_problems(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text("name: bad\nparts: [{id: a, more: 1}]\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_spec(path, Whole)
    assert caught.value.message == f"{path}: one problem to mend."
