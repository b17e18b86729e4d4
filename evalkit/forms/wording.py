"""Whether a questionnaire may be printed: only with wording that is shipped or that the user holds a licence for."""

from evalkit.errors import SpecError
from evalkit.records.form import Form


def refuse_without_wording(form: Form) -> None:
    """Raise SpecError naming every instrument of the form whose wording is not at hand."""
    bare = [f"{part.instrument} ({part.title})" for part in form.parts if not part.worded]
    if bare:
        raise SpecError(
            "The questionnaire cannot be printed: the wording of some questions is not in evalkit, because it belongs "
            "to its authors. The answer template can be made all the same.",
            problems=[
                f"{one}: write the items that the plan uses, if you hold a licence, into wording.yaml beside the plan."
                for one in bare
            ],
        )
