"""The questions as plain text, to paste into Microsoft Forms or Google Forms."""

from evalkit.forms.answer_template import answers_of, headings_of
from evalkit.forms.wording import refuse_without_wording
from evalkit.records.form import Form

INTRODUCTION = (
    "To paste into Microsoft Forms (New form, Quick import) or Google Forms (one question at a time).",
    "Make every question a choice with one answer. Keep the wording and the order of answers as they are.",
)


def questions_text(form: Form) -> str:
    """The whole questionnaire as text: the question, then its answers on lines of their own.

    Raises
    ------
    SpecError
        An instrument's wording is withheld and the user's `wording.yaml` does not give it.
    """
    refuse_without_wording(form)
    lines = [*INTRODUCTION, "", f"0. {form.pupil_header}", "   (text)", ""]
    headings = iter(headings_of(form))
    for part in form.parts:
        if part.stem:
            lines += [part.stem, ""]
        for question in part.questions:
            lines.append(next(headings))
            lines += [f"   {answer}" for answer in answers_of(question)]
            lines.append("")
    return "\n".join(lines)
