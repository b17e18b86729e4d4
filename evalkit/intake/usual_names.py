"""Words that schools and survey tools usually write: headings, waves, totals and ways to say 'no answer'."""


def _words(text: str) -> frozenset[str]:
    return frozenset(" ".join(word.split()) for word in text.split("|"))


PUPIL_NAMES = _words("""pupil|pupil code|pupil id|pupil no|pupil number|pupil identifier|pupil ref|pupil reference|
student|student code|student id|student number|participant|participant code|participant id|child code|child id|
id code|code|unique code|unique id|identifier|unique identifier|survey code|personal code|admission number|
admission no|adno|unique pupil number|upn|record id|id|
pupilcode|pupilid|studentcode|studentid|participantcode|participantid|childcode|idcode|uniquecode""")

SCHOOL_NAMES = _words("""school|urn|school urn|school id|school code|school number|school ref|school reference|
laestab|la estab|dfe number|dfe no|establishment number|school name|setting""")
CLASS_NAMES = _words("""class|class name|class code|class id|teaching group|form|form group|tutor group|reg|reg group|
registration group""")
ARM_NAMES = _words("""arm|trial arm|group|allocation|allocated to|allocated group|treatment|treat|trial group|condition|
study group|intervention or control|intervention|treatment group|randomised to|randomised group""")

WAVE_NAMES = _words("""wave|time|time point|timepoint|occasion|phase|round|survey|survey wave|pre post|pre or post|
before after|before or after|wave id|survey round|redcap event name|event name""")

FIRST_WAVE = _words("""pre|before|baseline|start|initial|beginning|pre test|pretest|pre survey|pre programme""")
LAST_WAVE = _words("""post|after|final|end|endline|follow up|followup|post test|posttest|post survey|exit""")

IDENTITY_NAMES = _words("""name|full name|pupil name|student name|your name|what is your name|first name|firstname|
forename|forenames|surname|last name|lastname|family name|preferred name|known as|email|e mail|email address|
e mail address|your email|username|user name|phone|phone number|telephone|mobile|address|home address|postcode|
post code|date of birth|dob|birthday|birth date|upn|unique pupil number|parent name|parent email|ip address|
ipaddress|ipaddr|recipient last name|recipient first name|recipient email|recipientlastname|recipientfirstname|
recipientemail|legal name|legal surname|legal forename|legal forenames|legal first name|legal last name|
chosen name|chosen surname|chosen forename|preferred surname|preferred forename|middle name|middle names|
home email|home phone|parental email|location latitude|location longitude|locationlatitude|locationlongitude|
longitude|latitude|postal""")

FORM_NAMES = _words("""id|start time|completion time|last modified time|timestamp|total points|quiz feedback|
grade posted time|score|language|start date|end date|startdate|enddate|recorded date|recordeddate|submission id|
respondent id|
collector id|response id|responseid|progress|finished|
duration in seconds|status|distribution channel|distributionchannel|
user language|userlanguage|submit date|submitdate|last page|lastpage|seed|start language|startlanguage|
date last action|datestamp|external reference|externalreference|external data reference|
redcap survey identifier|redcap repeat instrument|redcap repeat instance|redcap data access group|response type|
#|refurl|interviewtime|total time|session|created|modified|ended|expired|
q recaptchascore|q language|q totalduration|q relevantidduplicate|q relevantidfraudscore|q ballotboxstuffing|
repeat instrument|repeat instance|survey identifier|survey timestamp|complete|data access group|
unique response number|userid|userno|user id|user no|started|tracking link|token|custom data|
start date utc|stage date utc|submit date utc|network id|tags|ending|
time started|date submitted|contact id|legacy comments|comments|referer|sessionid|session id|user agent|
country|city|state region""")

FORM_MARKS = _words("""start time|completion time|timestamp|submitdate|submit date|recorded date|recordeddate|
datestamp|redcap survey identifier|unique response number|tracking link|submit date utc|time started|date submitted|
survey timestamp""")
VAGUE_FORM_NAMES = _words("""score|progress|status|language|seed|finished|session|created|modified|ended|expired|
#|started|token|complete|tags|ending|comments|country|city|userid|userno|user id|user no""")

ERRORS_HEADING = "Errors"  # of the column that evalkit writes; a file that comes back has it

TOTALS = _words("""total|totals|grand total|sub total|subtotal|sum|average|averages|mean|means|median|maximum|
minimum|sd|standard deviation|stdev|st dev|class average|class mean|overall|overall average|percentage|percent|avg|
ave|year average|group average|group mean|school average|school mean|column total|totals and averages|
number of pupils|number of students|number of responses|count|pupils|students|responses""")

PEOPLE = _words("pupil|student|participant|child")  # beside a column of codes they head names
SCHOOL_NUMBERS = _words("upn|unique pupil number|admission number|admission no|adno")
TRIED_OUT = _words("survey preview|preview|survey test|test|spam")
TEST_CODES = _words("""test|tests|testing|tester|test test|test pupil|test student|pupil test|teacher test|staff test|
this is a test|just a test|dummy|example|sample|teacher""")

SUB_HEADINGS = _words("response|responses|open ended response")

MISSING_NUMBERS = frozenset({-9, -99, -999, -9999, 99, 999, 9999})
MISSING_WORDS = _words("""na|n a|nan|null|nil|not applicable|prefer not to say|prefer not to answer|
i prefer not to say|i d rather not say|rather not say|missing|blank|no answer|not answered|no response|not given|
skipped|absent|left blank|did not answer|no data""")
MISSING_MARKS = frozenset({".", "..", "...", "-", "–", "—", "--", "---", "?", "/"})
