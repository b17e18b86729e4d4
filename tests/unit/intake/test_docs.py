"""The mapping file that the how-to page shows is one that evalkit reads."""

import re
from pathlib import Path

import evalkit
from evalkit.records.mapping import Mapping
from evalkit.records.spec_file import parse_yaml, validate_spec

DOCS = Path(evalkit.__file__).parent.parent / "docs"


def test_the_example_of_the_how_to_page_is_a_mapping_file() -> None:
    page = (DOCS / "how-to" / "mend-a-file.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert block is not None
    mapping = validate_spec(parse_yaml(block.group(1), name="example"), Mapping)
    assert len(mapping.corrections) == 2
    assert mapping.absent == ("grit_s8.q7",)
    assert mapping.columns["column T"] == "ignore"
    assert mapping.labels == {"grit_s8": {"Quite like me": 4}}
