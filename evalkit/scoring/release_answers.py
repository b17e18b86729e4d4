"""The answers of a release, checked against the plan's questionnaires."""

from evalkit.errors import DesignError
from evalkit.records.evaluation import Study
from evalkit.records.release import Release
from evalkit.scoring.answers import read_answers
from evalkit.scoring.rules import Answers


def release_answers(release: Release, study: Study) -> dict[str, dict[str, Answers]]:
    """Every answer that the plan needs: questionnaire id to item id to the answers, in the order of the responses.

    Raises
    ------
    DesignError
        The release was made with another version or another answer scale of a questionnaire than the plan now names, or
        it holds no answers to an item that the plan needs.
    SpecError
        Answers lie outside the answer scale or are not whole numbers (columns and counts are named, pupils never).
    """
    _refuse_other_versions(release, study)
    _refuse_missing_items(release, study)
    return {
        one.id: read_answers(
            release.responses,
            one,
            items=study.items(one.id),
            columns={item: f"{one.id}.{item}" for item in study.items(one.id)},
        )
        for one in study.instruments
        if not one.is_measure
    }


def _refuse_other_versions(release: Release, study: Study) -> None:
    released = release.manifest.instruments
    problems: list[str] = []
    for instrument in study.instruments:
        if instrument.identity in released:
            continue
        others = [one for one in released if one.split("@")[0] == instrument.id]
        if others:
            problems.append(
                f"{instrument.id}: the release was made with {' and '.join(others)}, the plan now names "
                f"{instrument.identity}. Answers to two versions or answer scales are never mixed: use the version of "
                "the release, or make a new release from the survey files."
            )
        else:
            problems.append(
                f"{instrument.id}: the release holds no answers to it (it holds {', '.join(released) or 'none'}). "
                "Make a new release with this plan."
            )
    if problems:
        raise DesignError("The release does not fit the plan's questionnaires.", problems=problems)


def _refuse_missing_items(release: Release, study: Study) -> None:
    needed = [f"{one.id}.{item}" for one in study.instruments for item in study.items(one.id)]
    missing = [name for name in needed if name not in release.responses.columns]
    if missing:
        raise DesignError(
            f"The release has no column for {', '.join(missing)}, which the plan needs. "
            "Make a new release with this plan."
        )
