"""A brand file gives colours and a logo, and is refused when people could not read the result."""

import zipfile
from io import BytesIO
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evalkit.errors import ReportError
from evalkit.report.brand import DEFAULT_BRAND, DIVERGING, PALETTE, Brand, contrast, load_brand, mix
from evalkit.report.docx_file import reference_docx
from evalkit.report.docx_styles import RATINGS, TONES


def brand(folder: Path, text: str) -> Brand:
    path = folder / "_brand.yml"
    path.write_text(text, encoding="utf-8")
    return load_brand(path)


def test_a_full_file(tmp_path: Path):
    (tmp_path / "logo.png").write_bytes(b"png")
    found = brand(
        tmp_path,
        "meta:\n  name: Example Trust\ncolor:\n  palette: {navy: '#102A43'}\n  primary: navy\n  foreground: '#000000'\n"
        "logo: logo.png\n",
    )
    assert found == Brand(
        "Example Trust", "#102a43", "#000000", "#ffffff", ("logo.png", b"png", "Logo of Example Trust")
    )


def test_quartos_longer_forms(tmp_path: Path):
    (tmp_path / "a.svg").write_text("<svg/>")
    found = brand(tmp_path, "meta: {name: {full: Long Name, short: LN}}\nlogo: {medium: {path: a.svg, alt: Words}}\n")
    assert found.name == "Long Name"
    assert found.logo == ("logo.svg", b"<svg/>", "Words")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("color: {primary: teal}", "color.primary: found teal"),
        ("color: {primary: '#ffff00'}", "has a contrast of 1.1; text needs 4.5"),
        ("color: {foreground: '#999999'}", "ink #999999 on paper #ffffff has a contrast of 2.8"),
        ("logo: gone.png", "logo: found gone.png"),
        ("logo: ../x.png", "logo: found ../x.png"),
        ("color: [", "line 1: this YAML is broken"),
        ("- x", "expected keys"),
    ],
)
def test_refusals(tmp_path: Path, text: str, says: str):
    with pytest.raises(ReportError) as refused:
        brand(tmp_path, text)
    assert says in str(refused.value)


def test_contrast_against_published_values():
    # WCAG's own extremes, and the grey that its documents name as the lightest for text on white.
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


def test_the_default_look_can_be_read():
    colours = DEFAULT_BRAND.colours()
    for front in ("ink", "primary", "quiet"):
        for back in ("paper", "tint"):
            assert contrast(colours[front], colours[back]) >= 4.5
    assert all(contrast(ink, ground) >= 4.5 for ink, ground in TONES.values())
    assert all(contrast(ink, "#ffffff") >= 4.5 for ink in RATINGS.values())


def test_figure_colours_differ_in_lightness_and_stand_out():
    marks = [PALETTE[name] for name in ("primary", "teal", "purple", "grey")]
    assert all(contrast(mark, PALETTE["paper"]) >= 3 for mark in marks)  # WCAG 2.1, 1.4.11
    assert all(contrast(first, second) >= 1.25 for first, second in combinations(DIVERGING[:3], 2))
    assert all(contrast(first, second) >= 1.25 for first, second in combinations(DIVERGING[2:], 2))


def test_the_word_reference_is_well_formed_and_carries_the_brand():
    blue, green = Brand(), Brand(primary="#0b5b3b")
    assert reference_docx(blue) == reference_docx(Brand())
    assert reference_docx(blue) != reference_docx(green)
    with zipfile.ZipFile(BytesIO(reference_docx(green))) as file:
        for name in file.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(file.read(name))
        styles = file.read("word/styles.xml").decode()
        assert "0B5B3B" in styles
        assert styles.count('w:styleId="Heading1"') == 1
        assert 'w:val="en-GB"' in styles
        assert 'w:w="11906"' in file.read("word/document.xml").decode()
