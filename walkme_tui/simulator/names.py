"""Names of people in many languages, and names of groups and departments.

In a pool any given name (before the ``|``) is combined with any family name. ``_`` stands for a blank inside a name.
Names in scripts other than Latin have their spelling in emails after ``=``; that of other names is their search key.
Given names differ in spelling within a pool, and family names in all pools, so that ``given.family`` identifies both.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from walkme_tui.domain.text import search_key

# Western Europe, the Americas, Africa
_WESTERN: Final = """
Zoë Amina Bo Carmen Agnès Aisha Álvaro Ana André Anaïs Andrea Anneke Antoine Astrid Beatriz Björn Brígida Camille
Caoimhe Carlos Catherine Cédric Charlotte Chiara Chinedu Ciarán Clément Cristóbal Daniel David Diego Eilidh Élodie
Emily Emma Esperança Étienne Fabienne Fatou Federico Fiona François Freya Gaël Geoffrey Giulia Gonçalo Grace Günter
Hannah Heloísa Henrik Hugo Ibrahim Ines Ingrid Isabel Jack Jamal James Jean-Luc Jessica João Jörg José Joy Julia
Jürgen Käthe Kwame Lars Laura Léa Liam Linnéa Lourdes Lucía Luis Maëlle Maeve Magnus Marco María_José Márcio
Marie-Claire Mateo Matthew Mercedes Michael Mónica Naomi Ngozi Niamh Nicolás Noah Núria Oisín Olivia Pádraig Patrick
Paula Rafael Rémi Renée Robert Rocío Ruairí Samuel Sarah Séamus Sébastien Sinéad Siobhán Sofía Sören Stefanie Tadhg
Tiago Thandiwe Thomas Tomás Ursula Valentina Victoria William Wolfgang Yusuf Yvonne
|
O'Brien Weber Tanaka Abara Adeyemi Ahlström Almeida Álvarez Andersson Araújo Bauer Beaumont Becker Bernal Bianchi
Björklund Bouchard Brennan Brontë Brown Byrne Caetano Campbell Castaño Chevalier Clarke Conceição Costa Côté
D'Angelo D'Souza Da_Silva Davies De_Clercq De_la_Cruz Delacroix Dell'Acqua Diallo Díaz Díaz_Ordóñez Dubois Dupré
Edwards Engström Esposito Evans Fernández Ferrari Fischer Fitzgerald Fleming Fournier Françoise Gagnon Gallagher
García García_Márquez Gauthier Giménez Gómez González Grant Großmann Guimarães Guðjohnsen Gutiérrez Hägglund Harris
Hermansen Hernández Hoffmann Høgh Holmström Hughes Ibáñez Iglesias Jackson Jacobsen Jansen Jiménez Johnson Jones
Jørgensen Kavanagh Keller Kjær Klein Köhler Krüger Lacroix Lambert Laurent Lefèvre Leitão Lindqvist Löfgren López
Mac_Giolla Machado MacDonald Maître Mancini Martín Martínez Mbeki Mendoza Meyer Miller Montañés Moore Moreau
Morrison Müller Muñoz Murphy Ndiaye Neumann Nguema Ní_Dhomhnaill Noël Núñez O'Connor O'Neill O'Shaughnessy
O'Sullivan Ó_Briain Ó_Súilleabháin Øvergård Okafor Okonkwo Oliveira Ortíz Østergaard Owusu Pâquet Patterson Peña
Pereira Pérez Petit Quiñones Ramírez Reeves Ribeiro Ricci Rodríguez Rønning Rossi Roux Ruiz_de_la_Torre Sáenz
Sanders Schäfer Schmidt Schröder Sepúlveda Simões Skjeggestad Smith Smith-Jones Söderberg Sørensen Stewart Suárez
Taylor Thévenet Thompson Torres Treviño Turner Uribe Valdés Van_Dijk Van_den_Berg Van_der_Meer Vasconcelos Vázquez
Villaseñor Virtanen Von_Braun Von_der_Leyen Walker Walsh Weiß Wennerström Williams Wilson Wright Zabala Zimmermann
Zúñiga
"""
# Poland, Czechia, Slovakia, Hungary, Romania, the Balkans, the Baltic
_CENTRAL: Final = """
Agnieszka Ágnes Andris Bartłomiej Bogdan Božena Čedomir Dorotėja Dušan Elżbieta Éva Florentina Gábor Grażyna György
Ilinca Ioana Jarosław Jiří Józef Katarzyna Kateřina Kristīne Łucja Łukasz Małgorzata Marek Miloš Mirosław Nemanja
Ondřej Paweł Radosław Răzvan Rūta Sławomir Stanisław Ștefan Tadeáš Tõnu Vojtěch Wojciech Władysław Zdeněk Zofia
Zoltán Žaneta
|
Babić Bălan Baranauskas Bērziņš Błaszczyk Brzęczyszczykiewicz Čapek Černý Ćosić Czarnecki Dąbrowska Đorđević Dvořák
Fekete Gałązka Grzegorzewski Gyurcsány Horváth Ionescu Ivanauskienė Jabłoński Jašek Kazlauskas Kołodziej Kovács
Kovačević Kowalska Kõrv Krzyżanowski Kučera Kwiatkowski Łapiński Lengyel Łukaszewicz Mănescu Mikołajczyk Nagy
Němcová Novák Ozoliņš Pospíšil Przybylski Rădulescu Růžička Şerban Šimková Skłodowska-Curie Sőtér Stępień Svoboda
Szczepański Szűcs Țepeș Tóth Trzebiński Vaitkutė Vlahović Wąsowicz Wiśniewska Wójcik Zając Zelenková Żółkiewska
"""
_TURKISH: Final = """
Ayşe Barış Buğra Büşra Çağla Cem Deniz Doğukan Elif Emre Fatih Gökçe Gülşen Hakan İbrahim İrem Işıl Kaan Kübra Merve
Oğuz Ömer Özlem Şebnem Sıla Tuğba Ümit Yağmur Yiğit Zeynep
|
Acar Akgün Altıntaş Arslan Aydın Bozkurt Büyükçelik Çelik Çetinkaya Demir Doğan Erdoğan Güneş Gürsoy Işık Kahraman
Karaoğlu Kaya Kılıç Koç Köksal Öztürk Özdemir Şahin Sarıgül Şimşek Tekin Toprak Türkoğlu Uçar Yıldırım Yılmaz Yücel
"""
_VIETNAMESE: Final = """
Anh Bảo_Ngọc Đức Gia_Huy Hạnh Hiếu Hồng_Nhung Khánh_Linh Lan Mai_Phương Minh Nam Ngọc_Ánh Phúc Quỳnh Sơn Thảo
Thị_Hương Thu_Hà Trung_Kiên Tuấn Việt Vy Xuân
|
Bùi Cao Đặng Đinh Đỗ Dương Đoàn Hoàng Hồ Huỳnh Lê_Thị Lương Lý Ngô Nguyễn Nguyễn_Hữu Phạm Phan Tạ Tôn_Thất Trần
Trịnh Võ
"""
_ICELANDIC: Final = """
Ágúst Ásdís Bjarki Björk Brynjar Dagný Einar Eyþór Friðrik Guðmundur Guðrún Halldóra Hrafnhildur Ingibjörg Jón
Katrín Kolbeinn Ragnheiður Sigríður Snæbjörn Steinunn Þórdís Þorsteinn Ægir
|
Aðalsteinsdóttir Árnason Ásgeirsdóttir Bjarnason Einarsdóttir Eiríksson Friðriksdóttir Guðmundsdóttir Gunnarsson
Halldórsson Hallgrímsdóttir Ísleifsson Jónsdóttir Kristjánsson Magnúsdóttir Ólafsson Pétursdóttir Sæmundsson
Sigurðardóttir Stefánsson Sveinsdóttir Vigfúsdóttir Þorgeirsson Þórarinsdóttir
"""
_CYRILLIC: Final = """
Алёна=alyona Анастасия=anastasiya Андрій=andriy Борис=boris Валерий=valeriy Виктория=viktoriya Дмитрий=dmitriy
Евгения=yevgeniya Екатерина=yekaterina Зоряна=zoryana Їлая=yilaya Іван=ivan Любомир=lyubomyr Людмила=lyudmila
Михайло=mykhailo Наталья=natalya Оксана=oksana Павел=pavel Сергей=sergey Соломія=solomiya Степан=stepan
Цветана=tsvetana Юлия=yuliya Ярослав=yaroslav
|
Богданова=bogdanova Василенко=vasylenko Вознесенский=voznesensky Григоренко=hryhorenko Достоевская=dostoevskaya
Ђорђевић=djordjevic-b Жуков=zhukov Зайцев=zaytsev Ильин=ilyin Кузнецова=kuznetsova Лебедев=lebedev
Мельниченко=melnychenko Њагуловић=njagulovic Орлов=orlov Петров=petrov Римский-Корсаков=rimsky-korsakov
Смирнова=smirnova Тищенко=tyshchenko Фёдоров=fyodorov Хмельницький=khmelnytsky Чайковская=chaykovskaya
Шевченко=shevchenko Щербак=shcherbak Ющенко=yushchenko
"""
_ARABIC: Final = """
أحمد=ahmad آمنة=amna إبراهيم=ibrahim بشرى=bushra جمال=jamal حسن=hassan خديجة=khadija رانيا=rania زينب=zaynab
سلمى=salma شيماء=shaimaa طارق=tariq عائشة=aisha عبد_الله=abdullah عمر=omar فاطمة=fatima کامران=kamran ليلى=layla
محمد=muhammad مريم=maryam نور=nour هدى=huda ياسمين=yasmin يوسف=yusuf
|
الأحمد=alahmad البغدادي=albaghdadi التميمي=altamimi الجابري=aljabri الحسيني=alhusseini الخطيب=alkhatib
الدوسري=aldosari الراشد=alrashid الزهراني=alzahrani السيد=alsayed الشامي=alshami الصباح=alsabah العلي=alali
الغامدي=alghamdi الفارسي=alfarsi القاسم=alqasim المصري=almasri النجار=alnajjar الهاشمي=alhashimi بن_سلمان=binsalman
حداد=haddad خوری=khoury
"""
_HINDI: Final = """
अंजलि=anjali अमित=amit आदित्य=aditya ईशा=isha ऐश्वर्या=aishwarya कृष्ण=krishna गौरव=gaurav ज्योति=jyoti दीपिका=deepika
नेहा=neha पूजा=pooja प्रिया=priya मनोज=manoj मीनाक्षी=meenakshi राहुल=rahul रोहित=rohit लक्ष्मी=lakshmi विक्रम=vikram
शालिनी=shalini श्रेया=shreya संजय=sanjay सुनीता=sunita हर्ष=harsh
|
अग्रवाल=agarwal अय्यर=iyer कपूर=kapoor कुमार=kumar कुलकर्णी=kulkarni गुप्ता=gupta चौधरी=chaudhary जोशी=joshi
त्रिपाठी=tripathi देशपांडे=deshpande द्विवेदी=dwivedi पटेल=patel बनर्जी=banerjee भट्ट=bhatt मिश्रा=mishra मेहता=mehta
यादव=yadav रेड्डी=reddy वर्मा=verma शर्मा=sharma श्रीवास्तव=srivastava सिंह=singh
"""
_CHINESE: Final = """
伟=wei 芳=fang 娜=na 秀英=xiuying 敏=min 静=jing 丽=li 强=qiang 磊=lei 洋=yang 艳=yan 勇=yong 军=jun 杰=jie 涛=tao
超=chao 明=ming 霞=xia 思远=siyuan 梓涵=zihan 浩然=haoran 雨桐=yutong 志明=chiming 淑芬=shufen
|
王=wang 李=lee 張=chang 张=zhang 刘=liu 陈=chen 陳=chan 杨=yeung 黄=huang 赵=zhao 吴=wu 周=zhou 徐=xu 孙=sun 马=ma
朱=zhu 胡=hu 郭=guo 何=he 高=gao 林=lin 欧阳=ouyang 司马=sima 諸葛=zhuge
"""
_KOREAN: Final = """
민준=minjun 서연=seoyeon 서준=seojun 지우=jiwoo 지민=jimin 하은=haeun 현우=hyunwoo 수빈=subin 예은=yeeun 도윤=doyun
은지=eunji 영호=youngho 미경=mikyung 성민=sungmin 유진=yujin 재현=jaehyun 혜진=hyejin 동현=donghyun 보라=bora
준호=junho
|
김=kim 이=yi 박=park 최=choi 정=jeong 강=kang 조=cho 윤=yoon 장=jang 임=lim 한=han 오=oh 서=seo 신=shin 권=kwon
황=hwang 안=ahn 송=song 전=jeon 홍=hong 남궁=namgung 제갈=jegal
"""
_JAPANESE: Final = """
愛=ai 葵=aoi 陽菜=hina 陽翔=haruto 大翔=hiroto 健太=kenta 健一=kenichi 恵子=keiko 海斗=kaito 美咲=misaki 直樹=naoki
さくら=sakura 翔太=shota 蓮=ren 優子=yuko 結衣=yui 洋子=yoko 裕二=yuji ハルカ=haruka 真由美=mayumi
|
佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka-m 渡辺=watanabe 渡邉=watanabe-k 伊藤=ito 山本=yamamoto
中村=nakamura 小林=kobayashi 加藤=kato 吉田=yoshida 山田=yamada 佐々木=sasaki 松本=matsumoto 井上=inoue 木村=kimura
斎藤=saito 齋藤=saitoh 五十嵐=igarashi 長谷川=hasegawa
"""
_GREEK: Final = """
Αικατερίνη=aikaterini Αλέξανδρος=alexandros Αναστασία=anastasia Βασίλης=vasilis Γεώργιος=georgios Δήμητρα=dimitra
Δημήτρης=dimitris Ειρήνη=eirini Ελένη=eleni Ευάγγελος=evangelos Θεοδώρα=theodora Ιωάννης=ioannis Καλλιόπη=kalliopi
Κωνσταντίνος=konstantinos Μαρία=maria Νικόλαος=nikolaos Παναγιώτης=panagiotis Σοφία=sofia Σπύρος=spyros
Χρήστος=christos
|
Αγγελόπουλος=angelopoulos Αλεξίου=alexiou Βλάχος=vlachos Γεωργίου=georgiou Δημητριάδης=dimitriadis
Ζαχαριάδου=zachariadou Θεοδωρίδης=theodoridis Ιωαννίδης=ioannidis Καραγιάννης=karagiannis Κουτσούκου=koutsoukou
Λαμπρόπουλος=lampropoulos Μακρής=makris Νικολάου=nikolaou Οικονόμου=oikonomou Παπαδοπούλου=papadopoulou
Παπανικολάου=papanikolaou Σαμαράς=samaras Τσίπρας=tsipras Χατζής=chatzis Ψαρρού=psarrou
"""
_HEBREW: Final = """
אביגיל=avigail אורי=uri איתן=eitan גליה=galia דוד=david דניאלה=daniela הדס=hadas יהונתן=yehonatan יעל=yael
ליאור=lior מיכל=michal משה=moshe נועה=noa נתנאל=netanel עידו=ido עמית=amit רבקה=rivka שירה=shira תמר=tamar צבי=tzvi
|
אברהמי=avrahami אוחיון=ohayon אשכנזי=ashkenazi בן-דוד=ben-david ביטון=biton גולדשטיין=goldstein דהן=dahan
הרשקוביץ=hershkovitz כהן=cohen כץ=katz לוי=levi מזרחי=mizrahi נחום=nahum סבן=saban עמר=amar פרידמן=friedman
פרץ=peretz צדוק=tzadok רוזנברג=rosenberg שפירא=shapira
"""
_THAI: Final = """
กมลชนก=kamonchanok กิตติ=kitti จิราพร=jiraporn ชัยวัฒน์=chaiwat ณัฐพล=natthaphon ดวงใจ=duangjai ธนพร=thanaphon
นิภา=nipha บุญมี=bunmi ประยุทธ์=prayut ปิยะ=piya พิมพ์ชนก=phimchanok มานะ=mana รัตนา=rattana วิชัย=wichai
ศิริพร=siriphon สมชาย=somchai สุดารัตน์=sudarat อรทัย=orathai อนุชา=anucha
|
แก้วมณี=kaewmani เจริญสุข=charoensuk ใจดี=jaidee ชินวงศ์=chinwong ดำรงค์=damrong ทองดี=thongdee ธนะรัชต์=thanarat
บุญเรือง=bunrueang ปัญญาดี=panyadee พงษ์พิพัฒน์=phongphiphat ภักดี=phakdee มั่นคง=mankhong รุ่งเรือง=rungrueang
วงศ์สวัสดิ์=wongsawat ศรีสุข=srisuk สุขใจ=sukjai แสงทอง=saengthong หิรัญ=hiran อยู่ดี=yudee เอี่ยมสะอาด=iamsaat
"""

GROUP_NAMES: Final = (
    "Sales", "Field-EMEA", "Support", "Engineering", "Onboarding 2025", "Finance", "People & Culture", "Field-APAC",
    "Beta", "Marketing", "Managers", "Contractors", "Field-Americas", "Legal", "Warehouse", "Zürich office",
    "Procurement", "Customer Success", "Remote", "Partner Enablement", "日本オフィス", "Alumni",
    "Executive Assistants", "Night Shift",
)  # fmt: skip
DEPARTMENTS: Final = ("North", "South", "R&D", "Logística", "Retail", "Data & AI", "Field Service", "Treasury")
LANGUAGES: Final = ("en", "de", "fr", "es", "ja", "tr", "pl", "he")


@dataclass(frozen=True, slots=True)
class Name:
    """A given or family name, and its spelling in an email (``a`` to ``z`` and hyphens)."""

    text: str
    spelling: str


@dataclass(frozen=True, slots=True)
class Pool:
    """Given and family names that are combined with each other."""

    given: tuple[Name, ...]
    family: tuple[Name, ...]

    @property
    def size(self) -> int:
        """The number of full names."""
        return len(self.given) * len(self.family)


def _names(words: str) -> tuple[Name, ...]:
    names = []
    for word in words.split():
        text, _, spelling = word.partition("=")
        text = text.replace("_", " ")
        names.append(Name(text, spelling or search_key(text).replace(" ", "")))
    return tuple(names)


@cache
def pools() -> tuple[Pool, ...]:
    """All pools, the largest first."""
    texts = (
        *(_WESTERN, _CENTRAL, _TURKISH, _VIETNAMESE, _ICELANDIC, _CYRILLIC, _ARABIC),
        *(_HINDI, _CHINESE, _KOREAN, _JAPANESE, _GREEK, _HEBREW, _THAI),
    )
    return tuple(Pool(_names(given), _names(family)) for given, family in (text.split("|") for text in texts))
