"""The sentence bank's front: results in, sentences out. Each topic's sentences stand in `words_TOPIC.py`."""

from evalkit.records.results import Results
from evalkit.report.numbers import count, known, share
from evalkit.report.rows import participation
from evalkit.report.words_change import Change, answer_sentence, changes
from evalkit.report.words_names import answered, asks_questions, opening

SYNTHETIC = "These data are made up."
FLOW_TITLES = {
    "all": "All {linked} pupils {answered} both times",
    "some": "{linked} of {all} pupils {answered} both times",
    "none": "No pupil could be matched across the two times",
}
LIKELY = (
    "The likely range is the range of changes that fit well with these {data} (a {level} confidence interval). Where "
    "it holds 0, both a rise and a fall fit."
)
WORTHWHILE = "Dashed: smallest change that matters, from the plan."
NO_WORTHWHILE = "The plan does not say how large a change would matter."


def answer(results: Results) -> str:
    """The answer in one sentence."""
    return answer_sentence(changes(results), few=few_pupils(results))


def few_pupils(results: Results) -> bool:
    """Whether the analysis found that few pupils answered both times."""
    return any(caveat.kind == "few_pupils" for caveat in results.caveats)


def report_title(results: Results) -> str:
    """The title of the report."""
    return results.plan.title


def report_subtitle(results: Results) -> str:
    """Programme, setting and year in one line."""
    programme = results.plan.programme
    name = "" if programme.name in results.plan.title else programme.name
    return opening(", ".join(part for part in (name, programme.setting, programme.year) if part))


def synthetic_banner(results: Results) -> str:
    """The warning that the data are made up, or an empty text."""
    data = results.plan.data
    if data is None or not data.synthetic:
        return ""
    return f"{SYNTHETIC} {data.synthetic.strip()}"


def flow_title(results: Results) -> str:
    """The finding of the flow figure."""
    numbers = participation(results)
    linked, everybody = numbers["linked"], numbers["linked"] + numbers["pre_only"] + numbers["post_only"]
    if not known(linked) or linked == 0:
        return FLOW_TITLES["none"]
    key = "all" if linked == everybody else "some"
    verb = answered(results) if asks_questions(results) else f"were {answered(results)}"
    return FLOW_TITLES[key].format(linked=count(linked), all=count(everybody), answered=verb)


def worthwhile_sentence(found: tuple[Change, ...]) -> str:
    """What the marks of the smallest worthwhile change are, or that there are none."""
    return WORTHWHILE if any(known(change.worthwhile) for change in found) else NO_WORTHWHILE


def likely_sentence(results: Results) -> str:
    """What the likely range is."""
    data = "answers" if asks_questions(results) else "numbers"
    return LIKELY.format(data=data, level=share(results.plan.conf_level))
