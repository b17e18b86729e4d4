"""A questionnaire as it is put before pupils: questions in order, with the answers that may be given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.errors import SpecError
from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument
from evalkit.records.wording import ItemWording

MAP_SHEET = "evalkit map"  # the hidden sheet of an answer template: which column is which item
MAP_HEADER = ("Heading", "Meaning")


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes
    ----------
    target : instrument.item, the name of its column in every table
    text : its wording; our own short label where the wording is withheld
    answers : code -> label, lowest first; the code as text where the answer has no label
    """

    target: str
    text: str
    answers: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class FormPart:
    """The questions of one instrument, in the order of the questionnaire.

    Attributes
    ----------
    instrument : its id
    title : shown to whoever types the answers in, never to pupils
    stem : what stands above the questions, where it may be shipped
    questions : the questions
    worded : whether every question carries its wording and not only our label
    """

    instrument: str
    title: str
    stem: str
    questions: tuple[Question, ...]
    worded: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A questionnaire made of several instruments.

    Attributes
    ----------
    title : what stands at its head
    pupil_header : the heading of the column with the pupils' codes
    parts : one for each instrument
    details : headings of further columns that the plan wants: facts about pupils, numbers of tests
    """

    title: str
    pupil_header: str
    parts: tuple[FormPart, ...]
    details: tuple[str, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, in order."""
        return tuple(question for part in self.parts for question in part.questions)


def form_of_study(study: Study) -> Form:
    """The questionnaire of an evaluation: every item that its outcomes need, measures left out."""
    asked = [one for one in study.instruments if not one.is_measure]
    if not asked:
        raise SpecError(f"{study.plan.id}: the plan names no questionnaire, so there is no form to make.")
    parts = tuple(form_part(one, items=study.items(one.id), own=study.wording.get(one.id)) for one in asked)
    headers = study.plan.pupil_headers
    return Form(study.plan.programme.name, headers[0] if headers else "Pupil code", parts)


def form_of_wave(study: Study, wave: str) -> Form:
    """What a file of one wave must hold: the questions of that wave, facts about pupils, and numbers of tests."""
    needed = set(study.items_at(wave))
    parts: list[FormPart] = []
    for one in study.instruments:
        items = [item for item in study.items(one.id) if f"{one.id}.{item}" in needed]
        if items and not one.is_measure:
            parts.append(form_part(one, items=items, own=study.wording.get(one.id)))
    plan = study.plan
    class_ = plan.groups.class_ if plan.groups else None
    details = [(class_.headers or ("Class",))[0]] if class_ else []
    details += [(fact.headers or (fact.label,))[0] for fact in plan.pupil_facts if fact.id != "school"]
    details += [(one.waves[wave] or (one.label,))[0] for one in plan.measures if one.item in needed]
    headers = plan.pupil_headers
    return Form(plan.programme.name, headers[0] if headers else "Pupil code", tuple(parts), tuple(details))


def form_of_instruments(instruments: Sequence[Instrument], *, title: str = "Questionnaire") -> Form:
    """A questionnaire of whole instruments."""
    parts = tuple(form_part(one, items=[item.id for item in one.items], own=None) for one in instruments)
    return Form(title, "Pupil code", parts)


def form_part(instrument: Instrument, *, items: Sequence[str], own: ItemWording | None) -> FormPart:
    """The questions of one instrument: its own wording, else the user's, else our labels."""
    texts = own.items if own is not None else {}
    questions: list[Question] = []
    worded = True
    for name in items:
        item, scale = instrument.item(name), instrument.response_of(name)
        text = item.text or texts.get(name)
        worded = worded and text is not None
        labels = {code: scale.anchors.get(code, str(code)) for code in scale.values}
        questions.append(Question(f"{instrument.id}.{name}", text or item.label, labels))
    return FormPart(instrument.id, instrument.title, instrument.stem or "", tuple(questions), worded)
