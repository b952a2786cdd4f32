"""Follow-ups: questions that need what was asked before them."""

from __future__ import annotations

import re

from retrieval.questions import LONGEST_QUESTION

_NEW_TOPIC = re.compile(r"^\W*new topic\b[\s:;,.!–—-]*", re.IGNORECASE)
_FILTER = re.compile(r'(?<!\S)(?:since|until|source):(?:"[^"]*"|“[^”]*”|\S*)', re.IGNORECASE)
_WORD = re.compile(r"[\w'’-]+")
# What opens a question that goes on from another one.
_OPENING = re.compile(
    r"^\W*(?:and|but|or|also|so|then|what about|how about|what else|who else|where else|why not|how so|since when"
    r"|really|in what way|for example|such as)\b",
    re.IGNORECASE,
)
# What points back to somebody or something; "that" and "there" only where they stand for a noun.
_POINTING = re.compile(
    r"\b(?:he|him|his|she|her|hers|they|them|their|theirs|it|its|these|those|the (?:former|latter|same)"
    r"|this(?! (?:week|month|year|morning|evening|spring|summer|autumn|winter)\b)"
    r"|that(?=\W*$| (?:is|was|were|happen|happened|mean|means|meant|work|works|matter|matters|deal|decision"
    r"|agreement|meeting|visit|time|day)\b)|there(?=\W*$))\b",
    re.IGNORECASE,
)
# A name inside the question, which a pronoun after it may stand for.
_NAME = re.compile(r"(?<=[\w,;] )[A-Z]\w+")
# "Is it true that …" points to nothing.
_EMPTY_IT = re.compile(
    r"\b(?:is|was|does|did|will|would) it (?:true|possible|likely|legal|safe|take|matter)\b", re.IGNORECASE
)
_SHORT = 2
_KEPT = LONGEST_QUESTION // 2


def new_topic(text: str) -> str | None:
    """What stands after "new topic", perhaps nothing; ``None`` where the text does not begin with it."""
    match = _NEW_TOPIC.match(text)
    return text[match.end() :].strip() if match else None


def is_follow_up(text: str) -> bool:
    """Whether a question makes no sense alone: "and China?", "why?", "when did he say so?"."""
    if not any(character.isalnum() for character in text):
        return False  # nothing is asked, whatever went before
    if len(_WORD.findall(_FILTER.sub(" ", text))) <= _SHORT or _OPENING.match(text):
        return True
    pointing = _POINTING.search(_EMPTY_IT.sub(" ", text))
    return pointing is not None and not _NAME.search(text, 0, pointing.start())


def combined(before: str, text: str) -> str:
    """What to search for: the question before, and then what was added; of a long history the end is kept."""
    if len(before) > _KEPT:
        before = before[-_KEPT:].partition(" ")[2]
    return f"{before} {text.strip()}"
