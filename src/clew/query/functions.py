"""The functions that a user's SQL may call.

None of them reads anything but its arguments: no files, addresses, dictionaries, settings, names
of the host, other tables or code. Names are in lower case.
"""

from __future__ import annotations

from typing import Final

COMBINATORS: Final = ("if", "array", "distinct", "ornull", "ordefault", "map", "foreach")
"""What an aggregate function's name may end with, also more than once."""

_AGGREGATES: Final = """
any anylast argmax argmin avg avgweighted corr count covarpop covarsamp deltasum entropy
exponentialmovingaverage first_value grouparray grouparraylast grouparraymovingavg
grouparraymovingsum grouparraysample groupbitand groupbitor groupbitxor groupconcat
groupuniqarray histogram kurtpop kurtsamp last_value max maxmap median medianexact min minmap
quantile quantileexact quantileexactweighted quantiles quantilesexact quantilestdigest
quantiletdigest quantiletiming simplelinearregression skewpop skewsamp stddev stddev_pop
stddev_samp stddevpop stddevsamp sum summap sumwithoverflow topk topkweighted uniq uniqcombined
uniqexact uniqhll12 uniqthetasketch var_pop var_samp variance varpop varsamp
"""
_WINDOW: Final = """
cume_dist dense_rank lag laginframe lead leadinframe nth_value ntile percent_rank rank row_number
"""
_CONDITIONS: Final = """
and assumenotnull case coalesce exists greatest if ifnull in isnotnull isnull isnullable least
multiif not nullif or tonullable xor
"""
_NUMBERS: Final = """
abs acos asin atan atan2 bitand bitcount bitor bitshiftleft bitshiftright bitxor cbrt ceil
ceiling cos degrees divide e equals exp exp2 floor gcd greater greaterorequals intdiv
intdivorzero isfinite isinfinite isnan lcm less lessorequals ln log log10 log1p log2 minus mod
modulo multiply negate notequals pi plus pow power radians round roundbankers rounddown sign sin
sqrt tan trunc truncate width_bucket
"""
_CASTS: Final = """
accuratecast accuratecastornull cast reinterpretasstring tobool todate todate32 todatetime
todatetime64 todatetime64ornull todatetimeornull todecimal32 todecimal64 tofixedstring tofloat32
tofloat64 tofloat64ornull tofloat64orzero toint16 toint32 toint64 toint64ornull toint64orzero
toint8 tolowcardinality tostring totypename touint16 touint32 touint64 touint64ornull
touint64orzero touint8 try_cast
"""
_TEXTS: Final = """
base64decode base64encode char_length character_length charlength concat concat_ws concatws
counts countsubstrings empty endswith endswithutf8 extract extractall format
formatreadablequantity formatreadablesize formatreadabletimedelta hasalltokens hasanytokens
hastoken hastokencaseinsensitive hex ilike initcap lcase left leftpad length lengthutf8
like locate lower lowerutf8 lpad ltrim match multisearchany multisearchanycaseinsensitive
multisearchanycaseinsensitiveutf8 multisearchfirstposition ngramdistance ngramsearch notempty
notilike notlike position positioncaseinsensitive positioncaseinsensitiveutf8 positionutf8
regexp_like regexp_replace repeat replace replaceall replaceone replaceregexpall
replaceregexpone reverse reverseutf8 right rightpad rpad rtrim split splitbychar splitbynonalpha
splitbyregexp splitbystring splitbywhitespace startswith startswithutf8 substr substring
substringutf8 tokens trim trimboth trimleft trimright ucase unhex upper upperutf8
"""
_TIMES: Final = """
adddays addhours addminutes addmonths addseconds addweeks addyears age current_date
current_timestamp currentdate currenttimestamp date date_add date_diff date_sub date_trunc
dateadd datediff datename datesub datetrunc day dayofmonth dayofweek dayofyear extract
formatdatetime fromunixtimestamp fromunixtimestamp64micro fromunixtimestamp64milli
fromunixtimestamp64nano hour makedate makedatetime minute month monthname now now64
parsedatetime parsedatetimebesteffort parsedatetimebesteffortornull quarter second
subtractdays subtracthours subtractminutes subtractmonths subtractseconds subtractweeks
subtractyears timediff timeslot timestamp timestamp_add timestamp_sub timestampadd timestampdiff
timestampsub timezoneoffset today todayofmonth todayofweek todayofyear tohour
tointervalday tointervalhour tointervalminute tointervalmonth tointervalsecond tointervalweek
tointervalyear toisoweek toisoyear tolastdayofmonth tominute tomonday tomonth
torelativedaynum toquarter tosecond tostartofday tostartoffifteenminutes tostartoffiveminutes
tostartofhour tostartofinterval tostartofminute tostartofmonth tostartofquarter tostartofsecond
tostartoftenminutes tostartofweek tostartofyear totime totimezone tounixtimestamp
tounixtimestamp64micro tounixtimestamp64milli tounixtimestamp64nano toweek toyear toyearweek
toyyyymm toyyyymmdd week year yesterday
"""
_CONTAINERS: Final = """
array arrayall arrayavg arraycompact arrayconcat arraycount arraycumsum arraydifference
arraydistinct arrayelement arrayelementornull arrayenumerate arrayenumerateuniq arrayexcept
arrayexists arrayfill arrayfilter arrayfirst arrayfirstindex arrayflatten arrayintersect
arrayjaccardindex arrayjoin arraylast arraylastindex arraymap arraymax arraymin arraypopback
arraypopfront arrayproduct arraypushback arraypushfront arrayresize arrayreverse
arrayreversesort arrayrotateleft arrayshiftleft arrayshuffle arrayslice arraysort
arraystringconcat arraysum arraysymmetricdifference arrayunion arrayuniq arrayzip explode
flatten has hasall hasany hassubsequence indexof map mapadd mapapply mapconcat mapcontains
mapcontainskey mapcontainskeylike mapexists mapexists mapextractkeylike mapfilter
mapfromarrays mapkeys mapsort mapvalues range tuple tupleelement untuple
"""
_JSON: Final = """
isvalidjson json_exists json_query json_value jsonarraylength jsonextract jsonextractarrayraw
jsonextractbool jsonextractfloat jsonextractint jsonextractkeys jsonextractkeysandvalues
jsonextractraw jsonextractstring jsonextractuint jsonhas jsonkey jsonlength jsontype
simplejsonextractbool simplejsonextractfloat simplejsonextractint simplejsonextractraw
simplejsonextractstring simplejsonextractuint simplejsonhas tojsonstring
"""
_OTHERS: Final = """
bar cityhash64 grouping halfmd5 lagbehind levenshteindistance editdistance jarowinklersimilarity
md5 numbers runningdifference siphash64 transform xxhash64
"""

_GROUPS: Final = (
    _AGGREGATES,
    _WINDOW,
    _CONDITIONS,
    _NUMBERS,
    _CASTS,
    _TEXTS,
    _TIMES,
    _CONTAINERS,
    _JSON,
    _OTHERS,
)
ALLOWED: Final = frozenset(name for group in _GROUPS for name in group.split())
