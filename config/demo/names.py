"""Names of people who do not exist, put together the way Thai names are.

A Thai given name is often a compound of two Indic words, a family name of two or three. Both are
composed here from short lists, with the general Royal Thai romanisation of every part, so that
thousands of plausible names need two hundred words and belong to nobody in particular.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = tuple[tuple[str, str], ...]


def _words(text: str) -> Words:
    """Read `thai roman` pairs from a block of text."""
    flat = text.split()
    return tuple(zip(flat[::2], flat[1::2], strict=True))


STARTS = _words("""
ศิริ Siri กมล Kamon วร Wora ณัฐ Nattha ธน Thana พัชร Phatchara สุ Su ชล Chon ปิย Piya จิร Chira
อภิ Aphi วิ Wi นิ Ni พิม Phim ปาริ Pari สม Som อร Ora รัตน Rattana บุญ Bun ธีร Thira
ภัทร Phatthara กิตติ Kitti ชุติ Chuti วิภา Wipha นันท Nanthana มณี Mani ทิพย์ Thip เกศ Ket
ประ Pra ดวง Duang เพ็ญ Phen ลัก Lak พงศ์ Phong ชัย Chai อนุ Anu สิทธิ Sitthi ปรีดา Prida
วัชร Watchara ศุภ Supha กฤต Kritta ธัญ Than สิริ Siri ญาณ Yan จันทร์ Chan พร Phon ภา Pha
""")
WOMENS_ENDS = _words("""
พร phon วรรณ wan รัตน์ rat ภรณ์ phon นภา napha ลักษณ์ lak ชนก chanok กานต์ kan ยา ya ดา da
นารี nari มาศ mat ธิดา thida จิตร chit ศรี si กัญญา kanya ลดา lada มน mon อร on ทิพย์ thip
วดี wadi ริน rin
""")
MENS_ENDS = _words("""
พงศ์ phong ชัย chai ศักดิ์ sak วุฒิ wut พล phon เดช det กร kon ชาติ chat พัฒน์ phat ณรงค์ narong
วัฒน์ wat นนท์ non สิทธิ์ sit ภัทร phat ยศ yot ธร thon เทพ thep ราช rat ฤทธิ์ rit วิทย์ wit
""")
WOMEN = _words("""
สุดารัตน์ Sudarat วิไล Wilai นิภา Nipha อรทัย Orathai กาญจนา Kanchana สุภาพร Suphaphon มาลี Mali
จิราพร Chiraphon พรทิพย์ Phonthip รุ่งนภา Rungnapha น้ำฝน Namfon แก้วตา Kaeota ขวัญใจ Khwanchai
อำไพ Amphai บัวลอย Bualoi เบญจมาศ Benchamat ปาริชาติ Parichat ฟ้าใส Fasai มยุรี Mayuri
เยาวลักษณ์ Yaowalak ละออง Laong ศศิธร Sasithon อัญชลี Anchali เสาวนีย์ Saowani ใบเฟิร์น Baifoen
ไอลดา Ailada โสภา Sopha ฐิติมา Thitima ฮาซียะห์ Hasiyah นูรฮายาตี Nurhayati ซารีนา Sarina
""")
MEN = _words("""
สมชาย Somchai ประเสริฐ Prasoet วีระ Wira มานะ Mana สุรชัย Surachai อนุชา Anucha กล้า Kla
ธนากร Thanakon ปกรณ์ Pakon ภูมิ Phum เอกชัย Ekkachai โกวิท Kowit ไพโรจน์ Phairot เจษฎา Chetsada
ขจร Khachon จักรี Chakri ชูเกียรติ Chukiat ณัฐพล Natthaphon ดำรง Damrong ถาวร Thawon ทวี Thawi
นพดล Noppadon บัญชา Bancha พิเชษฐ์ Phichet ยุทธนา Yutthana รณชัย Ronnachai วันชัย Wanchai
อับดุลเลาะ Abdulloh มูฮัมหมัด Muhammad ซูไฮมี Suhaimi อิบรอเฮม Ibrohem
""")
FAMILY_STARTS = _words("""
ศรี Si วงศ์ Wong ทอง Thong แสง Saeng จันทร์ Chan สุข Suk บุญ Bun พงษ์ Phong แก้ว Kaeo คำ Kham
ชัย Chai ธรรม Tham นา Na ปาน Pan พรหม Phrom ภู Phu มณี Mani ยอด Yot รัก Rak เรือง Rueang
ลือ Lue วิเศษ Wiset สม Som สาย Sai สิงห์ Sing อินทร์ In อ่อน On โพธิ์ Pho ไชย Chai เพชร Phet
เจริญ Charoen กอง Kong ขุน Khun ดวง Duang ตา Ta ทิพย์ Thip นิล Nin ประ Pra ราช Rat ใจ Chai
""")
FAMILY_MIDDLES = _words("""
สุวรรณ suwan ประเสริฐ prasoet เจริญ charoen พันธุ์ phan มงคล mongkhon รัตน์ rat วิจิตร wichit
สวัสดิ์ sawat ศิลป์ sin สมบัติ sombat ทอง thong บุญ bun พิทักษ์ phithak แสง saeng วัฒนา watthana
ดี di งาม ngam คำ kham มี mi หอม hom ขาว khao แก้ว kaeo ใส sai สี si ชู chu นาค nak
ไพร phrai เมือง mueang ศรี si สุข suk
""")
FAMILY_ENDS = _words("""
กุล kun วงศ์ wong ชัย chai ศักดิ์ sak พงษ์ phong ทรัพย์ sap สกุล sakun รักษ์ rak พานิช phanit
ไทย thai เลิศ loet ภักดี phakdi
""")
ORDAINED = _words("""
ฐานวโร Thanawaro สุเมโธ Sumetho ปญฺญาวโร Panyawaro จนฺทสาโร Chanthasaro อภินนฺโท Aphinantho
ธมฺมธโร Thammatharo กิตฺติญาโณ Kittiyano สีลเตโช Silatecho มหาวีโร Mahawiro ชินวํโส Chinawangso
""")
FOREIGN_GIVEN = _words("""
มาเรีย Maria จอห์น John แกรซ Grace ไมเคิล Michael เจนนี่ Jenny โฮเซ Jose เดวิด David แอนนา Anna
ซูซู Susu ออง Aung เหงียน Nguyen หลิน Lin เควิน Kevin แองเจลา Angela ปีเตอร์ Peter เมย์ May
""")
FOREIGN_FAMILY = _words("""
ซานโตส Santos เรเยส Reyes มิลเลอร์ Miller บราวน์ Brown ครูซ Cruz การ์เซีย Garcia วิน Win
ตัน Tan ลิม Lim หวัง Wang สมิธ Smith เดลาครูซ Dela_Cruz ราโมส Ramos ฟาม Pham โจนส์ Jones ลี Lee
""")


@dataclass(frozen=True)
class Names:
    """Given and family names of N people in Thai and roman letters: four lists of N."""

    given_th: list[str]
    given_en: list[str]
    family_th: list[str]
    family_en: list[str]


def thai_names(rng: np.random.Generator, woman: NDArray[np.bool_]) -> Names:
    """Names for N Thai people; `woman` says which list of given names each draws from."""
    family = [_family(rng_row) for rng_row in rng.random((len(woman), 4))]
    draws = rng.random((len(woman), 3))
    given = [
        _given(row, WOMEN if is_woman else MEN, WOMENS_ENDS if is_woman else MENS_ENDS)
        for row, is_woman in zip(draws, woman, strict=True)
    ]
    return Names(
        [th for th, _ in given],
        [en for _, en in given],
        [th for th, _ in family],
        [en for _, en in family],
    )


def _pick(words: Words, draw: float) -> tuple[str, str]:
    """A word; early ones are drawn more often, as names are."""
    return words[int(len(words) * draw**1.4)]


def _given(draws: NDArray[np.float64], whole: Words, ends: Words) -> tuple[str, str]:
    kind, first, second = draws
    if kind < 0.3:
        return _pick(whole, first)
    start, end = _pick(STARTS, first), _pick(ends, second)
    return start[0] + end[0], start[1] + end[1]


def _family(draws: NDArray[np.float64]) -> tuple[str, str]:
    kind, first, second, third = draws
    start, middle = _pick(FAMILY_STARTS, first), _pick(FAMILY_MIDDLES, second)
    if kind < 0.55:
        return start[0] + middle[0], start[1] + middle[1]
    end = _pick(FAMILY_ENDS, third)
    return start[0] + middle[0] + end[0], start[1] + middle[1] + end[1]


def foreign_names(rng: np.random.Generator, count: int) -> Names:
    """Names for `count` people from elsewhere, as their passports and a Thai clerk write them."""
    given = [FOREIGN_GIVEN[place] for place in rng.integers(0, len(FOREIGN_GIVEN), count)]
    family = [FOREIGN_FAMILY[place] for place in rng.integers(0, len(FOREIGN_FAMILY), count)]
    return Names(
        [th for th, _ in given],
        [en for _, en in given],
        [th for th, _ in family],
        [en.replace("_", " ") for _, en in family],
    )


def ordained_names(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """The names monks take in place of a family name, in Thai and roman letters."""
    return [ORDAINED[place] for place in rng.integers(0, len(ORDAINED), count)]
