"""Make docs/reference/glossary.md from evalkit/records/columns.py: `python docs/make_glossary.py`.

`tests/house/test_glossary.py` fails while the page is out of date.
"""

from pathlib import Path

from evalkit.records.columns import GLOSSARY

PAGE = Path(__file__).parent / "reference" / "glossary.md"


def glossary_page() -> str:
    """Every column that passes from one part of evalkit to the next, in alphabetical order."""
    rows = [f"| `{name}` | {column.dtype} | {column.meaning} |" for name, column in sorted(GLOSSARY.items())]
    return "\n".join(
        [
            "# Glossary of columns",
            "",
            "Made from `evalkit/records/columns.py` by `docs/make_glossary.py`. A column means the same everywhere.",
            "",
            "| column | holds | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(glossary_page(), encoding="utf-8")
