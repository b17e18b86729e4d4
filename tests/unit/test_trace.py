from evalkit.trace import save_trace


def fail_with(secret: str) -> None:
    raise KeyError(secret)


def test_the_note_names_places_and_no_values() -> None:
    notes = []
    for secret in ("A801200005001", "Sam"):
        try:
            fail_with(secret)
        except KeyError as error:
            notes.append(save_trace(error))
    codes = {code for code, _ in notes}
    text = notes[0][1].read_text(encoding="utf-8")
    assert len(codes) == 1
    assert "fail_with" in text
    assert "KeyError" in text
    assert "A801200005001" not in text
    assert "Sam" not in text
