"""The 77 provinces of Thailand: facts, with where they come from.

Codes are those of ISO 3166-2:TH, the six regions those of the National Geographical Committee,
coordinates those of the provincial towns from GeoNames (https://www.geonames.org, CC BY 4.0), and
populations those of the civil registration at the end of 2019 (DOPA).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Province:
    """One province; `latitude` and `longitude` are those of its main town, in degrees."""

    code: str
    name_th: str
    name_en: str
    region: str
    latitude: float
    longitude: float
    population: int


# code, Thai name, English name, region, latitude, longitude, registered population
_FACTS = """
10,กรุงเทพมหานคร,Bangkok,central,13.7540,100.5014,5666264
11,สมุทรปราการ,Samut Prakan,central,13.5976,100.5972,1344875
12,นนทบุรี,Nonthaburi,central,13.8607,100.5148,1265387
13,ปทุมธานี,Pathum Thani,central,14.0135,100.5305,1163604
14,พระนครศรีอยุธยา,Phra Nakhon Si Ayutthaya,central,14.3517,100.5774,820188
15,อ่างทอง,Ang Thong,central,14.5884,100.4528,279654
16,ลพบุรี,Lop Buri,central,14.7981,100.6540,755556
17,สิงห์บุรี,Sing Buri,central,14.8879,100.4046,208446
18,ชัยนาท,Chai Nat,central,15.1864,100.1235,326611
19,สระบุรี,Saraburi,central,14.5333,100.9167,645911
20,ชลบุรี,Chon Buri,east,13.3622,100.9835,1558301
21,ระยอง,Rayong,east,12.6809,101.2580,734753
22,จันทบุรี,Chanthaburi,east,12.6096,102.1045,537698
23,ตราด,Trat,east,12.2436,102.5151,229958
24,ฉะเชิงเทรา,Chachoengsao,east,13.6882,101.0716,720113
25,ปราจีนบุรี,Prachin Buri,east,14.0499,101.3686,494680
26,นครนายก,Nakhon Nayok,central,14.2046,101.2130,260751
27,สระแก้ว,Sa Kaeo,east,13.8141,102.0722,566303
30,นครราชสีมา,Nakhon Ratchasima,northeast,14.9707,102.1020,2648927
31,บุรีรัมย์,Buri Ram,northeast,14.9943,103.1039,1595747
32,สุรินทร์,Surin,northeast,14.8818,103.4936,1396831
33,ศรีสะเกษ,Si Sa Ket,northeast,15.1148,104.3294,1472859
34,อุบลราชธานี,Ubon Ratchathani,northeast,15.2384,104.8487,1878146
35,ยโสธร,Yasothon,northeast,15.7941,104.1451,537299
36,ชัยภูมิ,Chaiyaphum,northeast,15.8105,102.0288,1137357
37,อำนาจเจริญ,Amnat Charoen,northeast,15.8585,104.6288,378438
38,บึงกาฬ,Bueng Kan,northeast,18.3630,103.6519,424091
39,หนองบัวลำภู,Nong Bua Lam Phu,northeast,17.2041,102.4407,512780
40,ขอนแก่น,Khon Kaen,northeast,16.4467,102.8330,1802872
41,อุดรธานี,Udon Thani,northeast,17.4157,102.7859,1586646
42,เลย,Loei,northeast,17.4905,101.7275,642950
43,หนองคาย,Nong Khai,northeast,17.8785,102.7420,522311
44,มหาสารคาม,Maha Sarakham,northeast,16.1848,103.3007,962665
45,ร้อยเอ็ด,Roi Et,northeast,16.0567,103.6531,1305211
46,กาฬสินธุ์,Kalasin,northeast,16.4328,103.5066,983418
47,สกลนคร,Sakon Nakhon,northeast,17.1612,104.1472,1153390
48,นครพนม,Nakhon Phanom,northeast,17.4108,104.7786,719136
49,มุกดาหาร,Mukdahan,northeast,16.5453,104.7235,353174
50,เชียงใหม่,Chiang Mai,north,18.7904,98.9847,1779254
51,ลำพูน,Lamphun,north,18.5805,99.0075,405075
52,ลำปาง,Lampang,north,18.2923,99.4928,738316
53,อุตรดิตถ์,Uttaradit,north,17.6256,100.0942,453103
54,แพร่,Phrae,north,18.1459,100.1410,441726
55,น่าน,Nan,north,18.7838,100.7790,478227
56,พะเยา,Phayao,north,19.1920,99.8788,472356
57,เชียงราย,Chiang Rai,north,19.9086,99.8325,1298304
58,แม่ฮ่องสอน,Mae Hong Son,north,19.3003,97.9685,284138
60,นครสวรรค์,Nakhon Sawan,central,15.7047,100.1372,1059887
61,อุทัยธานี,Uthai Thani,central,15.3794,100.0245,328618
62,กำแพงเพชร,Kamphaeng Phet,central,16.4834,99.5215,725867
63,ตาก,Tak,west,16.8697,99.1290,665620
64,สุโขทัย,Sukhothai,central,17.0078,99.8230,595072
65,พิษณุโลก,Phitsanulok,central,16.8248,100.2586,865247
66,พิจิตร,Phichit,central,16.4418,100.3488,536311
67,เพชรบูรณ์,Phetchabun,central,16.4190,101.1606,992451
70,ราชบุรี,Ratchaburi,west,13.5367,99.8171,873101
71,กาญจนบุรี,Kanchanaburi,west,14.0041,99.5483,895525
72,สุพรรณบุรี,Suphan Buri,central,14.4742,100.1222,846334
73,นครปฐม,Nakhon Pathom,central,13.8196,100.0443,920030
74,สมุทรสาคร,Samut Sakhon,central,13.5475,100.2736,584703
75,สมุทรสงคราม,Samut Songkhram,central,13.4146,100.0026,193305
76,เพชรบุรี,Phetchaburi,west,13.1119,99.9447,485191
77,ประจวบคีรีขันธ์,Prachuap Khiri Khan,west,11.8210,99.7841,554116
80,นครศรีธรรมราช,Nakhon Si Thammarat,south,8.4333,99.9667,1561927
81,กระบี่,Krabi,south,8.0726,98.9105,476739
82,พังงา,Phangnga,south,8.4509,98.5298,268788
83,ภูเก็ต,Phuket,south,7.8906,98.3981,416582
84,สุราษฎร์ธานี,Surat Thani,south,9.1401,99.3331,1068010
85,ระนอง,Ranong,south,9.9658,98.6348,193370
86,ชุมพร,Chumphon,south,10.4957,99.1797,511304
90,สงขลา,Songkhla,south,7.1988,100.5951,1435968
91,สตูล,Satun,south,6.6231,100.0668,323586
92,ตรัง,Trang,south,7.5563,99.6114,643164
93,พัทลุง,Phatthalung,south,7.6179,100.0779,524865
94,ปัตตานี,Pattani,south,6.8681,101.2501,725104
95,ยะลา,Yala,south,6.5400,101.2813,536330
96,นราธิวาส,Narathiwat,south,6.4264,101.8231,808020
"""


def _province(line: str) -> Province:
    code, name_th, name_en, region, latitude, longitude, population = line.split(",")
    return Province(
        code, name_th, name_en, region, float(latitude), float(longitude), int(population)
    )


PROVINCES = tuple(_province(line) for line in _FACTS.split("\n") if line)
BY_CODE = {province.code: province for province in PROVINCES}
