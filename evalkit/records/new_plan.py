"""Write a commented evaluation plan for a person to fill in."""

import re
import zlib
from pathlib import Path

from evalkit.errors import SpecError
from evalkit.records.evaluation import EVALUATION_FILE, Design

PLANS = Path(__file__).parent / "plans"


def write_plan(name: str, *, design: Design, folder: Path) -> Path:
    """Make a folder with a commented `evaluation.yaml`.

    Parameters
    ----------
    name : the evaluation's id: small letters, digits and hyphens; also the folder's name
    design : the study design
    folder : where the new folder is made

    Returns
    -------
    Path - of the plan

    Raises
    ------
    SpecError
        The name is not an id, or there is a plan already; an existing plan is never overwritten.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", name):
        raise SpecError(
            f"'{name}' cannot be an evaluation's id. Use small letters, digits and hyphens, as in oakfield-resilience."
        )
    path = folder / name / EVALUATION_FILE
    if path.exists():
        raise SpecError(f"{path}: there is a plan already. Choose another name, or edit that plan.")
    template = (PLANS / f"{design}.yaml").read_text(encoding="utf-8")
    title = name.replace("-", " ").capitalize()
    (path.parent / "data").mkdir(parents=True, exist_ok=True)
    path.write_text(template.format(id=name, title=title, seed=zlib.crc32(name.encode())), encoding="utf-8")
    return path
