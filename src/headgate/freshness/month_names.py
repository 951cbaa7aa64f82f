"""Names of months and weekdays in the languages that documents are written in: data.

From the Unicode CLDR as Babel 2.19 ships it (Unicode License v3): wide and abbreviated names, in the form that is used
in a date and the one that is used alone, folded to lower case; for months also without their accents. Languages whose
dates count years or months otherwise (Thai, Persian) are left out: their numbers would be misread.
"""

from __future__ import annotations

__all__ = ["LANGUAGES", "MONTHS", "WEEKDAYS"]

LANGUAGES = (
    "en de fr es it pt nl da sv nb nn fi is et lv lt pl cs sk sl hr sr bs mk bg ro hu el ru uk be tr ca gl eu af "
    "id ms vi sq ga cy hi he ar az kk"
)
"""Codes of the languages whose names are here, separated by spaces."""

_MONTHS = (
    (
        "ean eanair eanáir ene enero gen gener gennaio ian ianuarie ion ionawr jaan jaanuar jan janar janeiro januar "
        "januara januari januarie january január januára janv janvaris janvier janvāris janúar led leden ledna oca "
        "ocak saus sausio sausis sij sijecanj sijecnja siječanj siječnja sty styczen styczeń stycznia tammi tammikuu "
        "tammikuuta urt urtarrila xan xaneiro yan yanvar ιαν ιανουάριοσ ιανουαρίου ιανουαριοσ ιανουαριου сту студзень "
        "студзеня січ січень січня янв январь января яну януари јан јануар јануари қаң қаңтар ינואר ינו׳ يناير जनवरी "
        "जन॰"
    ),
    (
        "chw chwef chwefror feabh feabhra feb febbraio febr febreiro febrer febrero februar februara februari "
        "februarie februaris february február februára februāris febrúar fev fevereiro fevr fevral fevrier févr "
        "février helmi helmikuu helmikuuta lut lutego luty ots otsaila shk shkurt sub subat uno unor unora vas "
        "vasario vasaris veebr veebruar velj veljaca veljace veljača veljače úno únor února şub şubat φεβ φεβρουάριοσ "
        "φεβρουαρίου φεβρουαριοσ φεβρουαριου ақп ақпан лют лютага лютии лютий лютого люты феб фебруар фев февр "
        "февраль февраля февруари פברואר פבר׳ فبراير फ़रवरी फ़र॰"
    ),
    (
        "bre brezen brezna bře březen března kov kovas kovo maalis maaliskuu maaliskuuta maart mac mar marc marca "
        "march marcius marco marec maret mars mart marta martie marts martxoa marz marzec marzo març março maw mawrth "
        "mrt márc március márta mär märts märz ozu ozujak ozujka ožu ožujak ožujka μάρ μάρτιοσ μαρ μαρτίου μαρτιοσ "
        "μαρτιου бер березень березня мар март марта нау наурыз сак сакавік сакавіка מרץ مارس मार्च"
    ),
    (
        "abr abril aib aibrean aibreán api apirila apr aprel april aprila aprile aprilie aprilis aprill apríl apríla "
        "aprīlis avr avril bal balandis balandzio balandžio dub duben dubna ebr ebrill huhti huhtikuu huhtikuuta kwi "
        "kwiecien kwiecień kwietnia nis nisan pri prill tra travanj travnja ápr április απρ απρίλιοσ απριλίου "
        "απριλιοσ απριλιου апр апрель апреля април квіт квітень квітня кра красавік красавіка сәу сәуір אפריל אפר׳ "
        "أبريل अप्रैल"
    ),
    (
        "beal bealtaine geg geguze geguzes gegužė gegužės kve kveten kvetna kvě květen května mag maggio mai maiatza "
        "maig maijs maio maj maja majus may mayo mayıs maí mei máj mája május svi svibanj svibnja touko toukokuu "
        "toukokuuta μάι μάιοσ μαι μαΐ μαΐου μαιοσ μαιου маи май мам мамыр мая мај трав травень травня מאי مايو मई"
    ),
    (
        "birz birzelio birzelis birž birželio birželis cerven cervna cvn cze czerwca czerwiec eka ekaina giu giugno "
        "haz haziran iun iunie iyn iyun juin jun juna june junho juni junie junij junijs junio junius juny juuni jún "
        "júna június júní jūn jūnijs kesa kesakuu kesakuuta kesä kesäkuu kesäkuuta lip lipanj lipnja meh mehefin "
        "meith meitheamh qer qershor xuno xuño červen června čvn ιουν ιουνίου ιουνιοσ ιουνιου ιούν ιούνιοσ июн июнь "
        "июня мау маусым черв червень червня чэр чэрвень чэрвеня юни јун јуни יוני يونيو जून"
    ),
    (
        "cervence cervenec cvc gor gorff gorffennaf heina heinakuu heinakuuta heinä heinäkuu heinäkuuta iuil iul "
        "iulie iyl iyul iúil juil juillet jul jula julai julho juli julie julij julijs julio juliol julius july juuli "
        "júl júla július júlí jūl jūlijs korr korrik liep liepa liepos lip lipca lipiec lug luglio srp srpanj srpnja "
        "tem temmuz uzt uztaila xul xullo července červenec čvc ιουλ ιουλίου ιουλιοσ ιουλιου ιούλ ιούλιοσ июл июль "
        "июля лип липень липня ліп ліпень ліпеня шіл шілде юли јул јули יולי يوليو जुलाई जुल॰"
    ),
    (
        "abu abuztua ag ago agost agosto agu agust agustos agustus aout août aug august augusta augusti augusts "
        "augustus augusztus avg avgust avq avqust awst ağu ağustos elo elokuu elokuuta gush gusht kol kolovoz "
        "kolovoza lun lunasa lún lúnasa ogo ogos rugp rugpjucio rugpjutis rugpjūtis rugpjūčio sie sierpien sierpień "
        "sierpnia srp srpen srpna ágú ágúst αυγ αυγουστοσ αυγουστου αυγούστου αύγ αύγουστοσ авг август августа жні "
        "жнівень жніуня жніўня серп серпень серпня там тамыз אוגוסט אוג׳ أغسطس अगस्त अग॰"
    ),
    (
        "eyl eylul eylül ira iraila medi mfomh mfómh rugs rugsejis rugsejo rugsėjis rugsėjo ruj rujan rujna sen "
        "sentyabr sep sept septembar september septembra septembre septembrie septembris septiembre set setembre "
        "setembro settembre sht shtator syys syyskuu syyskuuta szept szeptember wrz wrzesien wrzesień wrzesnia "
        "września zar zari zář září σεπ σεπτέμβριοσ σεπτεμβρίου σεπτεμβριοσ σεπτεμβριου вер верасень верасня вересень "
        "вересня сент сентябрь сентября сеп септембар септември қыр қыркүиек қыркүйек ספטמבר ספט׳ سبتمبر सितंबर सित॰"
    ),
    (
        "dfomh dfómh eki ekim hyd hydref lis listopad listopada loka lokakuu lokakuuta oct october octobre octombrie "
        "octubre okt oktobar oktober oktobra oktobris oktoober oktyabr október októbra ott ottobre out outubro paz "
        "pazdziernik pazdziernika paź październik października rij rijen rijna spal spalio spalis tet tetor urr urria "
        "říj říjen října οκτ οκτωβρίου οκτωβριοσ οκτωβριου οκτώβριοσ жовт жовтень жовтня кас кастрычнік кастрычніка "
        "окт октобар октомври октябрь октября қаз қазан אוקטובר אוק׳ أكتوبر अक्टूबर अक्टू॰"
    ),
    (
        "aza azaroa kas kasım lapkr lapkricio lapkritis lapkričio lis listopad listopada listopadu marras marraskuu "
        "marraskuuta nen nentor noiembrie nov novembar november novembra novembre novembris novembro noviembre noy "
        "noyabr nën nëntor nóv nóvember samh samhain stu studeni studenoga tach tachwedd νοέ νοέμβριοσ νοε νοεμβρίου "
        "νοεμβριοσ νοεμβριου лист листопад листопада ліс лістапад лістапада нов новембар ное ноември нояб ноябрь "
        "ноября қар қараша נובמבר נוב׳ نوفمبر नवंबर नव॰"
    ),
    (
        "abe abendua ara aralık dec decembar december decembra decembre decembrie decembris decembro dek dekabr des "
        "desember desembre dets detsember dez dezember dezembro dhj dhjetor dic dicembre diciembre dis disember déc "
        "décembre gru grudnia grudzien grudzień gruod gruodis gruodzio gruodžio joulu joulukuu joulukuuta noll "
        "nollaig pro prosinac prosinca prosince prosinec rhag rhagfyr δεκ δεκέμβριοσ δεκεμβρίου δεκεμβριοσ δεκεμβριου "
        "груд грудень грудня дек декабрь декабря декември дец децембар жел желтоқсан сне снежань снежня דצמבר דצמ׳ "
        "ديسمبر दिसंबर दिस॰"
    ),
)

# Croatian calls October what Polish and Czech call November: such a name means both.
MONTHS: dict[str, tuple[int, ...]] = {}
for _number, _names in enumerate(_MONTHS, 1):
    for _name in _names.split():
        MONTHS[_name] = (*MONTHS.get(_name, ()), _number)

# Short words are left out where they mean something else in another language: the Polish `do 3 maja` is until then.
_WEEKDAYS = (
    "ahad ahd antradienis aoine asteartea asteazkena astelehena bazar ceturtd ceturtdiena cmt csütörtök cum cuma "
    "cumartesi czw czwartek céad cümə dienstag dijous dilluns dim dimanche dimarts dimecres dinsdag dissabte "
    "diumenge divendres dom domenica domh domingo donderdag donnerstag dum duminică déar déardaoin enj esmaspäev "
    "fim fimmtudagur fre fredag freitag fri friday fös föstudagur gio giovedì gwe gwen hétfő hën iau igandea isn "
    "isnin jeu jeudi joi jue jueves jum jumaat jumat kam kamis kedd keskiviikko keskiviikkona ketvirtadienis kha "
    "khamis kolmapäev larunbata lau lauantai lauantaina laugardagur laupäev laurdag llun luan lun lundi lunedì "
    "lunes luni luns lör lördag lør lørdag maanantai maanantaina maandag man mandag mar mardi martedì martes "
    "marți maw mer mercoledì mercredi mie miercuri min minggu mittwoch mié miércoles mið miðvikudagur mon monday "
    "montag máirt mán mánudagur mån måndag mér mércores mër ned nedelja nedeľa nedjelja neděle neljapäev niedz "
    "niedziela ons onsdag osteguna ostirala otrd otrdiena paz pazar pazartesi penktadienis perjantai perjantaina "
    "perşembe pet petak petek piatok piektd piektdiena pirmadienis pirmd pirmdiena piątek pon pondelok pondělí "
    "ponedeljek ponedjeljak poniedziałek pzt pátek péntek pühapäev quarta-feira qui quinta-feira rab rabu reede "
    "sab sabato sabtu sad sal salı sam samedi samstag sat saterdag sath saturday seg segunda-feira sekmadienis "
    "sel selasa sen senin sestd sestdiena sex sexta-feira sht sob sobota sondag sonntag sre sreda sri srijeda "
    "streda středa subota sul sun sunday sunnudagur sunnuntai sunnuntaina svētd svētdiena sze szerda szo szombat "
    "sáb sábado sâm sâmbătă sön söndag søn søndag teisipäev ter terça-feira thu thursday tiistai tiistaina tir "
    "tirs tirsdag tis tisdag tor torek tors torsdag torstai torstaina trečiadienis trešd trešdiena tue tuesday "
    "tysdag uto utorak utorok vasárnap ven vendredi venerdì venres vie viernes vin vineri vrijdag vrydag wed "
    "wednesday woensdag wtorek xov xoves zaterdag zondag çar çarşamba çərşənbə úterý þri þriðjudagur čet četrtek "
    "četvrtak čtvrtek środa şənbə šeštadienis štvrtok δευ δευτέρα κυρ κυριακή πέμ πέμπτη παρ παρασκευή σάβ "
    "σάββατο τετ τετάρτη τρί τρίτη аў аўторак бейсенбі бс воскресенье вс вт вто вторник вівторок дс дүйсенбі "
    "жексенбі жм жс жұма нд нед недела неделя недеља неділя нядзеля пʼятниця панядзелак пет петак петок петък пн "
    "пон понеделник понедельник понедељак понеділок пт пятница пятніца саб сабота сб сейсенбі сенбі серада середа "
    "ср сре среда сряда сс суб суббота субота събота сәрсенбі уто уторак чацвер чет четвер четверг четвртак "
    "четврток четвъртък чт чц שבת الأحد الأربعاء الاثنين الثلاثاء الجمعة الخميس السبت गुरु गुरुवार बुध बुधवार "
    "मंगल मंगलवार रवि रविवार शनि शनिवार शुक्र शुक्रवार सोम सोमवार"
)
WEEKDAYS = frozenset(_WEEKDAYS.split())
