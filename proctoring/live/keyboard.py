"""What a scanner or a person typed, read past a Thai keyboard layout.

A scanner types by key, so with the Thai layout active digits arrive as Thai letters.
Layout: TIS 820-2538 (Kedmanee), key by key.
"""

import re
from typing import Final

_LATIN: Final = (
    "1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?"
)
_THAI: Final = 'ๅ/-ภถุึคตจขชๆไำพะัีรนยบลฃฟหกดเ้่าสวงผปแอิืทมใฝ+๑๒๓๔ู฿๕๖๗๘๙๐"ฎฑธํ๊ณฯญฐ,ฅฤฆฏโฌ็๋ษศซ.()ฉฮฺ์?ฒฬฦ'
_TO_LATIN: Final = str.maketrans(dict(zip(_THAI, _LATIN, strict=True)))
_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
NUMBER: Final = re.compile(r"[0-9]{10}")
CARD: Final = re.compile(r"SNM1\.([0-9]{10})\.[^\s]{1,150}", re.IGNORECASE)


def read_card(text: str) -> tuple[str, str]:
    """The registration number and the whole card text in what was typed.

    The card text is empty when only the ten digits were typed; both are empty when it is
    neither. Thai digits count as digits.
    """
    plain = text.strip()
    for candidate in (plain, plain.translate(_DIGITS), plain.translate(_TO_LATIN)):
        if found := CARD.fullmatch(candidate):
            return found[1], candidate
        digits = candidate.replace(" ", "").replace("-", "")
        if NUMBER.fullmatch(digits):
            return digits, ""
    return "", ""
