"""Ordinary English words: an alias that is one of them is found where nothing of the kind is meant.

Two thousand five hundred words that most Python Enhancement Proposals (public domain) use in lower case outside code,
a few hundred short nouns that products are named after, and words that are another one with two letters exchanged.
"""

from __future__ import annotations

__all__ = ["is_ordinary"]

_LISTED = """
ability able about above absence absolute abstract accept acceptable acceptance accepted accepting accepts access
accessed accessible accessing accidental accidentally accomplished according accordingly account accurate accurately
achieve achieved across act action actions active actively acts actual actually add added adding addition additional
additions address addressed addresses adds adjust administrators adopt adopted adopting adoption advance advanced
advantage advantages affect affected affecting affects after again against agent agree agreed ahead aim aims algorithm
algorithms alias aliases align all allocated allow allowed allowing allows ally almost alone along alongside alpha
already also alter alternate alternative alternatives although always ambiguity ambiguous among amount an analogous
analysis and annotated annotation annotations another answer any anymore anyone anything anyway anywhere apparent
appear appears appended apple applicable application applications applied applies apply applying approach approaches
appropriate appropriately approval approved approximately arbitrary archive archives are area areas argued argument
arguments arise arises arithmetic arm around array arrays as ask asked asking aspect aspects assign assigned assigning
assignment assignments associated assume assumed assumes assuming assumption assumptions asynchronous at atlas
attached attack attacks attempt attempted attempting attempts attention attractive attribute attributes author authors
auto automated automatic automatically availability available avoid avoided avoiding avoids aware away awkward back
backend backends background backport backward backwards bad bank bar bare barrier base based bases basic basically
basis basket be beam bear became because become becomes becoming been before begin beginning begins behave behaves
behavior behaviors behaviour behind being believe bell belongs below beneficial benefit benefits best beta better
between beyond big binaries binary bind binding bindings bird bit bits block blocks boat body boilerplate bolt bond
boolean boot boss both bound bowl brackets branch branches brand bread break breakage breaking breaks bridge broad
broader broken broom brought brush buffer bug bugfix bugs build building builds built builtin builtins burden bus but
by byte bytecode bytes cab cable cache cached caching calculated call callable callables callback callbacks called
caller calling calls came can candidate candidates cannot canonical cap capabilities capability capture captured car
card care careful carefully carrier carry cart case cases cash cast castle catch categories category caught cause
caused causes causing cell central certain certainly chain chair challenges chance change changed changes changing
character characters charm chart chat check checked checker checkers checking checks child chip choice choices choose
chooses choosing chose chosen circumstances city claim clarify clarity class classes clause clauses clean cleaner
cleanly cleanup clear clearer clearly client clients clip close closed closely cloud club co coach code codebase codes
coin collect collected collection collections colon column combination combinations combine combined combining come
comes coming comma command commands comment comments commit committed common commonly communicate communication
community compact compare compared comparing comparison comparisons compatibility compatible compelling compilation
compile compiled compiler compilers complete completed completely completion complex complexity complicated
complicates component components comprehensions compromise compute computed computing concept concepts conceptually
concern concerned concerns concise concrete condition conditional conditions configuration configure configured
conflict conflicts conform confused confusing confusion connection consensus consequence consequences conservative
consider consideration considerations considered considering consist consistency consistent consistently consists
constant constants constraints construct constructed constructing construction constructor constructors constructs
consume consumers contain contained container containers containing contains content contents context contexts
continue continues continuing contrast contribute contributed contributors control controlled convenience convenient
convention conventions conversion conversions convert converted converting cook copied copies copy copying cord core
corn corner correct correctly correctness correspond corresponding corresponds cost costs could count counter counting
counts couple course cover covered covers cow crane crash create created creates creating creation crew criteria
critical crop cross crown cumbersome cup current currently custom customer cycle cycles dash data database date dates
dawn day days de deal dealing debug debugging decide decided deciding decimal decision decisions deck declaration
declarations declare declared declaring decorated decorator decorators dedicated deemed deep deer default defaults
defer deferred define defined defines defining definition definitions delegate delete deleted deliberately delta
demand demonstrate demonstrates depend dependencies dependency dependent depending depends deployment depot deprecate
deprecated deprecation derived describe described describes describing description descriptor descriptors design
designed desirable desire desired desk despite detail detailed details detect detected detection determine determined
determines determining develop developed developer developers development dictionaries dictionary dicts did differ
difference differences different differently differs difficult difficulty digits direct direction directly directories
directory disable disabled disallow disallowed discouraged discovered discovery discuss discussed discusses discussing
discussion discussions dish disk display displayed disruptive distinct distinction distinguish distribute distributed
distribution distributions distutils division do dock docs docstring document documentation documented documents does
dog doing domain done door double dove down download downloaded downloading downsides downstream draft drafts
drawbacks drop dropped drum duck due duplicate duplication during dust dynamic dynamically each eagle earlier early
ease easier easily easy echo ecosystem edge editor editors effect effective effectively effects efficient efficiently
effort efforts either element elements eliminate eliminated else elsewhere email embedded embedding emit emitted empty
enable enabled enables enabling encode encoded encoding encodings encounter encountered encourage encouraged end
ending ends enforce enforced engine enhanced enhancement enhancements enough ensure ensures ensuring entire entirely
entries entry environment environments equal equality equally equivalent error errors escape especially essential
essentially established evaluate evaluated evaluates evaluating evaluation even event events eventually ever every
everyone everything evolution evolve exact exactly example examples except exception exceptions excluded exclusive
exclusively executable execute executed executes executing execution exercise exist existed existence existing exists
exit expand expanded expect expectation expectations expected expecting expects expensive experience experienced
explain explained explaining explains explanation explicit explicitly export expose exposed exposes exposing express
expressed expression expressions extend extended extending extends extensible extension extensions extensive extent
external externally extra extract extracted extracting extremely face facilitate fact factory fail failed failing
fails failure failures fairly fall fallback falls false familiar fan far farm fashion fast faster favor favour
feasible feature features feedback feel felt few fewer field fields figure file filename files filesystem fill filter
final finally find finding finds fine finished first fish fit five fix fixed fixes fixing flag flags flame flexibility
flexible flight float floating flow focus focused focuses fog folks follow followed following follows for force forced
forces fork form formal formally format formats formatted formatting former forms forward found four fox frame frames
framework frameworks free freeze frequently from front frozen fuel full fully function functional functionality
functions fundamental further future gain gained garbage gas gate gem general generally generate generated generates
generating generation generator generators generic get gets getting gift give given gives giving global globally
globals glue go goal goals goat goes going gold good got grain grammar grass great greater greatly grid group groups
grow guarantee guaranteed guarantees guess guidance guide guidelines guides gum hack had half hand handle handled
handler handlers handles handling happen happens hard harder hardware has hash hashes hat haulier have having hawk he
header headers heart heavily heavy held help helper helpful helps hen hence here hero hidden hide hierarchy high
higher highly hill his historical historically history hive hold holds hook hooks hope horse host hosted hosting how
however hub human hypothetical ice idea ideal ideally ideas identical identified identifier identifiers identify
identifying identity idiom if ignore ignored ignores ignoring illustrate image immediate immediately immutable impact
implement implementation implementations implemented implementing implements implications implicit implicitly implied
implies imply import important importantly imported importing imports impose impossible improve improved improvement
improvements improves improving in include included includes including inclusion incompatibilities incompatibility
incompatible incomplete inconsistent incorporated incorrect incorrectly increase increased increases increasing indeed
indentation independent independently index indexes indexing indicate indicated indicates indicating indices
indirectly individual infer inferred info information informational infrastructure inherent inherit inheritance
inherited inherits initial initialization initialize initialized initially inline inner input inputs inside inspect
inspired install installation installations installed installer installers installing installs instance instances
instantiated instead instruction instructions insufficient integer integers integrate integrated integration intend
intended intent intention intentionally interact interaction interactive interest interested interesting interface
interfaces intermediate internal internally internals interoperability interpret interpretation interpreted
interpreter interpreters into introduce introduced introduces introducing introduction introspection intuitive invalid
invocation invoice invoke invoked invoking involve involved involves involving iron is isolated issue issued issues it
item items iterable iterate iteration iterator iterators its itself jam jet job joint judge just justify keep keeping
keeps kept key keys keyword keywords kind kinds kit know knowing knowledge known knows lack lacks lake lambda lamp
lane language languages large largely larger last late later latest latter layer layout lazy lead leading leads leaf
learn learning least leave leaves leaving led left legacy legal length lens less let lets letter level levels
libraries library license life lifetime light like likely limit limitation limitations limited limiting limits line
lines link linked links linters lion list listed listing lists literal literals little live load loaded loading local
locally located location locations lock loft log logging logic logical long longer look looked looking looks lookup
lookups loop loops lose loss lost lot lots low lower machine machinery machines macro macros made magic magnet mail
mailing main mainly maintain maintained maintainer maintainers maintaining maintains maintenance major majority make
makes making malicious man manage managed management manager managers managing mandatory manner manual manually many
map maple mapped mapping mappings maps mark marked marker markers market marking marks mars master match matches
matching material matter matters maximum may maybe me mean meaning meaningful means meant mechanism mechanisms meet
member members memory mention mentioned mercury merely merge merged merging mesh message messages met meta metaclass
metadata method methods might migrate migrating migration milk mill mind minimal minimize minimum minor mint mirror
mirrors missing mistake mistakes mix mixed mode model models modern modification modifications modified modify
modifying module modules moment month months moon more moss most mostly motivated motivation move moved moving much
multi multiple must mutable my nail name named namely names namespace namespaces naming native natural naturally
nature near nearly necessarily necessary need needed needing needs negative neither nest nested network never new
newer newline newly next nice night no non none nor normal normally north not notable notably notation note noted
notes nothing notice noting notion nova now number numbers numeric oak object objections objects obscure observed
obsolete obtain obtained obvious obviously occur occurred occurs ocean of off offer offered offering offers office
official offset often old older omit omitted on once one ones ongoing online only onto opaque opcodes open opened
opening operate operating operation operations operator operators opinion opportunity opposed opposite opt
optimization optimizations optimized option optional optionally options or orange orbit order ordering ordinary
original originally other others otherwise otter our out outcome outer outlined outlines output outside over overall
overhead overlap overridden override overrides overriding owl own ownership pace package packages packaging pad page
pages pain pair pairs palm panel parallel parameter parameters parcel parent parentheses park parse parsed parser
parsing part partial partially participate particular particularly parts party pass passed passes passing past patch
patches path paths pattern patterns pearl pen pending people per perform performance performed performing performs
perhaps period permissive permit permits permitted person personal perspective phase phases phone pick piece pieces
pilot pin pine pitch place placed places plain plan plane planet planned plant plate platform platforms play please
plug plus pod point pointed pointer pointers pointing points pole policies policy pool popular port portable portion
position positional positive possibilities possibility possible possibly post posted pot potential potentially power
powerful practical practice practices pre precedence preceding precise precisely prefer preference preferred prefix
prefixed prefixes presence present presented presents preserve preserved preserves preserving pretty prevent
preventing prevents previous previously primarily primary prime principle print printed prior priority private
probably probe problem problematic problems procedure proceed process processed processes processing produce produced
produces producing product production program programmer programmers programming programs progress project projects
prone propagate proper properly properties property proposal proposals propose proposed proposes proposing protocol
protocols prototype provide provided provides providing proxy pseudo public publicly publish published publishing pull
pulse pump pure purely purpose purposes push put puts putting python qualified quality query quest question questions
quick quickly quite quo radar rail rain raise raised raises raising ramp ranch random range rare rarely rather
rationale raw ray reach reached reaches read readability readable reader readers readily reading reads ready real
really reason reasonable reasonably reasoning reasons receive received receives receiving recent recently recognize
recognized recommend recommendation recommendations recommended recommends record recorded records reduce reduced
reduces reducing redundant reef refactoring refer reference referenced references referred refers reflect regard
regarding regardless register registered registration registry regular reject rejected related relationship relative
relatively release released releases relevant reliable reliably relies rely relying remain remaining remains remember
remote removal remove removed removes removing renamed repeated replace replaced replacement replaces replacing repo
report reported reporting reports repositories repository represent representation representations represented
representing represents request requested requests require required requirement requirements requires requiring
reserved resolution resolve resolved resolving resource resources respect respective respectively response
responsibility responsible rest restrict restricted restriction restrictions result resulting results retain retained
retrieve retrieved return returned returning returns reuse reused reverse review reviewing revision rewrite rewritten
rich right ring risk risks river road robot robust rock rocket role roof room root rope rose roughly ruby rule rules
run running runs runtime safe safely safety said sail sake salt same sample sand satisfy save say says scale scenario
scenarios schedule scheme schemes scope scopes scout screen script scripts scroll sea seal search searching seat
second seconds section sections secure security see seed seem seems seen sees select selected selection self semantic
semantically semantics send sense sensitive sent separate separated separately separation sequence sequences series
serious serve served server servers serves service services set sets setting settings setup setuptools several share
shared sharing shark shell shield ship shop short shorter should show showing shown shows side sign signal signature
signatures signed significant significantly silently silver similar similarly simple simpler simplest simplicity
simplified simplifies simplify simply simultaneously since single site situation situations six size skip skipped sky
slate slight slightly slot slots slow slower small smaller smart smoke snippet snow so soap socket software soil
solely solution solutions solve solved some somehow someone something sometimes somewhat somewhere song soon sort
source sources south space spaces spark spec special specialized specific specifically specification specifications
specified specifier specifiers specifies specify specifying speed spelling spice spider split spot spring squad
stability stable stack staff stage stamp standalone standard standardized standards stands star start started starting
starts startup state stated statement statements states static statically status stay steam step steps still stone
stop storage store stored stores storing storm straightforward strategies strategy stream street strict strictly
string strings strong strongly structure structured structures style sub subclass subclasses subclassing subject
submitted subsequent subsequently subset substantial substantially subtle succeed succeeds success successful
successfully such sufficient sufficiently suffix suggest suggested suggestion suggestions suggests suitable suite
summary sun supplied supplier supply support supported supporting supports supposed sure surface surprising swan swift
switch switching symbol symbols sync syntactic syntactically syntax system systems table tables tag tags take taken
takes taking tank target targeted targets task tasks taught tea teach team technical technically technique techniques
tell temporarily temporary tend tent term terminated terminology terms test tested testing tests text than thanks that
the their them themselves then there therefore these they thing things think thinking third this those though thought
thread threading threads three through throughout thus ticket tied tiger time times to toast today together token
tokens too took tool tooling tools top topic torch total towards tower town traceback track tracked tracker tracking
trade traditional trailing train transformation transition translation treat treated tree trees tried tries trigger
trivial true truly trust trusted try trying tube tune turn turned turns turtle twice two type typed types typical
typically typing ugly ultimately unable unambiguous unchanged unclear undefined under underlying underscore
underscores understand understanding understood undesirable undocumented unexpected unfortunately unicode union unique
unit universal unknown unless unlike unlikely unmodified unnecessarily unnecessary unpacking unrelated unsafe
unspecified unsupported until unused unusual up update updated updates updating upgrade upload uploaded upon upstream
us usability usable usage use used useful user users uses using usual usually utility valid validate validation valley
valuable value values van variable variables variant variants variations variety various vary vast vault vendor
verbose verification verify version versioned versions versus very via viable vice view village virtual visible voice
vote wagon wait waiting wall want wanted wants warn warning warnings was watch water wave way ways we weak web well
were what whatever wheel wheels when whenever where whereas whether which whichever while whitespace who whole whose
why wide widely wider widespread will willing wing winter wish wishes with withdrawn within without wolf wood word
words work workaround workarounds worked workflow working works world worm worry worse worst worth would wrap wrapped
wrapper wrappers wrapping wraps write writes writing written wrong yard year years yet yield yields you your zero zone
"""
_EXCHANGED = """
accouterments accoutrements agonies agonise aliens alines amphitheater amphitheaters amphitheatre amphitheatres angels
angles anthologies anthologise apologies apologise barely barked barking barley belated blankest blankets bleated
braked braking briskest briskets bugled bugles bugling bulged bulges bulging burglaries burglarise caliber calibers
calibre calibres carted carting carved carves carving carvings casual casually categorise causal causally center
centerfold centerfolds centerpiece centerpieces centers centiliter centiliters centilitre centilitres centimeter
centimeters centimetre centimetres centre centrefold centrefolds centrepiece centrepieces centres cervices closest
closets colonies colonise compiles complaint compliant complied complies concerted concerting concreted concreting
consign consing coroner coroners crated crating craved craves craving cravings creeps crepes crevices crooner crooners
cubist cubits dairies deputies deputise diaries direst discreet discrete driest economies economise energies energise
epicenter epicenters epicentre epicentres eulogies eulogise factories factorise fantasies fantasise farmed farmer
farmers farming fiberboard fiberglass fibers fibreboard fibreglass fibres framed framer framers framing freshest
freshets garter garters gilded gilding gingko gingkoes gingkos ginkgo ginkgoes ginkgos glided gliding goiter goiters
goitre goitres grater graters gustier gustiest gutsier gutsiest harmonies harmonise infarction infraction kilometer
kilometers kilometre kilometres lackluster lacklustre limpest limpets liters litres louver louvers louvre louvres
luster lustre madrasas madrassa mantel mantelpiece mantelpieces mantels mantle mantlepiece mantlepieces mantles
marital martial meager meagerly meagerness meagre meagrely meagreness memories memorise meters metres micrometer
micrometers micrometre micrometres militaries militarise milliliter milliliters millilitre millilitres millimeter
millimeters millimetre millimetres minuet minuets minute minutes miters mitres monopolies monopolise mouses mousse
nickel nickels nickle nickles notaries notarise overdoes overdose parted parting pasties patios patois patsies perfect
perfects philosophies philosophise philter philters philtre philtres plaint pliant pluses poises posies prated prating
prefect prefects priorities prioritise pulses reconnoiter reconnoiters reconnoitre reconnoitres repertoires
repertories retired retires retried retries reveres rhapsodies rhapsodise rogues rouges sabers sabres sacred salted
salting saltpeter saltpetre salved salver salvers salves salving scared scepter scepters sceptre sceptres sepulcher
sepulchers sepulchre sepulchres sherds shreds shriek shrieks shrike shrikes signer signers signing silvered silvering
silvers singed singer singers singing slated slating slaved slaver slavers slaves slaving sliver slivered slivering
slivers soldier solider soliloquies soliloquise solitaires solitaries somber somberly sombre sombrely spares sparse
specter specters spectre spectres subsidies subsidise summaries summarise sympathies sympathise teazel teazels teazle
teazles theater theaters theatre theatres theories theorise thickest thickets thickset tilted tilting timber timbers
timbre timbres titled titling trailed trails treaties treatise trialed trialing trials tyrannies tyrannise united
unites untied unties waiver wavier
"""
_WORDS = frozenset((*_LISTED.split(), *_EXCHANGED.split()))


def is_ordinary(term: str) -> bool:
    """Return whether a term is one ordinary English word, in lower case or at the beginning of a sentence."""
    return term.lower() in _WORDS
