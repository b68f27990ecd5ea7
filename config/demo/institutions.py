"""Where the invented people studied: teachers' faculties by their public names, with a weight.

Weights are guesses with a heavy tail: the open universities and the old teachers' colleges send
many candidates, most others few.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Faculty:
    """An institution: its code, names, province code, and how many it sends, relatively."""

    code: str
    name_th: str
    name_en: str
    province: str
    weight: float


# The Rajabhat universities: province code, name in Thai and English.
_RAJABHAT = """
10,จันทรเกษม,Chandrakasem 10,ธนบุรี,Dhonburi 10,บ้านสมเด็จเจ้าพระยา,Bansomdejchaopraya
10,พระนคร,Phranakhon 10,สวนสุนันทา,Suan_Sunandha 13,วไลยอลงกรณ์,Valaya_Alongkorn
14,พระนครศรีอยุธยา,Phranakhon_Si_Ayutthaya 16,เทพสตรี,Thepsatri 22,รำไพพรรณี,Rambhai_Barni
24,ราชนครินทร์,Rajanagarindra 30,นครราชสีมา,Nakhon_Ratchasima 31,บุรีรัมย์,Buriram
32,สุรินทร์,Surindra 33,ศรีสะเกษ,Sisaket 34,อุบลราชธานี,Ubon_Ratchathani 36,ชัยภูมิ,Chaiyaphum
41,อุดรธานี,Udon_Thani 42,เลย,Loei 44,มหาสารคาม,Maha_Sarakham 45,ร้อยเอ็ด,Roi_Et
47,สกลนคร,Sakon_Nakhon 50,เชียงใหม่,Chiang_Mai 52,ลำปาง,Lampang 53,อุตรดิตถ์,Uttaradit
57,เชียงราย,Chiang_Rai 60,นครสวรรค์,Nakhon_Sawan 62,กำแพงเพชร,Kamphaeng_Phet
65,พิบูลสงคราม,Pibulsongkram 67,เพชรบูรณ์,Phetchabun 70,หมู่บ้านจอมบึง,Muban_Chombueng
71,กาญจนบุรี,Kanchanaburi 73,นครปฐม,Nakhon_Pathom 76,เพชรบุรี,Phetchaburi
80,นครศรีธรรมราช,Nakhon_Si_Thammarat 83,ภูเก็ต,Phuket 84,สุราษฎร์ธานี,Suratthani
90,สงขลา,Songkhla 95,ยะลา,Yala
"""
# The others: province code, weight, name in Thai and English.
_OTHERS = """
10,9.0,มหาวิทยาลัยรามคำแหง,Ramkhamhaeng_University
12,6.0,มหาวิทยาลัยสุโขทัยธรรมาธิราช,Sukhothai_Thammathirat_Open_University
10,1.5,จุฬาลงกรณ์มหาวิทยาลัย,Chulalongkorn_University
10,2.2,มหาวิทยาลัยศรีนครินทรวิโรฒ,Srinakharinwirot_University
10,1.6,มหาวิทยาลัยเกษตรศาสตร์,Kasetsart_University
14,1.8,มหาวิทยาลัยมหาจุฬาลงกรณราชวิทยาลัย,Mahachulalongkornrajavidyalaya_University
73,1.0,มหาวิทยาลัยมหามกุฏราชวิทยาลัย,Mahamakut_Buddhist_University
73,1.6,มหาวิทยาลัยศิลปากร,Silpakorn_University
20,1.8,มหาวิทยาลัยบูรพา,Burapha_University
40,2.6,มหาวิทยาลัยขอนแก่น,Khon_Kaen_University
44,2.4,มหาวิทยาลัยมหาสารคาม,Mahasarakham_University
50,1.9,มหาวิทยาลัยเชียงใหม่,Chiang_Mai_University
65,2.1,มหาวิทยาลัยนเรศวร,Naresuan_University
56,0.8,มหาวิทยาลัยพะเยา,University_of_Phayao
90,1.7,มหาวิทยาลัยทักษิณ,Thaksin_University
94,1.6,มหาวิทยาลัยสงขลานครินทร์,Prince_of_Songkla_University
94,0.7,มหาวิทยาลัยฟาฏอนี,Fatoni_University
13,1.2,มหาวิทยาลัยเทคโนโลยีราชมงคลธัญบุรี,Rajamangala_University_of_Technology_Thanyaburi
20,1.3,มหาวิทยาลัยการกีฬาแห่งชาติ,Thailand_National_Sports_University
48,0.6,มหาวิทยาลัยนครพนม,Nakhon_Phanom_University
"""
_SENDS_MANY = {
    "30": 1.7,
    "31": 1.5,
    "32": 1.3,
    "41": 1.7,
    "44": 1.4,
    "50": 1.4,
    "65": 1.4,
    "80": 1.3,
}


def _rajabhat(order: int, entry: str) -> Faculty:
    province, name_th, name_en = entry.replace("_", " ").split(",")
    return Faculty(
        f"RU{order:02}",
        f"มหาวิทยาลัยราชภัฏ{name_th}",
        f"{name_en} Rajabhat University",
        province,
        _SENDS_MANY.get(province, 1.0),
    )


def _other(order: int, entry: str) -> Faculty:
    province, weight, name_th, name_en = entry.replace("_", " ").split(",")
    return Faculty(f"U{order:02}", name_th, name_en, province, float(weight))


FACULTIES = (
    *(_rajabhat(order, entry) for order, entry in enumerate(_RAJABHAT.split(), start=1)),
    *(_other(order, entry) for order, entry in enumerate(_OTHERS.split(), start=1)),
)
