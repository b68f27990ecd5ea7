"""Print: one Typst template and its data make one PDF.

Typst shapes Thai (marks above marks, words broken by dictionary) and needs nothing of the machine:
the fonts are ours, so the same data give the same bytes everywhere. Data reach the template as
values, never as markup, so no name can change the page.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

FONTS = Path(settings.BASE_DIR) / "config" / "static" / "fonts"
NO_MOMENT = 0  # kept out of the file, so that the same data give the same bytes


def typeset(template: Path, data: Mapping[str, Any]) -> bytes:
    """The PDF of `template` filled with `data` (JSON values), which it finds in sys.inputs.data."""
    pdf: bytes = typst.compile(
        str(template),
        root=str(template.parent),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        timestamp=NO_MOMENT,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, cls=DjangoJSONEncoder)},
    )
    return pdf


def qr_svg(text: str) -> str:
    """A QR code as SVG, with its quiet zone of four modules; readable with a seventh worn away."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawn, kind="svg", border=4, xmldecl=False, omitsize=True, light="#fff"
    )
    return drawn.getvalue().decode()
