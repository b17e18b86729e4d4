"""Make the two synthetic survey files of this example, as a school would send them.

Nobody gave these answers: they are drawn at random with a fixed seed. Run from anywhere:

    python make_data.py            writes data/pre.xlsx and data/post.csv beside this file
    python make_data.py FOLDER     writes them into FOLDER

The files hold what real files hold: a title row and Microsoft Forms columns, answers as words, pupils in one file only,
blank answers, a pupil code typed with a letter O for a zero, a pupil entered twice, an answer outside its scale.
"""

import csv
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from openpyxl import Workbook

import evalkit as ek
from evalkit.records.instrument import Instrument

SEED = 20171018
PUPILS = 56
SCALES = {"gse10": "total", "grit_s8": "total", "mslq44": "intrinsic_value"}
INSTRUMENTS = {name: ek.load_instrument(name) for name in SCALES}
MEAN_BEFORE = {"gse10": 0.56, "grit_s8": 0.52, "mslq44": 0.57}  # place on the answer scale, 0 lowest and 1 highest
MEAN_CHANGE = {"gse10": 0.055, "grit_s8": 0.0, "mslq44": 0.06}
LOADING = 0.62
STABILITY = 0.68
BLANK_SHARE = 0.012
ONLY_BEFORE = ("KL-009", "KL-031", "KL-040", "KL-052")
ONLY_AFTER = ("KL-022", "KL-047")
TYPED_WRONGLY = {"KL-014": "KL-O14"}
ENTERED_TWICE = "KL-027"
OUT_OF_RANGE = ("KL-036", "grit_s8", "q4", "7")


def items_of(instrument: Instrument) -> tuple[str, ...]:
    """The items this evaluation uses."""
    return instrument.items_of(SCALES[instrument.id])


def draw_answers(random: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
    """Printed answers, by wave and instrument, as arrays of pupils x items."""
    answers: dict[str, dict[str, np.ndarray]] = {"pre": {}, "post": {}}
    trait = {wave: random.standard_normal(PUPILS) for wave in answers}
    for name, score in SCALES.items():
        instrument = INSTRUMENTS[name]
        own = random.standard_normal((2, PUPILS))
        before = 0.6 * trait["pre"] + 0.8 * own[0]
        after = STABILITY * before + np.sqrt(1 - STABILITY**2) * (0.3 * trait["post"] + 0.95 * own[1])
        turned = instrument.score(score).reversed_items
        for wave, level in (("pre", before), ("post", after)):
            centre = MEAN_BEFORE[name] + (MEAN_CHANGE[name] if wave == "post" else 0.0)
            columns = []
            for item in items_of(instrument):
                scale = instrument.response_of(item)
                noise = np.sqrt(1 - LOADING**2) * random.standard_normal(PUPILS)
                place = centre + 0.24 * (LOADING * level + noise)
                answer = np.clip(np.rint(scale.min + place * (scale.max - scale.min)), scale.min, scale.max).astype(int)
                columns.append(scale.min + scale.max - answer if item in turned else answer)
            answers[wave][name] = np.column_stack(columns)
    return answers


def rows_of_wave(wave: str, answers: dict[str, np.ndarray], random: np.random.Generator) -> list[dict[str, str]]:
    """A row per pupil who is in the wave: code, then each item's printed answer as text, some of them blank."""
    absent = ONLY_AFTER if wave == "pre" else ONLY_BEFORE
    rows = []
    for pupil in random.permutation(PUPILS):
        code = f"KL-{pupil + 1:03d}"
        row = {"Pupil code": code}
        for name in SCALES:
            for position, item in enumerate(items_of(INSTRUMENTS[name])):
                blank = random.random() < BLANK_SHARE
                row[f"{name}.{item}"] = "" if blank else str(answers[name][pupil, position])
        if code not in absent:
            rows.append(row)
    return rows


def write_before(path: Path, rows: list[dict[str, str]], random: np.random.Generator) -> None:
    """An Excel file with a title row, Microsoft Forms' own columns, our labels as questions and answers in words."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Form responses"
    sheet.append(["Resilience programme: pupil survey, autumn 2017 (synthetic example)"])
    columns = [key for key in rows[0] if key != "Pupil code"]
    questions = []
    for number, key in enumerate(columns, start=1):
        name, item = key.split(".")
        questions.append(f"{number}. {INSTRUMENTS[name].item(item).label}")
    sheet.append(["ID", "Start time", "Completion time", "Email", "Name", "Pupil code", *questions])
    start = datetime(2017, 10, 18, 9, 5)
    for number, row in enumerate(rows, start=1):
        start += timedelta(seconds=int(random.integers(20, 200)))
        end = start + timedelta(seconds=int(random.integers(240, 900)))
        cells = [words(key, row[key]) for key in columns]
        sheet.append([number, start, end, "anonymous", None, row["Pupil code"], *cells])
    book.save(path)


def words(key: str, answer: str) -> str | None:
    """The answer as the form shows it: its label, or its number where the scale has no label there."""
    if answer == "":
        return None
    name, item = key.split(".")
    return INSTRUMENTS[name].response_of(item).anchors.get(int(answer), answer)


def write_after(path: Path, rows: list[dict[str, str]]) -> None:
    """A CSV file with codes, with the mistakes that people make when they type it."""
    code, name, item, answer = OUT_OF_RANGE
    typed = []
    for given in rows:
        row = dict(given)
        if row["Pupil code"] == code:
            row[f"{name}.{item}"] = answer
        row["Pupil code"] = TYPED_WRONGLY.get(row["Pupil code"], row["Pupil code"])
        if row["Pupil code"] == ENTERED_TWICE:
            typed.append({**row, "gse10.q1": "1"})
            row["gse10.q1"] = "3"
        typed.append(row)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(typed[0]))
        writer.writeheader()
        writer.writerows(typed)


def main(folder: Path) -> None:
    """Draw the answers and write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    answers = draw_answers(random)
    write_before(folder / "pre.xlsx", rows_of_wave("pre", answers["pre"], random), random)
    write_after(folder / "post.csv", rows_of_wave("post", answers["post"], random))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
