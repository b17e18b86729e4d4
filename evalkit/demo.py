"""The demonstration: the shipped example goes the whole road in a folder of the user's."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SpecError
from evalkit.records.evaluation import EVALUATION_FILE, load_evaluation
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format
from evalkit.report.words import answer
from evalkit.road import check_files, report_all, run
from evalkit.shipped import EXAMPLE, shipped

FORMATS: tuple[Format, ...] = ("html", "pdf", "docx")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration made: folders and files, how many problems were found, and the report's first sentence."""

    pupils: int
    data_folder: Path
    files: int
    problems: int
    answer: str
    reports: tuple[Path, ...]


def make_demo(folder: Path, *, renderer: RendererName = "auto") -> Demo:
    """Copy the example's survey files into a folder, check, score and analyse them, and write the reports there.

    Parameters
    ----------
    folder : made when missing; a folder that an earlier demonstration made is renewed
    renderer : auto, embedded or quarto

    Raises
    ------
    SpecError
        The folder holds something else.
    """
    _copy_example(folder)
    study = load_evaluation(folder)
    assert study.plan.data is not None
    checked = check_files(study, study.plan.data.files)
    results = run(folder, to=folder)
    reports = report_all(results, folder=folder, formats=FORMATS, renderer=renderer)
    decisions = sum(len(upload.decisions) for upload in checked.uploads)
    pupils = {pupil for upload in checked.uploads for pupil in upload.responses["pupil"]}
    return Demo(
        pupils=len(pupils),
        data_folder=folder / "data",
        files=len(checked.uploads),
        problems=len(checked.issues) + decisions,
        answer=answer(results),
        reports=tuple(reports),
    )


def _copy_example(folder: Path) -> None:
    source = shipped("analyses") / EXAMPLE
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not _is_demo(folder))):
        raise SpecError(f"{folder}: this place holds something else. Name a new folder with --to.")
    for name in (EVALUATION_FILE, "data", "mappings"):
        target = folder / name
        if (source / name).is_dir():
            shutil.copytree(source / name, target, dirs_exist_ok=True)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target)


def _is_demo(folder: Path) -> bool:
    plan = folder / EVALUATION_FILE
    return plan.is_file() and f"\nid: {EXAMPLE}\n" in plan.read_text(encoding="utf-8")
