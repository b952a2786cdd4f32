"""Names in news text: runs of capitalised words, with the titles before them, and forms in which they compare."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from retrieval.given_names import GIVEN_NAMES
from retrieval.types import Span

UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĶĹĻĽĿŁŃŅŇŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽ"
_ABBREVIATED = "Mr|Mrs|Ms|Dr|Sen|Sens|Rep|Reps|Gov|Lt|Gen|Col|Sgt|Capt|Cmdr|Adm|Rev|Prof|Maj|Supt|Det|Insp|Messrs|Pres"
NAME_WORD = rf"[{UPPER}](?:[^\W\d_]|[’'](?!s\b)(?=[^\W\d_]{{2}}))*(?:[-‑][^\W\d_][^\W\d_’']*)*"
_TOKEN = rf"(?:(?:{_ABBREVIATED})\.|(?:[{UPPER}]\.){{1,3}}|(?:al|el|ul)-{NAME_WORD}|{NAME_WORD})"
_PARTICLE = r"(?:(?:de|da|do|dos|del|della|di|du|der|den|van|von|bin|bint|ibn|al|el|la|le|ter|ten|y)[ \u00a0])"
_NAME = re.compile(rf"(?<![\w’'.-]){_TOKEN}(?:[ \u00a0]{_PARTICLE}{{0,3}}{_TOKEN})*(?:,? (?:Jr|Sr)\b\.?)?")
_SUFFIX = frozenset("Jr. Jr Sr. Sr II III IV V VI".split())
# Words that begin a sentence and no name.
_FUNCTION = frozenset(
    (
        "The A An In On At But And Or Nor When While As After Before If For From With Without He She It They We I You "
        "His Her Their Its My Our Your This That These Those There Then Now Here What Who Whom Whose Which Why How "
        "Where Some Many Most All One Two Three Four Five Both Also Still Yet So Not No Yes Last Earlier Later "
        "Meanwhile However Although Though Since Because Until Once During According Asked Speaking Like Among About "
        "Over Under Between Despite Instead Even Just Only Other Another Others Several Every Each More Such To By Of "
        "Into Through Against Nearly Almost Perhaps Read Watch Today Yesterday Tomorrow Monday Tuesday Wednesday "
        "Thursday Friday Saturday Sunday January February March April May June July August September October November "
        "December Additionally Moreover Furthermore Indeed Besides Following Given Including Inside Outside Told "
        "Adding Citing Added Regarding Related Exclusive Opinion"
    ).split()
) - {"April", "May", "June", "August"}
_TITLES = frozenset(
    (
        "Mr. Mrs. Ms. Dr. Sen. Rep. Gov. Lt. Gen. Col. Sgt. Capt. Cmdr. Adm. Rev. Prof. Maj. Supt. Det. Insp. Pres. "
        "Mr Mrs Ms Dr Sir Dame Lord Lady President Chancellor King Queen Prince Princess Pope Duke Duchess Archbishop "
        "Bishop Cardinal Imam Rabbi Judge Justice Senator Governor Mayor Congressman Congresswoman Representative "
        "Councilman Councilwoman Sheriff Sergeant Captain Colonel General Admiral Lieutenant Major Officer Detective "
        "Professor Doctor Coach Ambassador Emperor Empress Father Pastor Reverend Minister Secretary Commissioner "
        "Speaker Premier"
    ).split()
)
_KEPT = frozenset("King Queen Prince Princess Pope Duke Duchess Sir Dame Lord Lady Emperor Empress".split())
"""Titles that a name of one word is known with."""
_ROLES = _TITLES | frozenset(
    (
        "Former Vice Prime Deputy Acting Interim Chief Chairman Chairwoman Chair Director Executive Attorney State "
        "Defense Defence Education Communications Culture Trade Environment Intelligence Energy Commerce "
        "Transportation Agriculture Veterans Affairs Treasury Foreign Interior Health Finance Justice Homeland "
        "Security Leader Majority Minority Whip House Senate Republican Republicans Democrat Democrats Democratic "
        "Conservative Labour Labor Supervisor Superintendent CEO CFO COO CTO Founder Manager Spokesman Spokeswoman "
        "Spokesperson Press Police Fire Marshal Lawyer Editor Correspondent Reporter Actor Actress Singer Rapper "
        "Comedian Author Economist Professor Analyst Strategist Administrator Inspector Adviser Advisor Counsel "
        "Director-General Undersecretary Lieutenant Ex-President Co-founder Co-Founder Supreme Court Crown First "
        "Surgeon Principal Provost Commander Chairperson Treasurer Prosecutor Pilot Sophomore Freshman Senior "
        "Junior Nobel Laureate Olympian MP MEP Congressman-elect President-elect Governor-elect"
    ).split()
)
_NO_PERSON = frozenset(
    (
        "Alabama Alaska Arizona Arkansas Colorado Connecticut Delaware Hawaii Idaho Illinois Indiana Iowa Kansas "
        "Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri Montana Nebraska "
        "Nevada Oklahoma Oregon Pennsylvania Tennessee Utah Vermont Wisconsin Wyoming Rica Rico Pakistan Poland "
        "Finland Sweden Spain Italy Turkey Syria Afghanistan Taiwan Belarus Egypt Rights University College School "
        "Department Ministry Committee Commission Council Court Congress Senate House Party Union Association "
        "Institute Agency Bureau Office Bank Company Corp Corporation Inc Ltd Group Foundation Center Centre Hospital "
        "Police Force Forces Army Navy Guard Museum Airlines Airways Airport Park Street Avenue Road Boulevard "
        "Highway Island Islands Beach City County State States River Lake Ocean Sea Mountain Mountains Valley News "
        "Times Post Journal Magazine Press TV Network Radio Studio Studios Pictures Entertainment Awards Award "
        "Festival Cup League Olympics Games Team Club FC Stadium Arena Church Cathedral Act Bill Amendment Project "
        "Program Service Services Administration Authority Board Society Alliance Organization Organisation Fund "
        "Trust Laboratory Labs Technologies Systems Partners Capital Holdings Media Square Hall Hotel Theater Theatre "
        "Garden Gardens Republic Kingdom Federation Nations America American Americans Africa Asia Europe European "
        "Korea China Russia Russian Ukraine Ukrainian Britain British Canada Mexico India Israel Iran Iraq France "
        "Germany Japan Australia England Scotland Ireland Wales Brazil Texas Florida California Ohio Georgia Virginia "
        "Carolina Dakota York Jersey Hampshire Angeles Vegas Francisco Diego Antonio Washington White Pentagon "
        "Kremlin Capitol Republicans Democrats Republican Democrat Series Bowl Day Week Month Year War World National "
        "International Federal Global Central Northern Southern Eastern Western North South East Netflix Disney Apple "
        "Google Amazon Microsoft Twitter Facebook Instagram YouTube TikTok Reuters Associated CNN BBC NBC ABC CBS FBI "
        "CIA NASA NATO WHO CDC FDA EPA NFL NBA MLB NHL UEFA FIFA Covid Christmas Easter Thanksgiving Halloween Monday "
        "Tuesday Wednesday Thursday Friday Saturday Sunday January February September October November December Photo "
        "Images Getty Tower Bridge Bay Coast Show Prize Academy Hills Heights Springs Creek Falls Nation Tribune "
        "Herald Chronicle Insider Today Weekly"
    ).split()
) - {"Washington", "London", "Israel"}
_NO_FIRST = frozenset(
    (
        "New North South East United Los Las San Santa Supreme White Great Grand Red Black Blue Golden Super Big Saint"
    ).split()
)


_ALIKE = str.maketrans({"’": "", "'": "", "‑": "-"})


def plain(text: str) -> str:
    """A text in a form in which names can be compared: without case, accents and apostrophes."""
    parts = unicodedata.normalize("NFKD", text.translate(_ALIKE))
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=100_000)
def folded(word: str) -> str:
    """A word of a name in that form."""
    return plain(word).rstrip(".")


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name to compare, without titles before it and "Jr." after it."""
    words = [word for word in re.sub(r"[^\w\s’'.‑-]", " ", name).split() if word not in _SUFFIX] or [name]
    while len(words) > 1 and words[0].capitalize() in _ROLES:
        words.pop(0)
    return tuple(folded(word) for word in words)


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words: the titles before, and the name itself, which alone the span covers."""

    titles: tuple[str, ...]
    words: tuple[str, ...]
    span: Span

    @property
    def text(self) -> str:
        """The name, without titles but for those that a given name alone is known with: "Prince Harry"."""
        alone = all(word in _SUFFIX for word in self.words[1:])
        kept = [title for title in self.titles[-1:] if alone and title in _KEPT]
        return " ".join([*kept, *self.words])

    @property
    def titled(self) -> bool:
        """Whether a title of a person stands before it."""
        return any(title in _TITLES for title in self.titles)

    @property
    def of_no_person(self) -> bool:
        """Whether a word in it is one of places or organisations; a given name in front may be one too ("Georgia")."""
        places = any(word in _NO_PERSON for word in self.words[self.words[0] in GIVEN_NAMES :])
        return places or self.words[0] in _NO_FIRST


def names(told: str, within: Span) -> Iterator[Name]:
    """The names in a part of a text, in order, of people and of whatever else has one."""
    for match in _NAME.finditer(told, within.start, within.end):
        parts = [(m.group(), m.start()) for m in re.finditer(r"[^ \u00a0]+", match.group())]
        while parts and (re.split("[’']", parts[0][0])[0] in _FUNCTION or parts[0][0].endswith("-old")):
            parts.pop(0)
        titles = max((i + 1 for i, (word, _) in enumerate(parts) if word in _ROLES), default=0)
        before, name = [word for word, _ in parts[:titles]], parts[titles:]
        while len(name) > 1 and name[0][0].isupper() and len(name[0][0]) > 2 and "." not in name[0][0]:
            before.append(name.pop(0)[0])
        name = name[_begins([word for word, _ in name]) :]
        if name and not name[0][0].islower():
            start = match.start() + name[0][1]
            words = tuple(word.rstrip(",") for word, _ in name)
            yield Name(tuple(before), words, Span(start, match.end()))


def _begins(words: Sequence[str]) -> int:
    """Where the name begins in words of which the first may be a place: "Costa Rica Cynthia Telles"."""
    given = [at for at, word in enumerate(words[:-1]) if word in GIVEN_NAMES]
    if not given or given[-1] == 0:
        return 0
    return given[-1] if given[-1] > 1 or words[0] in _NO_PERSON else 0
