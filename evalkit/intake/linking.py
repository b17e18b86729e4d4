"""Put the files of an evaluation side by side: who is in which wave, and whether the files belong together."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from evalkit.intake.findings import ordered
from evalkit.intake.groups import group_problems
from evalkit.intake.normal import counted, listed, normal, quoted, yaml_text
from evalkit.intake.order import order_problems
from evalkit.intake.pupils import UPN, code_key, is_private, shown_code
from evalkit.intake.respelled import is_too_many, respelled_pairs, respelled_problems
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.responses import Choice, Problem, Question, Severity, Upload

_LOOK_ALIKE = str.maketrans("oil5", "011s")
_MOST_COMPARED = 20_000_000
_MOST_NAMED = 25
_MANY = 0.2


def link_problems(uploads: Sequence[Upload], study: Study) -> tuple[Problem, ...]:
    """Say what is wrong with the files of one evaluation when they are looked at together.

    Parameters
    ----------
    uploads : every file of the evaluation, each checked by itself
    study : the evaluation

    Returns
    -------
    Problems: a wave without answers, the same file or the same answers sent for both waves, a pupil in two files of one
    wave, no pupil or only one in both waves (errors); many codes that differ only by hyphens or zeros in front (asked);
    pupils in one wave only, groups that are missing the second time, facts that differ between the waves (warnings);
    codes so alike that they may be one pupil, and files that seem to be exchanged (asked). Nothing is joined here: only
    a mapping file joins codes.
    """
    waves = [wave.id for wave in study.plan.waves]
    labels = {wave.id: wave.label for wave in study.plan.waves}
    pupils = {wave: _pupils(uploads, wave) for wave in waves}
    files = {wave: listed(list(dict.fromkeys(pupils[wave].values()))) for wave in waves}
    missing = waves_without_answers(uploads, study, severity="error")
    if missing:
        return missing
    problems = _two_files(uploads, labels)
    first, last = waves[0], waves[-1]
    same = _same_file(uploads, first, last, labels)
    problems += [same] if same else []
    if study.plan.anonymous:
        return ordered(problems)
    linked = [key for key in pupils[first] if key in pupils[last]]
    respelled = respelled_pairs(pupils[first], pupils[last])
    asked = is_too_many(len(respelled), pupils[first], pupils[last])
    problems += respelled_problems(respelled, pupils, _spelling(uploads), (first, last), asked=asked)
    settled = {key for pair in respelled for key in pair} if asked else set[str]()
    if len(linked) < 2 and not asked:
        problems.append(_too_few(len(linked), f"{files[first]} and {files[last]}", labels[first], labels[last]))
    elif len(linked) > 1 and not same:
        problems += _same_answers(uploads, first, last, labels)
    one_file = study.plan.has_groups and len({name for keys in pupils.values() for name in keys.values()}) == 1
    if (linked or asked) and not one_file:
        problems += _only_in_one(uploads, pupils, files, labels, settled=settled, plan=study.plan)
    near = {key for pair in respelled for key in pair}
    problems += _near_codes(uploads, pupils, first, last, told=near)
    problems += group_problems(uploads, study)
    problems += order_problems(uploads, study)
    return ordered(problems)


def waves_without_answers(uploads: Sequence[Upload], study: Study, *, severity: Severity) -> tuple[Problem, ...]:
    """That some waves of the plan stand in none of the files; nothing where all do."""
    empty = [wave.label for wave in study.plan.waves if not _pupils(uploads, wave.id)]
    if not empty:
        return ()
    return (
        Problem(
            severity,
            "wave_without_answers",
            listed([upload.source.file for upload in uploads]) or "the evaluation",
            "Send the file with these answers too, or mend the problems of the file that should hold them.",
            found=f"There are no answers for {listed([quoted(label) for label in empty])}",
        ),
    )


def _pupils(uploads: Sequence[Upload], wave: str) -> dict[str, str]:
    """Key of each pupil's code in a wave -> the file it is in."""
    found: dict[str, str] = {}
    for upload in uploads:
        frame = _with_value(upload)
        for code in frame.loc[frame["wave"] == wave, "pupil"]:
            found.setdefault(code_key(str(code)), upload.source.file)
    return found


def _with_value(upload: Upload) -> pd.DataFrame:
    """The rows that hold a value; for a survey every row, since a pupil who answered nothing was there."""
    frame = upload.responses
    numbers = [column for column in frame.columns if "." in column and frame[column].dtype == "Float64"]
    return frame[frame[[c for c in frame.columns if "." in c]].notna().any(axis="columns")] if numbers else frame


def _spelling(uploads: Sequence[Upload]) -> dict[str, str]:
    """Key of each code -> how it is typed first."""
    spelled: dict[str, str] = {}
    for upload in uploads:
        for code in upload.responses["pupil"]:
            spelled.setdefault(code_key(str(code)), str(code))
    return spelled


def _two_files(uploads: Sequence[Upload], labels: dict[str, str]) -> list[Problem]:
    """A pupil who stands in two files of one wave."""
    where: dict[tuple[str, str], list[str]] = defaultdict(list)
    for upload in uploads:
        for code, wave in zip(upload.responses["pupil"], upload.responses["wave"], strict=True):
            where[code_key(str(code)), str(wave)].append(upload.source.file)
    spelled = _spelling(uploads)
    pairs: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (key, wave), files in where.items():
        if len(files) > 1:
            pairs[wave, tuple(dict.fromkeys(files))].append(shown_code(spelled[key]))
    return [
        Problem(
            "error", "pupil_in_two_files", listed(files),
            "Each pupil may stand once in each wave. Send only one of the files, or take the pupils out of the other.",
            found=f"In '{labels[wave]}' more than one file holds the {'pupil' if len(codes) == 1 else 'pupils'} "
            f"{listed(codes, limit=_MOST_NAMED)}",
        )
        for (wave, files), codes in pairs.items()
    ]  # fmt: skip


def _same_file(uploads: Sequence[Upload], first: str, last: str, labels: dict[str, str]) -> Problem | None:
    """One file sent for both waves."""
    seen: dict[str, tuple[str, set[str]]] = {}
    for upload in uploads:
        waves = set(upload.responses["wave"].unique())
        sha256 = upload.source.sha256
        if sha256 in seen and seen[sha256][1] != waves:
            names = list(dict.fromkeys([seen[sha256][0], upload.source.file]))
            return Problem(
                "ask", "same_file_twice", listed(names),
                f"Which is it? Send the file with the answers of '{labels[last]}', or of '{labels[first]}'. If there "
                "is only one yet, there is no change yet.",
                found=f"The same file was sent as '{labels[first]}' and as '{labels[last]}'",
            )  # fmt: skip
        seen.setdefault(sha256, (upload.source.file, waves))
    return None


def _same_answers(uploads: Sequence[Upload], first: str, last: str, labels: dict[str, str]) -> list[Problem]:
    """Two files that differ, but in which every linked pupil gave the same answers both times."""
    frame = pd.concat([upload.responses for upload in uploads], ignore_index=True)
    items = [column for column in frame.columns if "." in column]
    frame["key"] = [code_key(str(code)) for code in frame["pupil"]]
    before = frame[frame["wave"] == first].drop_duplicates("key").set_index("key")[items]
    after = frame[frame["wave"] == last].drop_duplicates("key").set_index("key")[items]
    both = before.index.intersection(after.index)
    old = before.loc[both].astype("float64").to_numpy()
    new = after.loc[both].astype("float64").to_numpy()
    answered = ~np.isnan(old).all(axis=1)
    if answered.sum() < 3 or not np.array_equal(old, new, equal_nan=True):
        return []
    names = listed([upload.source.file for upload in uploads])
    return [
        Problem(
            "ask", "same_answers_twice", names,
            "Is one of the files a copy of the other? Export the answers again, check which is which, and send both.",
            found=f"All {len(both)} pupils gave exactly the same answers in '{labels[first]}' and in '{labels[last]}'",
        )
    ]  # fmt: skip


def _too_few(linked: int, files: str, first: str, last: str) -> Problem:
    if linked == 0:
        return Problem(
            "error", "no_linked_pupils", files,
            "Check that both files use the same codes. If they do not, write which code means which in a mapping file "
            "(codes: {'as typed': 'as meant'}).",
            found=f"No pupil code of '{first}' stands in '{last}' too, so no change can be worked out",
        )  # fmt: skip
    return Problem(
        "error", "one_linked_pupil", files,
        "At least two pupils must have answered both times. Check that both files use the same codes.",
        found=f"Only one pupil code of '{first}' stands in '{last}' too",
    )  # fmt: skip


def _only_in_one(
    uploads: Sequence[Upload],
    pupils: dict[str, dict[str, str]],
    files: dict[str, str],
    labels: dict[str, str],
    *,
    settled: Collection[str],
    plan: Evaluation,
) -> list[Problem]:
    """Who answered in only one wave; many of them in the smaller file are a sign that codes were typed differently.

    Pupils who are asked about already (`settled`) are left out. Where groups are compared all stay on the list.
    """
    spelled = _spelling(uploads)
    fewest = min(len(keys) for keys in pupils.values())
    problems: list[Problem] = []
    for wave, keys in pupils.items():
        others = set().union(*(pupils[other].keys() for other in pupils if other != wave))
        alone = [key for key in sorted(keys) if key not in others and key not in settled]
        if not alone:
            continue
        codes = [shown_code(spelled[key]) for key in alone if not UPN.match(key)]
        shown = f": {listed(codes, limit=_MOST_NAMED)}" if codes else ""
        many = len(keys) == fewest and len(alone) > _MANY * fewest
        mend = (
            f"{'In a trial they' if plan.is_trial else 'They'} stay on the list. If codes were typed differently, "
            "correct them. Otherwise there is nothing to do."
            if plan.has_groups
            else "Their change cannot be worked out. If codes were typed differently, correct them. Otherwise there is "
            "nothing to do: the report says how many there are."
        )
        if many:
            mend = (
                "These are very many, and their change cannot be worked out. Lay the class list beside the codes of "
                "both files before you go on: were codes typed in another way, were new codes handed out, or is a "
                "class missing? If they really answered only once, there is nothing to do."
            )
        problems.append(
            Problem(
                "warn", "only_in_one_wave", files[wave], mend,
                found=f"{len(alone)} of {counted(len(keys), 'pupil')} answered only in '{labels[wave]}'{shown}",
            )
        )  # fmt: skip
    return problems


def _near_codes(
    uploads: Sequence[Upload], pupils: dict[str, dict[str, str]], first: str, last: str, *, told: Collection[str]
) -> list[Problem]:
    """Codes in only one wave that are so alike that they may be the same pupil's."""
    before = sorted(key for key in pupils[first] if key not in pupils[last] and key not in told)
    after = sorted(key for key in pupils[last] if key not in pupils[first] and key not in told)
    spelled = _spelling(uploads)
    looked_at = frozenset[str]().union(*(upload.settled_codes for upload in uploads))
    problems: list[Problem] = []
    linked = [key for key in pupils[first] if key in pupils[last]]
    for old, new in _pairs(before, after, linked):
        if is_private(old) or is_private(new) or new in looked_at or old in looked_at:
            continue
        there, here = spelled[old], spelled[new]
        line = f"codes: {{{yaml_text(here)}: {yaml_text(there)}}}"
        problems.append(
            Problem(
                "ask", "codes_alike", pupils[last][new],
                "Is it the same pupil? Look at the class list. If so, correct the code. evalkit does not join them by "
                f"itself. Or write it in the mapping file of {pupils[last][new]}: {line}. If they are two pupils, "
                f"write that the code stays: codes: {{{yaml_text(here)}: {yaml_text(here)}}}.",
                found=f"The code {shown_code(here)} is almost {shown_code(there)} of {pupils[first][old]}",
                questions=(
                    Question(
                        f"Is {shown_code(here)} of {pupils[last][new]} the pupil {shown_code(there)} of "
                        f"{pupils[first][old]}?",
                        (
                            Choice("Yes: it is the same pupil", {"codes": {here: there}}),
                            Choice("No: they are two pupils", {"codes": {here: here}}),
                        ),
                    ),
                ),
            )
        )  # fmt: skip
    return problems


def _pairs(before: Sequence[str], after: Sequence[str], linked: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs that look alike, or differ by one slip of the finger, where each has no other partner.

    Among running numbers (P022, P052) one slip makes another pupil's code, so there it is no sign: a pair counts only
    when no other code of the evaluation is as near.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for key in after:
        alike[_look(key)].append(key)
    pairs = [(key, alike[_look(key)][0]) for key in before if len(alike.get(_look(key), ())) == 1]
    settled = {key for pair in pairs for key in pair}
    left = [key for key in before if key not in settled and len(key) > 2]
    right = [key for key in after if key not in settled and len(key) > 2]
    known = [*dict.fromkeys([*before, *after, *linked])]
    if not left or not right or (len(left) + len(right)) * len(known) > _MOST_COMPARED:
        return sorted(pairs)
    near_left, near_right = _neighbours(left, known), _neighbours(right, known)
    for old, neighbours in near_left.items():
        for new in neighbours:
            if len(neighbours) == 1 and near_right.get(new) == [old]:
                pairs.append((old, new))
    return sorted(pairs)


def _neighbours(keys: Sequence[str], known: Sequence[str]) -> dict[str, list[str]]:
    """For each key the other codes that one slip of the finger makes of it."""
    near = process.cdist(keys, known, scorer=DamerauLevenshtein.distance, score_cutoff=1, dtype=np.uint8) <= 1
    return {
        key: [other for other, is_near in zip(known, near[row].tolist(), strict=True) if is_near and other != key]
        for row, key in enumerate(keys)
    }


def _look(key: str) -> str:
    """The code as a hurried eye sees it: O is 0, I and l are 1, S is 5; no blanks, hyphens or leading noughts."""
    seen = "".join(normal(key).split()).translate(_LOOK_ALIKE)
    return seen.lstrip("0") or seen
