"""Files side by side: who is in which wave, and whether they belong together."""

import pytest

from evalkit.intake.linking import link_problems


@pytest.fixture
def pair(desk):
    """Check two lists of codes as before and after; answers after are other answers unless `same`."""

    def make(before, after, *, same=False):
        uploads = []
        for wave, codes in (("pre", before), ("post", after)):
            shift = 0 if same or wave == "pre" else 1
            rows = [desk.table()[0], *([code, *desk.expected(60)[place + shift]] for place, code in enumerate(codes))]
            uploads.append(desk.check(rows, name=f"{wave}.csv", wave=wave))
        return link_problems(uploads, desk.study())

    return make


def _kinds(problems):
    return [(problem.severity, problem.kind) for problem in problems]


CODES = ["AX7Q", "BR2M", "CT9W", "DV4K", "EW8N"]


def test_all_linked(pair) -> None:
    assert pair(CODES, CODES) == ()


def test_54_pupils_in_one_wave_only_are_counted_and_listed(pair) -> None:
    problems = pair([*CODES, "FZ3H"], [*CODES, "GG6T", "HH9R"])
    assert _kinds(problems) == [("warn", "only_in_one_wave")] * 2
    assert "2 of 7 pupils answered only in 'Summer term': 'GG6T' and 'HH9R'" in problems[1].message
    assert "1 of 6 pupils answered only in 'Autumn term': 'FZ3H'" in problems[0].message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("KL014", "KLO14"), ("KI7", "Kl7"), ("5A9", "SA9"), ("007", "7"), ("KL-014", "KL014"), ("FZ3H", "FZ3HH"),
        ("FZ3H", "ZF3H"),
    ],
)  # fmt: skip
def test_55_alike_codes_are_suggested_never_joined(pair, before, after) -> None:
    problems = pair([*CODES, before], [*CODES, after])
    alike = [problem for problem in problems if problem.kind == "codes_alike"]
    assert len(alike) == 1
    assert alike[0].severity == "ask"
    assert f"codes: {{'{after}': '{before}'}}" in alike[0].message
    assert sum(problem.kind == "only_in_one_wave" for problem in problems) == 2


@pytest.mark.parametrize(
    ("after", "words", "example"),
    [
        ([f"{number}" for number in range(1, 31)], "only by zeros in front", "codes: {'1': '001', '2': '002', "),
        (
            [*(f"{number:03}" for number in range(1, 20)), *(f"0-{number}" for number in range(20, 31))],
            "only by hyphens",
            "codes: {'0-20': '020', ",
        ),
    ],
)
def test_many_codes_spelled_differently_are_one_question(pair, after, words, example) -> None:
    problems = pair([f"{number:03}" for number in range(1, 31)], after)
    assert _kinds(problems) == [("ask", "codes_spelled_differently")]
    assert words in problems[0].message
    assert example in problems[0].message


def test_few_codes_spelled_differently_are_one_warning(pair) -> None:
    codes = [f"K{number:03}" for number in range(1, 31)]
    problems = pair(codes, [*codes[:28], "K29", "K30"])
    assert ("warn", "codes_spelled_differently") in _kinds(problems)
    assert all(problem.severity == "warn" for problem in problems)


def test_very_many_pupils_in_one_wave_only_are_said_strongly(pair) -> None:
    problems = pair([*CODES, "FZ3H", "QQ1Z"], [*CODES, "GG6T", "HH9R"])
    assert all("These are very many" in problem.message for problem in problems)
    few = pair([f"P{number:03}" for number in range(1, 31)], [f"P{number:03}" for number in range(1, 29)])
    assert "very many" not in few[0].message


def test_addresses_as_codes_are_never_shown(pair) -> None:
    problems = pair([*CODES, "ann.o@school.org"], [*CODES, "anno@school.org"])
    assert all("school.org" not in problem.message for problem in problems)


def test_55_running_numbers_are_not_suggested(pair) -> None:
    codes = [f"P{number:03}" for number in range(1, 31)]
    problems = pair([*codes, "P041"], [*codes, "P031"])
    assert "codes_alike" not in [problem.kind for problem in problems]


def test_capitals_make_no_difference(pair) -> None:
    assert pair(CODES, [code.lower() for code in CODES]) == ()


def test_no_linked_pupils(pair) -> None:
    problems = pair(CODES, ["V111", "W222", "X333"])
    assert _kinds(problems)[0] == ("error", "no_linked_pupils")
    assert "same codes" in problems[0].message


def test_one_linked_pupil(pair) -> None:
    assert _kinds(pair(CODES, ["V111", "W222", CODES[0]]))[0] == ("error", "one_linked_pupil")


def test_66_same_file_as_before_and_after(pair) -> None:
    assert _kinds(pair(CODES, CODES, same=True)) == [("ask", "same_file_twice")]


def test_66_same_answers_in_two_files(pair) -> None:
    assert _kinds(pair(CODES, CODES[:4], same=True))[0] == ("ask", "same_answers_twice")


def test_wave_without_answers(desk) -> None:
    upload = desk.check(desk.table(), wave="pre")
    problems = link_problems([upload], desk.study())
    assert _kinds(problems) == [("error", "wave_without_answers")]
    assert "'Summer term'" in problems[0].message


def test_pupil_in_two_files_of_one_wave(desk) -> None:
    first = desk.check(desk.table(4), name="7A.csv", wave="pre")
    second = desk.check(
        [desk.table()[0], ["P002", 1, 2, 3, 4, 5, 1, 2, 3], ["P900", *[1] * 7, 2]], name="7B.csv", wave="pre"
    )
    after = desk.check(
        [desk.table()[0], *([f"P00{n}", *desk.expected()[n]] for n in range(1, 5))], name="post.csv", wave="post"
    )
    problems = link_problems([first, second, after], desk.study())
    assert _kinds(problems)[0] == ("error", "pupil_in_two_files")
    assert "'P002'" in problems[0].message


def test_upns_are_never_shown(pair) -> None:
    upns = [f"B80120000500{number}" for number in range(5)]
    problems = pair([*CODES, *upns], [*CODES, "B8012OOOO5009"])
    assert all("B8012000" not in problem.message for problem in problems)


def test_no_files(desk) -> None:
    assert _kinds(link_problems([], desk.study())) == [("error", "wave_without_answers")]
