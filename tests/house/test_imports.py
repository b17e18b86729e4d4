"""Imports point down, the core never imports Django, and the command line starts without the heavy packages."""

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.api import use_cases
from importlinter.cli import lint_imports

import evalkit

PACKAGE = Path(evalkit.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
SLACK = 2  # the promise is 0.4 s of CPU on a quiet machine; a busy one counts more
POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
HEAVY = ("numpy", "pandas", "scipy", "matplotlib", "statsmodels", "pingouin", "linearmodels", "pyarrow")


def test_the_layers_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE.parent)
    assert use_cases is not None
    assert lint_imports(no_cache=True) == 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_private_name_crosses_a_module_and_windows_can_import_it(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:  # what needs POSIX imports it where it runs
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.partition(".")[0] for name in names} & POSIX, f"{path}: imports {names}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("evalkit"):
            private = [alias.name for alias in node.names if alias.name.startswith("_") and alias.name != "__version__"]
            assert not private, f"{path}: imports {private}"


@pytest.mark.parametrize("words", [["--help"], ["check", "--help"], ["--version"]])
def test_help_is_light(words: list[str]) -> None:
    script = (
        "import sys, resource\n"
        "from evalkit.cli import main\n"
        f"sys.argv = ['evalkit', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert "evalkit" in done.stdout
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert cpu < 0.4 * SLACK, f"{cpu:.2f} s of CPU"


def test_import_evalkit_is_light() -> None:
    script = f"import sys, evalkit\nassert not [name for name in {HEAVY!r} if name in sys.modules]"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
