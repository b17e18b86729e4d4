from evalkit.progress import reporting_to, tick, track


def test_ticks_go_to_the_sink_of_the_block_and_nowhere_after_it() -> None:
    seen: list[tuple[str, int, int]] = []
    tick("before", 1, 1)
    with reporting_to(lambda label, done, total: seen.append((label, done, total))):
        assert list(track("ab", "letters", total=2)) == ["a", "b"]
    tick("after", 1, 1)
    assert seen == [("letters", 0, 2), ("letters", 1, 2), ("letters", 2, 2)]
