"""Print: Thai set as Thai is written, the same bytes for the same data, no markup from data."""

from pathlib import Path

import pytest
import typst

from centres.common.pdf import FONTS, qr_svg, typeset

TEMPLATE = """#let data = json(bytes(sys.inputs.data))
#set page(width: 60mm, height: 30mm)
#set text(font: "Sarabun")
#data.name
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "page.typ").write_text(TEMPLATE)
    return tmp_path / "page.typ"


def ink_height(tmp_path: Path, text: str) -> float:
    """How tall the ink of a word is, in points, marks above and below included."""
    source = tmp_path / "measure.typ"
    source.write_text(
        '#set text(font: "Sarabun", size: 20pt, top-edge: "bounds", bottom-edge: "bounds")\n'
        f'#context [#metadata(measure("{text}").height.pt()) <height>]'
    )
    found = typst.query(
        str(source), "<height>", field="value", one=True, font_paths=[str(FONTS)],
        ignore_system_fonts=True,
    )  # fmt: skip
    return float(found)


@pytest.mark.parametrize(
    ("word", "vowel", "tone"),
    [("ที่", "ที", "ท่"), ("นี้", "นี", "น้"), ("มื้", "มื", "ม้"), ("ปู่", "ปู", "ป่"), ("ญู้", "ญู", "ญ้")],
)
def test_a_tone_stands_above_its_vowel_and_not_on_it(
    tmp_path: Path, word: str, vowel: str, tone: str
) -> None:
    whole = ink_height(tmp_path, word)
    assert whole > ink_height(tmp_path, vowel) + 1
    assert whole > ink_height(tmp_path, tone) + 1


def test_the_same_data_make_the_same_bytes(template: Path) -> None:
    data = {"name": "นางสาวขวัญข้าว ทองเนื้อดี"}
    assert typeset(template, data) == typeset(template, data)


def test_the_font_is_ours_and_in_the_file(template: Path) -> None:
    pdf = typeset(template, {"name": "ที่นั่งสอบ"})
    assert pdf.startswith(b"%PDF")
    assert b"Sarabun-Regular" in pdf


@pytest.mark.parametrize(
    "name", ["#panic()", "$x", "*bold", "]#[", "\\", '"', "// gone", "<label>"]
)
def test_no_name_is_taken_for_markup(template: Path, name: str) -> None:
    assert typeset(template, {"name": name}).startswith(b"%PDF")


def test_a_qr_code_scales_and_keeps_its_quiet_zone() -> None:
    svg = qr_svg("SNM1.4108261735.1." + "A" * 103)
    assert 'viewBox="0 0 ' in svg
    assert "width=" not in svg.split(">")[0]
    assert len(svg) < 12_000
