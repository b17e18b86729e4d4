from pathlib import Path

import pandas as pd
import pytest

from evalkit.custody.codebook import META_COLUMNS, codebook, open_data_metadata
from evalkit.custody.release import load_release, make_release
from evalkit.errors import SpecError
from evalkit.records.evaluation import Study, load_evaluation
from evalkit.road import release_files

from .test_release import POST, PRE, upload

ROOT = Path(__file__).parent.parent.parent.parent


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_every_column_of_a_release_is_explained(study: Study, tmp_path: Path) -> None:
    made = make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "release")
    book = read(tmp_path / "release" / "codebook.csv").set_index(["table", "column"])
    columns = [("responses", one) for one in made.responses] + [("roster", one) for one in made.roster]
    assert list(book.index) == columns
    assert (book["meaning"] != "").all()
    item = book.loc[("responses", "tiny4.q2")]
    assert item["values"] == "1 = Never; 2 = Rarely; 3 = Sometimes; 4 = Often; 5 = Always"
    assert item["label"] == "Gives up soon"
    assert "not reversed" in item["meaning"]
    assert book.loc[("responses", "wave"), "values"].startswith("pre = ")
    assert book.loc[("roster", "in_pre"), "type"] == "true or false"


def test_the_metadata_pass_the_checks_of_the_open_data_screener(study: Study, tmp_path: Path) -> None:
    """The rules that the DfE's screener applies to a .meta.csv, written from its documentation."""
    made = make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "release")
    for name, table in (("responses", made.responses), ("roster", made.roster)):
        meta = read(tmp_path / "release" / f"{name}.meta.csv")
        assert tuple(meta.columns) == META_COLUMNS
        assert meta["col_name"].tolist() == list(table.columns)
        assert meta["col_name"].is_unique
        assert not meta["col_name"].str.contains(" ").any()
        assert set(meta["col_type"]) <= {"Filter", "Indicator"}
        assert meta["label"].is_unique
        assert (meta["label"] != "").all()
        filters, indicators = (meta[meta["col_type"] == kind] for kind in ("Filter", "Indicator"))
        assert (filters[["indicator_grouping", "indicator_unit", "indicator_dp"]] == "").all(axis=None)
        assert (indicators["filter_hint"] == "").all()
        assert indicators["indicator_dp"].str.fullmatch(r"\d+").all()


def test_the_documents_are_part_of_the_folder_but_not_of_its_identity(study: Study, tmp_path: Path) -> None:
    made = make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "release")
    assert made.manifest.documents is not None
    assert [one.name for one in made.manifest.documents] == ["codebook.csv", "responses.meta.csv", "roster.meta.csv"]
    (tmp_path / "release" / "codebook.csv").write_text("nothing")
    with pytest.raises(SpecError, match="damaged"):
        load_release(tmp_path / "release")


@pytest.mark.parametrize("name", ["keyham-resilience", "eal-mainstream-classroom"])
def test_the_examples_have_a_whole_codebook(name: str, tmp_path: Path) -> None:
    study = load_evaluation(ROOT / "analyses" / name)
    assert study.plan.data is not None
    made = release_files(study, study.plan.data.files, to=tmp_path / "release")
    tables = {"responses": made.responses, "roster": made.roster, "schools": made.schools}
    book = codebook(tables, study)
    assert len(book) == sum(len(table.columns) for table in tables.values())
    assert (book["meaning"].str.len() > 5).all()
    for table in tables.values():
        assert open_data_metadata(table, study)["label"].is_unique
