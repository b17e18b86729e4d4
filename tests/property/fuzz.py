"""Coverage-guided mutations of survey files by atheris: `python tests/property/fuzz.py -runs=20000 -seed=1`.

Options are those of libFuzzer, on which it stands. It begins with the files of `mutations.starts`, keeps what reaches
new lines of the readers, and goes on from there; within a workbook it changes one part and packs it again, for a
changed zip is only a broken one. Whatever raises, or takes more than ten seconds, ends it with an exit code and is kept
under the name that it prints. `mutations.log` tells what was run. Needs the extra `fuzz`, on Linux.
"""

import io
import lzma
import random
import struct
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from types import ModuleType

import atheris

ROOT = Path(__file__).parent.parent.parent
LARGEST = 60_000
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, LookupError, OSError, RuntimeError,
          ValueError)  # the ways in which zipfile says that an archive is none  # fmt: skip
ours = ModuleType("tests")  # other packages install a top-level `tests` too; ours must be the one that is found
ours.__path__ = [str(ROOT / "tests")]
sys.modules["tests"] = ours

with atheris.instrument_imports(include=["evalkit.intake"]):
    from evalkit.intake import read
    from evalkit.intake.read_workbook import gathered
    from evalkit.intake.sealed.workbook import workbook_messages
    from tests.property.calm import make_study
    from tests.property.mutations import packed, starts
    from tests.property.test_mutations import ending_of


def mutator(content: bytes, largest: int, seed: int) -> bytes:
    """One change: in a part of an archive, or anywhere."""
    chance = random.Random(seed)
    if content.startswith(b"PK") and chance.random() < 0.9:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                parts = {name: archive.read(name) for name in archive.namelist()}
        except BROKEN:
            return atheris.Mutate(content, largest)
        if parts:
            name = chance.choice(list(parts))
            parts[name] = atheris.Mutate(parts[name], max(len(parts[name]), 64) + 64)
            return packed(parts)[:largest]
    return atheris.Mutate(content, largest)


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    read.read_workbook = lambda data, kind: gathered(workbook_messages(data, kind))  # in this process: all is seen
    folder = Path(tempfile.mkdtemp(prefix="evalkit-fuzz-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, (name, content) in enumerate(dict.fromkeys(starts())):
        (corpus / f"{number:03}-{name}").write_bytes(content)
    study = make_study(folder / "plan", items=8)
    path = folder / "fuzzed.csv"  # the content decides what it is

    def one(content: bytes) -> None:
        ending_of(content, path, study, "fuzz")

    options = ["-timeout=10", f"-max_len={LARGEST}", f"-artifact_prefix={folder}/", "-rss_limit_mb=2500"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:], str(corpus)], one, custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
