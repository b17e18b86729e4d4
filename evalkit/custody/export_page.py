"""What is held about a pupil, as a page to read and as JSON."""

import html
import json

import pandas as pd

from evalkit.records.pupil_data import PupilData

_TITLES = {
    "survey_rows": "In the files that the school sent",
    "facts": "In the list of pupils",
    "answers": "Answers to questionnaires",
    "scores": "Scores made of the answers",
    "decisions": "Corrections that a person decided on",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>What is held about pupil {code}</title>
<style>
body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #000; background: #fff; }}
table {{ border-collapse: collapse; width: 100%; margin-bottom: 2rem; }}
th, td {{ border: 1px solid #767676; padding: 0.3rem 0.5rem; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
<h1>What is held about pupil {code}</h1>
{body}
</body>
</html>
"""


def export_json(held: PupilData) -> str:
    """The whole record for machines."""
    content = {
        "pupil": held.code,
        "evaluation": held.evaluation,
        "data_protection": None if held.protection is None else held.protection.model_dump(mode="json"),
        **{name: table.to_dict("records") for name, table in held.tables.items()},
        "notes": list(held.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def export_html(held: PupilData) -> str:
    """The whole record as a page that a parent or a pupil can read."""
    parts = [f"<p>Evaluation: {html.escape(held.evaluation)}</p>", _about(held)]
    for name, table in held.tables.items():
        parts.append(f"<h2>{_TITLES[name]}</h2>")
        parts.append(_table(table) if len(table) else "<p>Nothing.</p>")
    if held.notes:
        parts += ["<h2>Notes</h2>", "<ul>", *(f"<li>{html.escape(note)}</li>" for note in held.notes), "</ul>"]
    return _PAGE.format(code=html.escape(held.code), body="\n".join(parts))


def _about(held: PupilData) -> str:
    one = held.protection
    if one is None:
        return "<p>The plan does not say who answers for the data; ask the school.</p>"
    kept = {kind.replace("_", " "): day for kind, day in one.retention if day}
    facts = {
        "Who answers for the data": one.controller,
        "Who handles them": one.processor,
        "Lawful basis": one.lawful_basis,
        "What they are for": one.purpose,
        "Whom to ask": one.contact,
        "Kept until": "; ".join(f"{kind}: {day}" for kind, day in kept.items()),
    }
    rows = [(name, value) for name, value in facts.items() if value]
    cells = "".join(f"<tr><th scope='row'>{name}</th><td>{html.escape(value)}</td></tr>\n" for name, value in rows)
    rights = (
        "You may ask for a copy, have mistakes put right, have the data erased, or object. If you are not content with "
        "the answer, you may complain to the Information Commissioner's Office."
    )
    return f"<table>\n{cells}</table>\n<p>{rights}</p>"


def _table(table: pd.DataFrame) -> str:
    heads = "".join(f"<th scope='col'>{html.escape(str(one))}</th>" for one in table.columns)
    rows = [
        "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row)
        for row in table.itertuples(index=False, name=None)
    ]
    return "<table>\n<tr>" + heads + "</tr>\n" + "\n".join(f"<tr>{row}</tr>" for row in rows) + "\n</table>"
