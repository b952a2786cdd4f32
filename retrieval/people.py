"""The people whom an article names, and which of them a name, a title or a pronoun means."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from retrieval.given_names import GIVEN_NAMES, MEN, WOMEN
from retrieval.names import NAME_WORD, UPPER, Name, folded, name_words, names
from retrieval.types import Span

_FEMALE = frozenset(
    "mrs ms actress spokeswoman congresswoman chairwoman councilwoman businesswoman queen princess duchess dame lady "
    "mother mom daughter"
    "sister wife widow girlfriend grandmother aunt niece woman girl she empress".split()
)
_MALE = frozenset(
    "mr spokesman congressman chairman councilman businessman king prince duke sir lord father dad son brother "
    "husband widower boyfriend"
    "grandfather uncle nephew man boy pope he emperor".split()
)
_APPOSITION = re.compile(
    r",? \(?(?:(?P<age>\d{1,3})[,)]|who\b|whose\b|(?:an?|the|then|one of)\s(?P<role>[^,.;:()]{3,80}))"
)
_BEFORE = re.compile(r"((?:[a-z][\w’'-]*[ \u00a0]){1,4})$")
_ROLE_NOUN = re.compile(
    r"\b(?:\w+(?:man|woman|person|ologist|ist|ician|ian|ator|ctor|yer|cher|ger|ner|der|ter|tor)|president|secretary|chief|officer|"
    r"actress|star|coach|judge|attorney|captain|chair|king|queen|expert|professor|author|host|ceo|mother|father|son|wife|husband|"
    r"daughter|brother|sister|guard|pilot|chef|mayor|rapper|rep|singer|journalist|player|candidate|nominee|doctor|astronaut|"
    r"lawmaker|rival|colleague|friend|deputy|medic|nurse|resident|survivor|victim|suspect)\s$"
)
_HEAD_ENDS = re.compile(r"\s(?:of|for|at|in|on|with|from|to|by|who|and|whose|that|which|turned)\b")
_SAYS = re.compile(r"\s(?:said|says|told|tells|added|wrote|tweeted|explained|continued|recalled|noted)\b")
_PLACED = re.compile(r"\b(?:at|in|near|to|from|of|the|for|on|into|outside|with)\s$", re.IGNORECASE)
_SAID = re.compile(r"\b(?:said|says|added|wrote)\s$")
_SPEAKING = re.compile(
    rf"(?<![{UPPER}a-z] )(?:\b({NAME_WORD})\s(?:said|says|told|added|wrote|tweeted|explained|recalled)\b|"
    rf"\b(?:said|says|added)\s({NAME_WORD})[,.])"
)
_NEAR = 700
"""Characters within which a relative named in full is meant by the surname too."""


class Gender(StrEnum):
    """As pronouns tell it."""

    MALE = "he"
    FEMALE = "she"
    UNKNOWN = ""


@dataclass(eq=False, slots=True)
class Person:
    """Somebody whom an article names.

    Args:
        name: as fully as the article gives it, without titles.
        words: of the name, in a form to compare.
        gender: as far as it is known.
        roles: words of titles and descriptions, in lower case.
    """

    name: str
    words: tuple[str, ...]
    gender: Gender = Gender.UNKNOWN
    roles: set[str] = field(default_factory=set)

    @property
    def surname(self) -> str:
        """The last word of the name."""
        return self.words[-1]


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a person is named."""

    span: Span
    person: Person


class People:
    """The people of one article.

    Args:
        told: its text, with blanks in place of what is quoted.
        asked: words of a name that is known to be a person's, as :func:`name_words` gives them.
    """

    def __init__(self, told: str, asked: Sequence[str] = ()) -> None:
        self._told = told
        self._asked = tuple(asked)
        self._speaking = {folded(name) for match in _SPEAKING.finditer(told) for name in match.groups() if name}
        self.everyone: list[Person] = []
        self._bearers: dict[str, list[Person]] = {}
        """By surname."""
        runs = list(names(told, Span(0, len(told))))
        for run in runs:
            if len(run.words) > 1 and self._is_person(run):
                self._note(self._of_words(run) or self._add(run.text), run)
        for run in runs:
            if len(run.words) == 1 and run.titled:
                known = [p for p in self.everyone if folded(run.words[0]) in {p.surname, p.words[0]}]
                if not known:
                    self._note(self._add(run.text), run)
        self.mentions: list[Mention] = []
        self._starts: list[int] = []
        for run in runs:
            person = self._meant(run)
            if person is not None:
                self._note(person, run)
                self.mentions.append(Mention(run.span, person))
                self._starts.append(run.span.start)

    def within(self, span: Span) -> Sequence[Mention]:
        """Who is named in a part of the article, in order."""
        return self.mentions[bisect_left(self._starts, span.start) : bisect_left(self._starts, span.end)]

    def named(self, span: Span) -> Person | None:
        """Whom the name that ends a part of the article means.

        One who is named by one word that nobody else bears counts as a person all the same, though it may be none.
        """
        run = next((run for run in names(self._told, span) if run.span.end == span.end), None)
        if run is None:
            return None
        known = self.known(run.span)
        if known is not None:
            return known
        shared = len(run.words) == 1 and any(folded(run.words[0]) in person.words for person in self.everyone)
        unlike = shared or run.of_no_person
        return None if unlike else Person(run.text, name_words(run.text))

    def known(self, span: Span) -> Person | None:
        """Whom the name that ends a part of the article means, if that is known to be a person's."""
        return next((m.person for m in self.within(span) if m.span.end == span.end), None)

    def first_name(self, within: Span) -> Span | None:
        """The first name in a part of the article, whomever or whatever it names."""
        return next((run.span for run in names(self._told, within)), None)

    def described(self, head: str, before: int) -> Person | None:
        """The only one, of those named before a place, whom such a word describes ("the senator")."""
        bearers = list(
            dict.fromkeys(m.person for m in self.mentions if m.span.start < before and head in m.person.roles)
        )
        return bearers[0] if len(bearers) == 1 else None

    def learn_genders(self, sentences: Iterable[Span]) -> None:
        """Let pronouns tell the gender of who alone is named in a sentence, at its beginning."""
        for sentence in sentences:
            named = {m.person for m in self.within(sentence)}
            first = next(iter(self.within(sentence)), None)
            if len(named) != 1 or first is None or first.person.gender or first.span.start > sentence.start + 40:
                continue
            after = self._told[first.span.end : sentence.end].lower()
            he, she = (len(re.findall(p, after)) for p in (r"\b(?:he|his|him|himself)\b", r"\b(?:she|her|herself)\b"))
            if bool(he) != bool(she):
                first.person.gender = Gender.MALE if he else Gender.FEMALE

    def _is_person(self, run: Name) -> bool:
        told, (start, end) = self._told, (run.span.start, run.span.end)
        if run.of_no_person:
            return False
        before = told[max(start - 60, 0) : start]
        role = _BEFORE.search(before)
        return bool(
            run.titled
            or name_words(run.text) == self._asked
            or folded(run.words[-1]) in self._speaking
            or run.words[0] in GIVEN_NAMES
            or (role and _ROLE_NOUN.search(role.group()))
            or (_APPOSITION.match(told, end) and not _PLACED.search(before))
            or _SAYS.match(told, end)
            or _SAID.search(before)
        )

    def _add(self, name: str) -> Person:
        person = Person(name, name_words(name))
        self.everyone.append(person)
        self._bearers.setdefault(person.surname, []).append(person)
        return person

    def _of_words(self, run: Name) -> Person | None:
        words = name_words(run.text)
        for person in self._bearers.get(words[-1], ()):
            if person.words[0] == words[0] and (len(words) > 1 or len(person.words) == 1):
                if len(words) > len(person.words):
                    person.name, person.words = run.text, words
                return person
        return None

    def _meant(self, run: Name) -> Person | None:
        if len(run.words) > 1:
            return self._of_words(run)
        word = folded(run.words[0])
        bearers = self._bearers.get(word, [])
        if len(bearers) > 1:
            return self._of_relatives(run, bearers)
        if bearers:
            return bearers[0]
        first = [p for p in self.everyone if p.words[0] == word]
        return first[0] if len(first) == 1 else None

    def _of_relatives(self, run: Name, bearers: Sequence[Person]) -> Person | None:
        """Whom of several a surname means: the one whose title it bears, else who was named first.

        Nobody, where another of them has been named just before.
        """
        titles = {title.lower().rstrip(".") for title in run.titles}
        by_title = [p for p in bearers if titles & p.roles]
        if titles and len(by_title) == 1:
            return by_title[0]
        earlier = [m.person for m in self.mentions if m.person in bearers]
        main = earlier[0] if earlier else bearers[0]
        near = [m.person for m in self.mentions if m.person in bearers and m.span.start > run.span.start - _NEAR]
        return main if not near or near[-1] is main else None

    def _note(self, person: Person, run: Name) -> None:
        """What stands beside a name tells of its bearer."""
        words = {title.lower().rstrip(".") for title in run.titles}
        before = _BEFORE.search(self._told, max(run.span.start - 60, 0), run.span.start)
        if before and not run.titles and _ROLE_NOUN.search(before.group()):
            words.add(before.group().split()[-1])
        after = _APPOSITION.match(self._told, run.span.end)
        if after and after["role"]:
            head = _HEAD_ENDS.split(after["role"], maxsplit=1)[0].split()
            words.update(head[-1:])
        person.roles |= {word.lower() for word in words}
        if not person.gender:
            person.gender = _gender(person, run)


def _gender(person: Person, run: Name) -> Gender:
    female, male = bool(person.roles & _FEMALE), bool(person.roles & _MALE)
    if female != male:
        return Gender.FEMALE if female else Gender.MALE
    first = next((word for word in run.words if word in GIVEN_NAMES), "") if len(run.words) > 1 else ""
    if first != run.words[0]:
        return Gender.UNKNOWN
    return Gender.MALE if first in MEN else Gender.FEMALE if first in WOMEN else Gender.UNKNOWN
