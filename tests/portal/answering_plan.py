"""The plan of a programme whose questionnaire has its wording shipped, so that pupils can answer it online."""

import re

from evalkit.portal.models import Programme
from evalkit.records.evaluation import EVALUATION_FILE
from evalkit.shipped import shipped


def perseverance_plan() -> str:
    """The shipped example's plan with the public-domain perseverance scale as its only outcome."""
    text = (shipped("analyses") / "keyham-resilience" / EVALUATION_FILE).read_text(encoding="utf-8")
    outcomes = re.search(r"^outcomes:\n(?:.*\n)*?(?=  - id: grit\n)", text, re.MULTILINE)
    assert outcomes is not None
    start, end = outcomes.start(), text.index("covariates:")
    one = (
        outcomes[0]
        .replace("gse10", "ipip_perseverance8")
        .replace("1995-en", "ipip")
        .replace("score: total", "score: mean")
    )
    return text[:start] + one + text[end:]


def with_wording(programme: Programme) -> None:
    """Give a programme that plan."""
    (programme.folder / EVALUATION_FILE).write_text(perseverance_plan(), encoding="utf-8")
    programme.__dict__.pop("study", None)
