"""Files of a synthetic trial, as an evaluator's data manager would send them: a wide pupil file and a list of schools.

Everything is drawn from a seed; no pupil or school exists. Tests change rows and see what evalkit says.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evalkit.records.evaluation import Study, load_evaluation

PLAN = """\
schema: evalkit-evaluation/1
id: oak-trial
title: Oak trial
programme: {{name: Oak programme, description: A synthetic programme for tests.}}
design: {design}
unit_of_randomisation: {unit}
arms:
  - {{id: oak, label: Schools with Oak}}
  - {{id: usual, label: Schools as usual, control: true}}
waves: [{{id: baseline, label: Before}}, {{id: outcome, label: After}}]
measures:
  - {{id: ks2, label: Key stage 2 score, low: 80, high: 120, source: synthetic, waves: {{baseline: [KS2]}}}}
  - {{id: gcse, label: Science grade, low: 0, high: 9, source: synthetic, waves: {{outcome: [GCSE Science]}},
      missing: [X]}}
outcomes:
  - id: science
    label: Science
    instrument: gcse
    score: value
    role: primary
    baseline: {{instrument: ks2, score: value}}
    attainment: true
    estimand:
      population: all pupils
      contrast: oak and usual
      measure: difference of means
      non_compliance: as allocated
      drop_out: left out
covariates:
  - {{id: size, label: Pupils in the school, headers: [Roll], kind: number, level: school}}
subgroups:
  - {{id: fsm, label: Free school meals, headers: [FSM], values: {{'1': 'yes', '0': 'no'}}}}
trial:
  school: {{headers: [School]}}
{class_line}
  allocation: {{headers: [Arm]{certificate}, values: {{T: oak, C: usual}}}}
  strata: [{{id: area, label: Area, headers: [Area], level: school}}]
  compliance:
    - {{id: sessions, label: Training days, headers: [Days], level: school, kind: dose, high: 3, unit: days}}
    - {{id: attended, label: Attended, headers: [Attended], level: pupil, kind: yes_no}}
  left: {{id: left, label: Why no outcome, headers: [Reason]}}
  school_left: {{id: school_left, label: Why the school left, headers: [School left], level: school}}
missing_data: {{baseline: indicator}}
seed: 7
pupil_headers: [Code]
data:
  files: [{{path: pupils.csv}}]
{schools_line}
"""

Row = dict[str, object]


@dataclass
class TrialFiles:
    """The rows of both files, to be changed by a test and then saved."""

    pupils: list[Row]
    schools: list[Row]
    design: str = "cluster_trial"
    unit: str = "school"
    with_list: bool = True
    with_classes: bool = False
    certificate: str = ""

    def of(self, code: str) -> Row:
        """The row of a pupil."""
        return next(row for row in self.pupils if row["Code"] == code)

    def school(self, name: str) -> Row:
        """The row of a school."""
        return next(row for row in self.schools if row["School"] == name)

    def save(self, folder: Path) -> Study:
        """Write plan and files and load the plan."""
        folder.mkdir(parents=True, exist_ok=True)
        plan = PLAN.format(
            design=self.design,
            unit=self.unit,
            class_line="  class: {headers: [Class]}" if self.with_classes else "",
            certificate=f", certificate: {self.certificate}" if self.certificate else "",
            schools_line="  schools: {path: schools.csv}" if self.with_list else "",
        )
        (folder / "evaluation.yaml").write_text(plan, encoding="utf-8")
        write_rows(folder / "pupils.csv", self.pupils)
        if self.with_list:
            write_rows(folder / "schools.csv", self.schools)
        return load_evaluation(folder)


def write_rows(path: Path, rows: list[Row]) -> None:
    """A CSV file with the keys of the rows as headings."""
    headers = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, headers, restval="")
        writer.writeheader()
        writer.writerows(rows)


def make_files(
    *, seed: int = 1, schools: int = 8, pupils: int = 12, with_list: bool = True, **design: object
) -> TrialFiles:
    """Draw a trial: half of the schools in each arm, a tenth of the outcomes missing, one school without pupils left.

    Parameters
    ----------
    seed : fixes everything
    schools, pupils : how many schools, and pupils in each
    with_list : facts of schools in a list of their own, or in the pupil file
    """
    rng = np.random.default_rng(seed)
    lists: list[Row] = []
    rows: list[Row] = []
    for place in range(schools):
        school: Row = {
            "School": f"{100100 + place}",
            "Arm": "T" if place % 2 == 0 else "C",
            "Area": "North" if place < schools // 2 else "South",
            "Roll": int(rng.integers(600, 1400)),
            "Days": int(rng.integers(0, 4)) if place % 2 == 0 else 0,
            "School left": "",
        }
        lists.append(school)
        level = rng.normal(0, 0.4)
        for number in range(pupils):
            ks2 = round(float(np.clip(rng.normal(104, 6), 80, 120)), 1)
            gcse = float(np.clip(round(4.5 + level + 0.15 * (ks2 - 104) + rng.normal(0, 1.5), 1), 0, 9))
            row: Row = {
                "Code": f"S{place}P{number:02}",
                "School": school["School"],
                "FSM": int(rng.random() < 0.3),
                "KS2": ks2,
                "GCSE Science": gcse if rng.random() > 0.1 else "",
                "Attended": "yes" if rng.random() < 0.8 else "no",
            }
            row["Reason"] = "moved away" if row["GCSE Science"] == "" else ""
            rows.append(row if with_list else row | school)
    return TrialFiles(rows, lists, with_list=with_list, **design)  # pyright: ignore[reportArgumentType]
