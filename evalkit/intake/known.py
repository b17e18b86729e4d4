"""What a header may mean: every name under which what the plan needs is known."""

import re
from collections import defaultdict
from collections.abc import Mapping as Names
from dataclasses import dataclass
from typing import Literal

from evalkit.intake.normal import code_of, header_forms, normal, opening, plain, rows_of_grid
from evalkit.intake.usual_names import (
    ARM_NAMES,
    CLASS_NAMES,
    FIRST_WAVE,
    FORM_NAMES,
    IDENTITY_NAMES,
    LAST_WAVE,
    PUPIL_NAMES,
    SCHOOL_NAMES,
    WAVE_NAMES,
)
from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument, ResponseScale
from evalkit.records.measure import Measure

Role = Literal[
    "item", "pupil", "wave", "characteristic", "school", "class", "arm", "compliance", "identity", "form"
]  # fmt: skip

_PUPIL_QUESTION = re.compile(
    r"^(?:please )?(?:(?:what(?: i| )?s|type|type in|enter|write|write in|add|give) )?(?:in )?(?:your|my|the|this) "
    r"(?:own |secret |unique |personal |survey |school )?"
    r"(?:pupil |student |participant |survey |child )?(?:code|id|number|id code|code number|pupil|student)$"
)
_TIMINGS = re.compile(r"grouptime\d+|\w+ (?:group|question) time .+")  # of LimeSurvey, for each page and question
_FORM_QUIZ = re.compile(r"^(?:points|feedback)\s*[-–—]\s*\S", re.IGNORECASE)


def form_name(header: str) -> str:
    """The name under which a survey tool's own column is known; LimeSurvey may write its text behind it."""
    code, whole = code_of(header), normal(header)
    if _TIMINGS.fullmatch(whole):
        return "interviewtime"
    return code if code in FORM_NAMES else whole or plain(header)  # Typeform heads its own number with #


def _asks_code(header: str) -> bool:
    """Whether the heading begins by asking for the pupil's code: 'Type in your code. It is on the card.'"""
    first = opening(header)
    return bool(_PUPIL_QUESTION.match(first)) or (first in PUPIL_NAMES and "code" in first)


@dataclass(frozen=True, slots=True)
class Known:
    """The names under which everything that the plan needs is known.

    Attributes
    ----------
    items : normalised header -> all items it may mean, as instrument.item; one only where it is clear
    needed : the items that the plan needs, in order
    needed_at : wave -> the items that a file of this wave must hold
    scales : questionnaire's id -> the answers that most of its questions have
    order : questionnaire's id -> all its items in order, as instrument.item; measures are not here
    instruments : normalised name -> questionnaire's id, where only one has this name
    titles : instrument id -> title
    measured : item of a measure -> the waves at which it is taken
    measure_waves : normalised header and item of a measure -> the waves that this header stands for
    measure_headers : item of a measure and wave -> the headings that the plan names
    places : normalised header -> what it says of the trial: ("school" | "class" | "arm", "") or ("compliance", id)
    pupil : normalised headers that the plan names for the pupil code
    characteristics : normalised header -> id
    waves : normalised name -> wave id
    names : item -> how a person calls it: its short label
    usual_places : headers that schools usually write for school, class and arm; empty where the plan is no trial and
        nobody said which school sends the file
    """

    items: Names[str, tuple[str, ...]]
    needed: tuple[str, ...]
    needed_at: Names[str, tuple[str, ...]]
    scales: Names[str, ResponseScale]
    order: Names[str, tuple[str, ...]]
    instruments: Names[str, str]
    titles: Names[str, str]
    measured: Names[str, tuple[str, ...]]
    measure_waves: Names[tuple[str, str], tuple[str, ...]]
    measure_headers: Names[tuple[str, str], tuple[str, ...]]
    places: Names[str, tuple[Role, str]]
    pupil: frozenset[str]
    characteristics: Names[str, str]
    waves: Names[str, str]
    names: Names[str, str]
    usual_places: Names[str, Role]

    def needed_of(self, instrument: str) -> tuple[str, ...]:
        """The items that the plan needs from one instrument."""
        return tuple(item for item in self.needed if item.partition(".")[0] == instrument)

    @property
    def asked(self) -> tuple[str, ...]:
        """The items that the plan needs from questionnaires."""
        return tuple(item for item in self.needed if item not in self.measured)

    def headings(self, item: str, wave: str) -> list[str]:
        """The headings of a measure at a wave, as a message may show them: the plan's own, else its label."""
        own = self.measure_headers.get((item, wave), ())
        return [f"'{header}'" for header in own] or [f"'{self.names[item]}'"]

    def wave_meant(self, header: str, item: str) -> str:
        """The one wave that a header of a measure stands for; "" where it may stand for several, or is no measure."""
        for form in header_forms(header):
            waves = self.measure_waves.get((form, item), ())
            if len(waves) == 1:
                return waves[0]
        return ""

    def roles(self, header: str) -> list[tuple[Role, str]]:
        """Everything that a header may mean by itself, best first: (role, what)."""
        if _FORM_QUIZ.match(header.strip()):
            return [("form", "")]
        found: list[tuple[Role, str]] = []
        forms = header_forms(header)
        if any(form in self.pupil for form in forms):
            return [("pupil", "")]
        for form in forms:
            found.extend(("item", item) for item in self.items.get(form, ()))
            if form in self.characteristics:
                found.append(("characteristic", self.characteristics[form]))
            if form in self.places:
                found.append(self.places[form])
            if found:
                return found
        for row in rows_of_grid(header):
            if row in self.items:
                return [("item", item) for item in self.items[row]]
        if any(form in PUPIL_NAMES or _PUPIL_QUESTION.match(form) for form in forms) or _asks_code(header):
            found.append(("pupil", ""))
        whole = form_name(header)
        if whole in WAVE_NAMES:
            found.append(("wave", ""))
        if any(form.rstrip("0123456789 ") in IDENTITY_NAMES for form in forms):  # Forms writes a second Name as Name2
            found.append(("identity", ""))
        if whole in FORM_NAMES or whole.rstrip("0123456789") in FORM_NAMES:
            found.append(("form", ""))
        if not found and whole in self.usual_places:
            found.append((self.usual_places[whole], ""))
        return found

    def split_wave(self, header: str) -> tuple[str, str]:
        """A header that begins or ends with a wave's name, such as 'q1 (before)': the wave and the rest."""
        words = normal(header).split()
        for size in (3, 2, 1):
            if len(words) <= size:
                continue
            for mark, rest in ((words[:size], words[size:]), (words[-size:], words[:-size])):
                wave = self.waves.get(" ".join(mark))
                if wave:
                    return wave, " ".join(rest)
        return "", header


def known_names(study: Study, *, with_school: bool = False) -> Known:
    """Collect every name from the plan, its instruments and the user's own wording.

    Parameters
    ----------
    with_school : whether columns with the school and the class count in a plan that is no trial, too
    """
    items: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    order: dict[str, tuple[str, ...]] = {}
    needed: list[str] = []
    titles: dict[str, set[str]] = defaultdict(set)
    questionnaires = [one for one in study.instruments if not one.is_measure]
    ids = [item.id for instrument in questionnaires for item in instrument.items]
    measures = {one.id: one for one in _measures(study)}
    for instrument in study.instruments:
        if instrument.id in measures:
            measure = measures[instrument.id]
            needed.append(measure.item)
            names[measure.item] = measure.label
            for form in _measure_forms(measure):
                items[form].append(measure.item)
            continue
        own = study.wording.get(instrument.id)
        needed += [f"{instrument.id}.{item}" for item in study.items(instrument.id)]
        order[instrument.id] = tuple(f"{instrument.id}.{item.id}" for item in instrument.items)
        for name in _names_of(instrument, study):
            titles[normal(name)].add(instrument.id)
        for item in instrument.items:
            target = f"{instrument.id}.{item.id}"
            names[target] = item.label
            joined = instrument.id.replace("_", "")  # LimeSurvey allows no underscore in the code of a question
            forms = [target, f"{instrument.id}{item.id}", f"{joined}{item.id}", f"{joined} {item.id}"]
            forms += [f"{instrument.title} {item.id}", item.label, item.text or ""]
            forms += [own.items.get(item.id, "")] if own else []
            # A bare number such as q3 is left to the columns beside it: it may be the third question of a short form.
            forms += [item.id] if ids.count(item.id) == 1 and not re.fullmatch(r"q?\d+", item.id) else []
            for form in dict.fromkeys(
                key for text in forms if text for key in (normal(text), *header_forms(text)[-1:])
            ):
                if form and target not in items[form]:
                    items[form].append(target)
    return Known(
        items={form: _prefer_needed(targets, needed) for form, targets in items.items()},
        needed=tuple(needed),
        needed_at={wave.id: study.items_at(wave.id) for wave in study.plan.waves},
        scales={one.id: one.responses[one.default_response] for one in questionnaires},
        order=order,
        instruments={name: min(ids) for name, ids in titles.items() if name and len(ids) == 1},
        titles={instrument.id: instrument.title for instrument in study.instruments},
        measured={one.item: tuple(one.waves) for one in measures.values()},
        measure_waves={
            (form, one.item): waves for one in measures.values() for form, waves in _measure_forms(one).items()
        },
        measure_headers={(one.item, wave): headers for one in measures.values() for wave, headers in one.waves.items()},
        places=_places(study),
        pupil=frozenset(form for header in study.plan.pupil_headers for form in header_forms(header)),
        characteristics=_characteristics(study),
        waves=wave_names(study),
        names=names,
        usual_places=_usual_places(study) or (_of_one_school() if with_school else {}),
    )


def _measures(study: Study) -> list[Measure]:
    """The plan's measures that an outcome or a baseline uses."""
    used = {one.id for one in study.instruments}
    return [one for one in study.plan.measures if one.id in used]


def _measure_forms(measure: Measure) -> dict[str, tuple[str, ...]]:
    """Normalised header -> the waves it stands for: the plan's headers for these waves, id and label for all."""
    found: dict[str, tuple[str, ...]] = {}
    for wave, headers in measure.waves.items():
        for form in {key for header in headers for key in (normal(header), *header_forms(header)[-1:])}:
            found[form] = (*found.get(form, ()), wave)
    for name in (measure.id, measure.label, measure.item):
        found.setdefault(normal(name), tuple(measure.waves))
    return found


def _places(study: Study) -> dict[str, tuple[Role, str]]:
    """What the plan's own headers say of the trial."""
    trial = study.plan.groups
    if trial is None:
        return {}
    found: dict[str, tuple[Role, str]] = {}
    columns: list[tuple[Role, tuple[str, ...]]] = [
        ("school", trial.school.headers),
        ("class", trial.class_.headers if trial.class_ else ()),
        ("arm", trial.allocation.headers),
    ]
    for role, headers in columns:
        for header in headers:
            found.setdefault(normal(header), (role, ""))
    for one in trial.compliance:
        for name in (*one.headers, one.id, one.label):
            found.setdefault(normal(name), ("compliance", one.id))
    return found


def _usual_places(study: Study) -> dict[str, Role]:
    if study.plan.groups is None:
        return {}
    found: dict[str, Role] = {}
    names: list[tuple[Role, frozenset[str]]] = [("school", SCHOOL_NAMES), ("arm", ARM_NAMES)]
    if study.plan.groups.class_:
        names.append(("class", CLASS_NAMES))
    for role, usual in names:
        found |= dict.fromkeys(sorted(usual), role)
    return found


def _of_one_school() -> dict[str, Role]:
    """A school that sends its own file may say in it which school it is, and who is in which class."""
    return {**dict.fromkeys(sorted(CLASS_NAMES), "class"), **dict.fromkeys(sorted(SCHOOL_NAMES), "school")}


def _names_of(instrument: Instrument, study: Study) -> list[str]:
    """How people call a questionnaire: id, title, its abbreviation, and the outcome it measures."""
    outcomes = [outcome for outcome in study.plan.outcomes if outcome.instrument == instrument.id]
    return [
        instrument.id,
        instrument.id.replace("_", ""),
        instrument.id.rstrip("0123456789"),
        instrument.id.partition("_")[0].rstrip("0123456789"),
        instrument.title,
        re.sub(r"\(.*?\)", "", instrument.title),
        *re.findall(r"\((.+?)\)", instrument.title),
        instrument.construct_,
        *(name for outcome in outcomes for name in (outcome.id, outcome.label)),
    ]


def _prefer_needed(targets: list[str], needed: list[str]) -> tuple[str, ...]:
    wanted = tuple(target for target in targets if target in needed)
    return wanted or tuple(targets)


def _characteristics(study: Study) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in (*study.plan.pupil_facts, *study.plan.school_facts):
        for name in (*one.headers, one.id, one.label):
            for form in header_forms(name):
                found.setdefault(form, one.id)
    return found


def wave_names(study: Study) -> dict[str, str]:
    """Normalised name -> wave id: ids, labels and, where there are two waves, the usual words for before and after."""
    waves = study.plan.waves
    names: dict[str, str] = {}
    if len(waves) == 2:
        names |= dict.fromkeys(FIRST_WAVE, waves[0].id)
        names |= dict.fromkeys(LAST_WAVE, waves[1].id)
    for wave in waves:
        names[normal(wave.id)] = wave.id
        names[normal(wave.label)] = wave.id
    return names
