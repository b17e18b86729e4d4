import stat
from pathlib import Path

import pytest

from evalkit.custody.keys import KeyRing, destroy_key, key_folder, make_key, read_keys
from evalkit.custody.pseudonyms import pseudonym, pseudonyms
from evalkit.errors import SpecError

CODES = [f"P{number:04d}" for number in range(500)]


def ring(tmp_path: Path, programme: str = "oakfield") -> KeyRing:
    return read_keys(programme, keys=tmp_path / "keys", data=tmp_path / "data")


def test_a_pseudonym_is_the_same_for_the_same_code_and_key(tmp_path: Path) -> None:
    key = make_key(ring(tmp_path))
    again = ring(tmp_path).newest
    assert again == key
    assert pseudonym("P001", key) == pseudonym(" p001 ", again) == pseudonym("Ｐ００１", key)
    assert pseudonym("P001", key) != pseudonym("P002", key)
    assert pseudonym("P001", key).startswith("p1-")
    assert len(set(pseudonyms(CODES, key).values())) == len(CODES)


def test_the_value_is_hmac_sha_256_and_nothing_else() -> None:
    """Worked out by the definition of HMAC (RFC 2104) with plain SHA-256."""
    import hashlib

    from evalkit.custody.keys import Key

    secret = bytes(range(32))
    block = secret + bytes(32)
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in block) + b"oakfield\np001").digest()
    number = int.from_bytes(hashlib.sha256(bytes(one ^ 0x5C for one in block) + inner).digest(), "big")
    alphabet, wanted = "23456789CDFHJKMNPRTVWXY", ""
    for _ in range(16):
        wanted += alphabet[number % 23]
        number //= 23
    assert pseudonym("P001", Key("oakfield", 3, secret)) == f"p3-{wanted}"


def test_two_programmes_cannot_be_joined(tmp_path: Path) -> None:
    ours, theirs = (make_key(ring(tmp_path, name)) for name in ("oakfield", "elmwood"))
    assert not set(pseudonyms(CODES, ours).values()) & set(pseudonyms(CODES, theirs).values())
    # not even when somebody copies the key
    copied = type(theirs)("elmwood", 1, ours.secret)
    assert {one[3:] for one in pseudonyms(CODES, ours).values()}.isdisjoint(
        one[3:] for one in pseudonyms(CODES, copied).values()
    )


def test_a_new_version_makes_others_and_the_old_one_still_finds_its_own(tmp_path: Path) -> None:
    first = make_key(ring(tmp_path))
    second = make_key(ring(tmp_path))
    assert (first.version, second.version) == (1, 2)
    assert ring(tmp_path).newest == second
    assert ring(tmp_path).keys == (first, second)
    assert pseudonym("P001", first)[3:] != pseudonym("P001", second)[3:]


def test_a_destroyed_key_is_gone_and_said_to_be(tmp_path: Path) -> None:
    key = make_key(ring(tmp_path))
    destroy_key(ring(tmp_path), 1)
    after = ring(tmp_path)
    assert (after.keys, after.destroyed) == ((), (1,))
    kept = b"".join(path.read_bytes() for path in (tmp_path / "keys").rglob("*") if path.is_file())
    assert key.secret.hex().encode() not in kept
    with pytest.raises(SpecError, match="version 1 was destroyed"):
        _ = after.newest
    with pytest.raises(SpecError, match="no key of version 1 to destroy"):
        destroy_key(after, 1)
    assert make_key(after).version == 2  # a version never comes back with another secret


def test_destroying_the_newest_does_not_bring_an_older_one_back(tmp_path: Path) -> None:
    make_key(ring(tmp_path))
    make_key(ring(tmp_path))
    destroy_key(ring(tmp_path), 2)
    with pytest.raises(SpecError, match="version 2 was destroyed"):
        _ = ring(tmp_path).newest


def test_a_destruction_that_was_broken_off_counts(tmp_path: Path) -> None:
    make_key(ring(tmp_path))
    path = tmp_path / "keys" / "oakfield" / "1.key"
    path.write_bytes(b"0" * path.stat().st_size)
    assert ring(tmp_path).destroyed == (1,)


def test_keys_never_lie_with_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match="Whoever has both"):
        read_keys("oakfield", keys=tmp_path / "data" / "keys", data=tmp_path / "data")
    monkeypatch.setenv("EVALKIT_KEYS", str(tmp_path / "elsewhere"))
    assert key_folder() == tmp_path / "elsewhere"
    monkeypatch.delenv("EVALKIT_KEYS")
    assert key_folder().name == "keys"


def test_nobody_else_may_read_a_key_and_it_is_never_printed(tmp_path: Path) -> None:
    key = make_key(ring(tmp_path))
    path = tmp_path / "keys" / "oakfield" / "1.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for shown in (repr(key), str(key), repr(ring(tmp_path))):
        assert key.secret.hex() not in shown
        assert repr(key.secret) not in shown


def test_a_damaged_key_is_no_key(tmp_path: Path) -> None:
    make_key(ring(tmp_path))
    (tmp_path / "keys" / "oakfield" / "1.key").write_text("abc")
    with pytest.raises(SpecError, match="this key is damaged"):
        ring(tmp_path)
    with pytest.raises(SpecError, match="there is none yet"):
        _ = ring(tmp_path, "elmwood").newest
