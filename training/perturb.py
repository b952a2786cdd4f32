"""Questions changed so that the passage that answered them does not any more.

People write such questions by changing one thing that the passage says: a name, a number, a word for its opposite
(Rajpurkar et al., 2018, "Know What You Don't Know: Unanswerable Questions for SQuAD"). So is done here by rule.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from retrieval.opposites import opposites_in

_NAME = re.compile(r"\b[A-Z][\w’'-]+(?: (?:of |the |de |van |al-)?[A-Z][\w’'-]+)*")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_YEAR = re.compile(r"1\d{3}|20\d\d")
_NOT = re.compile(r"\bnot |n[’']t\b| never\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"^(?:(?:who|what)|(?:which|what|how many) [\w -]{2,40}?) "
    r"(?:is|are|was|were|has|have|had|can|could|will|would|did)\b",
    re.IGNORECASE,
)


def perturbed(
    question: str, passage: str, elsewhere: Sequence[str], answers: Sequence[str], chance: random.Random
) -> str | None:
    """A question like this one that the passage does not answer; ``None`` where no rule applies.

    Args:
        question: answered by the passage.
        passage: its text.
        elsewhere: other texts, of the same article or kind, to take names from.
        answers: what answers the question; never put into it.
        chance: what chooses.
    """
    rules: list[tuple[float, Callable[[], str | None]]] = [
        (0.45, lambda: _other_name(question, passage, elsewhere, answers, chance)),
        (0.25, lambda: _opposite(question, chance)),
        (0.2, lambda: _other_number(question, passage, answers, chance)),
        (0.1, lambda: _negated(question)),
    ]
    while rules:
        (chosen,) = chance.choices(rules, [weight for weight, _ in rules])
        changed = chosen[1]()
        if changed:
            return changed
        rules.remove(chosen)
    return None


def _other_name(
    question: str, passage: str, elsewhere: Sequence[str], answers: Sequence[str], chance: random.Random
) -> str | None:
    names = [match for match in _NAME.finditer(question) if match.start() > 0]
    if not names:
        return None
    name = chance.choice(names)
    text = passage if chance.random() < 0.35 or not elsewhere else chance.choice(elsewhere)
    taken = " ".join([question, *answers]).lower()
    # A word that opens a sentence may be no name: of those only runs of several words are taken.
    found = {
        match.group()
        for match in _NAME.finditer(text)
        if " " in match.group() or text[max(match.start() - 2, 0) : match.start()].strip(" “\"'(").isalpha()
    }
    others = sorted(other for other in found if not any(word.lower() in taken for word in other.split()))
    if not others:
        return None
    return question[: name.start()] + chance.choice(others) + question[name.end() :]


def _other_number(question: str, passage: str, answers: Sequence[str], chance: random.Random) -> str | None:
    numbers = list(_NUMBER.finditer(question))
    if not numbers:
        return None
    number = chance.choice(numbers)
    said = set(_NUMBER.findall(passage))
    taken = set(_NUMBER.findall(" ".join([question, *answers])))
    alike = sorted(other for other in said - taken if len(other) == len(number.group()))
    if alike and chance.random() < 0.5:
        other = chance.choice(alike)
    elif _YEAR.fullmatch(number.group()):
        other = str(int(number.group()) + chance.choice([-1, 1]) * chance.randint(1, 25))
    else:
        other = re.sub(r"[1-9]", lambda _: str(chance.randint(1, 9)), number.group())
    if other in taken or (other in said and other not in alike):
        return None
    return question[: number.start()] + other + question[number.end() :]


def _opposite(question: str, chance: random.Random) -> str | None:
    words = opposites_in(question)
    if not words:
        return None
    start, end, others = chance.choice(words)
    return question[:start] + chance.choice(others) + question[end:]


def _negated(question: str) -> str | None:
    if _NOT.search(question):
        return _NOT.sub("", question, count=1)
    subject = _SUBJECT.match(question)
    return f"{question[: subject.end()]} not{question[subject.end() :]}" if subject else None
