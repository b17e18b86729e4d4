"""Ask on a terminal what only a person can say about a file, and keep the answers for the next file of the form."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evalkit import terminal
from evalkit.errors import SpecError

if TYPE_CHECKING:
    from evalkit.records.evaluation import Study
    from evalkit.records.evaluation_parts import DataFile
    from evalkit.records.responses import Problem, Question
    from evalkit.road import CheckedFiles


def answered(checked: "CheckedFiles", files: "list[DataFile]", study: "Study", *, by: str | None) -> bool:
    """Put the open questions of every file; True when at least one was answered, so that the files are checked again.

    Parameters
    ----------
    checked, files : what was found, and the files in the same order
    by : who answers, kept with the decisions
    """
    from evalkit.intake.check import mapping_file

    any_answer = False
    told: dict[str, list[Problem]] = {}
    for one in (*checked.linking, *checked.design):
        told.setdefault(one.file, []).append(one)
    for upload, file in zip(checked.uploads, files, strict=True):
        problems = [*upload.issues, *told.get(upload.source.file, [])]
        asked = [(one, question) for one in problems if one.severity == "ask" for question in one.questions]
        if not asked:
            continue
        path = study.folder / file.mapping if file.mapping else mapping_file(study, upload.form)
        any_answer |= _ask_file(upload.source.file, asked, path, by)
    return any_answer


def _ask_file(name: str, asked: "list[tuple[Problem, Question]]", path: Path, by: str | None) -> bool:
    from evalkit.records.mapping import decide, load_mapping, mapping_text
    from evalkit.records.whole_file import write_whole

    count = "1 question" if len(asked) == 1 else f"{len(asked)} questions"
    terminal.say(f"{name}: {count} that only you can answer. Type the number of the answer, or 0 to leave it open.")
    decisions = [choice for problem, question in asked if (choice := _choice(problem, question)) is not None]
    if not decisions:
        return False
    mapping = load_mapping(path) if path.is_file() else None
    for decision in decisions:
        mapping = decide(mapping, decision)
    if by is not None:
        mapping = decide(mapping, {"decided_by": by})
    assert mapping is not None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise SpecError(f"{path.parent}: this folder cannot be made, so your answers cannot be kept.") from None
    write_whole(path, mapping_text(mapping))
    terminal.say(f"Your answers are kept in {path}.")
    return True


def _choice(problem: "Problem", question: "Question") -> "dict[str, object] | None":
    terminal.say("")
    terminal.say(f"{problem.where}: {problem.found}.")
    terminal.say(question.words)
    for place, choice in enumerate(question.choices, start=1):
        terminal.say(f"  {place}  {choice.words}")
    terminal.say("  0  Leave it open")
    number = -1
    while not 0 <= number <= len(question.choices):
        number = typer.prompt("Answer", default=0, type=int)
    return dict(question.choices[number - 1].decision) if number else None
