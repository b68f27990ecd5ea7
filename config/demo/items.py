"""The invented paper: 270 items in two exam forms of 150, of which 30 stand in both.

`write_paper(seed)` is pure. It also plants what an analysis should find and is not told: in one
form one key is wrong, one item favours women, and one lost a word when it was put into English.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FORM_CODES = ("A", "B")
PER_FORM, COMMON = 150, 30
OPTIONS = "ABCDE"
FAVOURED = 1.0  # logits by which the planted item is easier for women
MISLED = 1.6  # logits by which a question that was turned round is harder for who reads it so

# What the items ask about: the professional standards, and what a question of each may be about.
STANDARDS = (
    ("ความเป็นครูและจรรยาบรรณวิชาชีพ", "The teacher's calling and professional ethics",
     (("จรรยาบรรณต่อผู้รับบริการ", "the duty towards learners"),
      ("การรักษาความลับของผู้เรียน", "keeping a learner's confidence"))),
    ("จิตวิทยาสำหรับครู", "Psychology for teachers",
     (("แรงจูงใจภายใน", "inner motivation"), ("พัฒนาการทางสติปัญญา", "cognitive development"))),
    ("เนื้อหาวิชาและหลักสูตร", "Subject matter and curriculum",
     (("หลักสูตรฐานสมรรถนะ", "a competency curriculum"), ("ตัวชี้วัดของหลักสูตร", "its indicators"))),
    ("การจัดการเรียนรู้", "Teaching and learning",
     (("การเรียนรู้เชิงรุก", "active learning"), ("การสอนที่ต่างกันตามผู้เรียน", "teaching to differences"))),
    ("การวัดและประเมินผล", "Assessment of learning",
     (("การประเมินเพื่อพัฒนา", "formative assessment"), ("ความเชื่อมั่นของแบบทดสอบ", "reliability"))),
    ("การวิจัยเพื่อพัฒนาผู้เรียน", "Research for learners",
     (("วิจัยในชั้นเรียน", "classroom research"), ("การเลือกกลุ่มตัวอย่าง", "choosing a sample"))),
    ("เทคโนโลยีดิจิทัลเพื่อการศึกษา", "Digital technology for education",
     (("ความปลอดภัยทางไซเบอร์", "safety on the network"), ("ลิขสิทธิ์ของสื่อ", "rights in materials"))),
    ("ความสัมพันธ์กับชุมชน", "Parents and community",
     (("การเยี่ยมบ้านนักเรียน", "visiting a learner's home"),
      ("ภูมิปัญญาท้องถิ่น", "local knowledge"))),
)  # fmt: skip
SCENES = (
    ("ครูพบว่านักเรียนส่วนใหญ่ไม่เข้าใจบทเรียน ข้อใดสอดคล้องกับ{}มากที่สุด",
     "Most of a class has not understood the lesson. Which step agrees best with {}?"),
    ("โรงเรียนขอให้ครูเสนอแผนงานหนึ่งปี ข้อใดแสดงถึง{}ได้ชัดเจนที่สุด",
     "A school asks for a plan for the year. Which proposal shows {} most clearly?"),
    ("ผู้ปกครองคนหนึ่งมาขอพบครูหลังเลิกเรียน การกระทำใดขัดกับ{}",
     "A parent comes to see the teacher after class. Which act goes against {}?"),
)  # fmt: skip
TURNED = 2  # of the scenes: a question for what is wrong, which English once asks for what is right
TURNED_EN = "A parent comes to see the teacher after class. Which act agrees best with {}?"


@dataclass(frozen=True)
class Paper:
    """J = 270 items and the two forms made of them. Logits are of the model in `answers`.

    `key` is the truly right option (J,), `options` how many each item has (J,). `pull` and `lean`
    (J, 5) are the attraction of each option for an average person and how it grows with ability.
    `forms`: for each form, the items in their order (150,). `stored_key`: per form, the option
    letters that the key file says.
    """

    code: tuple[str, ...]
    standard: Ints
    options: Ints
    key: Ints
    discrimination: Floats
    difficulty: Floats
    guessing: Floats
    pull: Floats
    lean: Floats
    favours_women: Floats
    misleads_english: Floats
    forms: tuple[Ints, Ints]
    stored_key: tuple[str, str]
    wrong_key: tuple[str, str]  # exam form and item of the planted wrong key
    unfair: tuple[str, str]  # exam form and item of the planted difference
    mistranslated: tuple[str, str]  # exam form and item whose English asks something else

    def competency(self, item: int) -> tuple[str, str, str, str]:
        """The standard of an item and what of it the item asks for, each in Thai and English."""
        standard_th, standard_en, topics = STANDARDS[self.standard[item]]
        return standard_th, standard_en, *topics[item % len(topics)]

    def texts(self, item: int) -> tuple[str, str]:
        """The question in Thai and English."""
        _th, _en, topics = STANDARDS[self.standard[item]]
        scene, topic = SCENES[item % len(SCENES)], topics[item % len(topics)]
        in_english = TURNED_EN if self.misleads_english[item] else scene[1]
        return scene[0].format(topic[0]), in_english.format(topic[1])


def write_paper(seed: int = 2570) -> Paper:
    """All items, the two forms, their keys, and what is planted in them."""
    rng = np.random.default_rng([seed, 3])
    forms = _forms(rng)
    count = 2 * PER_FORM - COMMON
    options = np.where(rng.random(count) < 0.6, 4, 5)
    key = rng.integers(0, options)
    difficulty = np.clip(rng.normal(-0.25, 0.85, count), -2.4, 1.7)
    discrimination = np.clip(rng.lognormal(-0.06, 0.28, count), 0.5, 2.2)
    pull, lean = _distractors(rng, options, key)
    codes = tuple(f"T{number:03}" for number in range(1, count + 1))
    wrong, unfair = _planted(rng, forms, discrimination, difficulty)
    turned = _turned(seed, forms, discrimination, difficulty, wrong)
    favours, misleads = np.zeros(count), np.zeros(count)
    favours[unfair], misleads[turned] = FAVOURED, MISLED
    return Paper(
        codes, rng.integers(0, len(STANDARDS), count), options, key, discrimination, difficulty,
        np.clip(rng.normal(0.17, 0.04, count), 0.08, 0.26), pull, lean, favours, misleads,
        forms, _stored_keys(forms, key, pull, wrong), ("A", codes[wrong]), ("B", codes[unfair]),
        ("A", codes[turned]),
    )  # fmt: skip


def _forms(rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The items of each form in order; common ones first in the bank, but anywhere in a form."""
    own = PER_FORM - COMMON
    common = np.arange(COMMON)
    first = np.concatenate([common, COMMON + np.arange(own)])
    second = np.concatenate([common, COMMON + own + np.arange(own)])
    return rng.permutation(first), rng.permutation(second)


def _distractors(rng: np.random.Generator, options: Ints, key: Ints) -> tuple[Floats, Floats]:
    """How options attract: one of them catches those who nearly know, the others those who do not.

    Options that an item lacks, and its key, attract nobody here: -inf.
    """
    count = len(options)
    pull = rng.normal(0, 0.7, (count, len(OPTIONS)))
    lean = rng.normal(-0.35, 0.2, (count, len(OPTIONS)))
    absent = np.arange(len(OPTIONS)) >= options[:, None]
    absent[np.arange(count), key] = True
    pull[absent] = -np.inf
    near = pull.argmax(axis=1)
    lean[np.arange(count), near] = rng.uniform(-0.35, 0.05, count)
    return pull, lean


def _planted(
    rng: np.random.Generator, forms: tuple[Ints, Ints], discrimination: Floats, difficulty: Floats
) -> tuple[int, int]:
    """A good, easy item of the first form, and a middling one of the second; neither is common."""
    good = (discrimination > 0.9) & (difficulty > -1.2) & (difficulty < -0.2)
    fair = (discrimination > 0.7) & (np.abs(difficulty) < 0.7)
    first = [item for item in forms[0].tolist() if item >= COMMON and good[item]]
    second = [item for item in forms[1].tolist() if item >= COMMON and fair[item]]
    return int(rng.choice(first)), int(rng.choice(second))


def _turned(
    seed: int, forms: tuple[Ints, Ints], discrimination: Floats, difficulty: Floats, wrong: int
) -> int:
    """A middling item of the first form, not common, that asks in Thai for what is wrong."""
    fair = (discrimination > 0.7) & (np.abs(difficulty) < 0.7)
    found = [
        item for item in forms[0].tolist()
        if item >= COMMON and fair[item] and item % len(SCENES) == TURNED and item != wrong
    ]  # fmt: skip
    return int(np.random.default_rng([seed, 14]).choice(found))


def _stored_keys(forms: tuple[Ints, Ints], key: Ints, pull: Floats, wrong: int) -> tuple[str, str]:
    stored = key.copy()
    stored[wrong] = int(pull[wrong].argmax())
    letters = np.array(list(OPTIONS))[stored]
    return "".join(letters[forms[0]]), "".join(letters[forms[1]])
