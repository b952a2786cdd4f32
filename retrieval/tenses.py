"""Whether news tells what has happened or what is to come, by the verbs around a place in a sentence."""

from __future__ import annotations

import re

_IRREGULAR = (
    "said told was were had did went came took made gave got began became won lost left met held led fell rose "
    "saw sent spent shot struck hit found fought brought bought built broke chose drew drove flew grew hung "
    "heard kept knew laid meant paid quit ran rode sank sold sought spoke stood stole swore swept threw taught "
    "thought tore upheld wore withdrew wrote"
).split()
_FINITE = (
    "said told was were had did went came took gave began became fell rose saw flew drew drove grew knew sank spoke "
    "swore threw tore wore withdrew wrote announced added reported confirmed tweeted died"
).split()
_NOT_PAST = "need indeed united speed feed breed seed exceed proceed succeed hundred sacred kindred embed".split()
_FUTURE = re.compile(
    r"\b(?:will|won['’]t|shall|would|"
    r"(?:is|are|was|were|be|been|has been|have been)\s(?:also\s|now\s|still\s|currently\s)?"
    r"(?:set|scheduled|expected|due|slated|planned|planning|poised|going|to)|set\sfor|scheduled|slated|"
    r"plan(?:s|ned|ning)?\sto|hop(?:es?|ed|ing)\sto|expect(?:s|ed)?\sto|(?:forecast|likely|predicted|projected|on\strack|about|ready|bound)\sto|upcoming)\b|\w['’]ll\b",
    re.IGNORECASE,
)
_PAST = re.compile(rf"(?<!be )(?<!been )\b(?!(?:{'|'.join(_NOT_PAST)})\b)(?:[a-z]{{2,}}ed|{'|'.join(_IRREGULAR)})\b")
_CERTAIN = re.compile(rf"\b(?:{'|'.join(_FINITE)})\b")
_PERFECT = re.compile(
    r"\b(?:has|have|had|['’]s|['’]ve)\s(?:\w+\s){0,2}(?:\w+ed|been|\w+en|made|won|lost|hit|met|set|put|cut)\b"
)
_SAID = re.compile(rf"\b(?:{'|'.join(_FINITE)}|declared|ordered|ruled|voted|approved|signed)\b")
_FRONT = 3  # words before a date that stands in front of its clause
_NEXT = 30  # characters after one within it that may hold its verb: "The court on Monday ruled"
_RELATIVE = re.compile(r",\s(?:who|which|whose|where)\b[^,]*,")
_CLAUSE = re.compile(r"[;:—–]|,\s(?:who|which|but|and|when|where|while|the|a)\b")


def tells_an_event(sentence: str) -> bool:
    """Whether it has a verb of the past, the perfect or the future."""
    return any(pattern.search(sentence) for pattern in (_PAST, _PERFECT, _FUTURE))


def tells_the_past(sentence: str) -> bool:
    """Whether it has a verb of the past or the perfect and none of the future."""
    return bool(_PAST.search(sentence) or _PERFECT.search(sentence)) and not _FUTURE.search(sentence)


def reports(sentence: str) -> bool:
    """Whether it tells, in the perfect or with a verb that is one of the past alone, what is new."""
    return bool(_PERFECT.search(sentence) or _SAID.search(sentence))


def lies_ahead(sentence: str, start: int, end: int) -> bool | None:
    """Whether what happens at a time, named by the characters ``start`` to ``end``, lies ahead; ``None``: no telling.

    The last verb before it in its clause decides ("will meet on Friday", "said on Friday that he will"), or the first
    one after it ("On Friday, the leaders will meet").
    """
    before = _RELATIVE.sub("", sentence[:start])
    clause = before[max((m.end() for m in _CLAUSE.finditer(before)), default=0) :]
    future = max((m.end() for m in _FUTURE.finditer(clause)), default=-1)
    if future >= 0:
        # A participle after "will" is none of its own: "will meet the ousted leader on Friday".
        return not _CERTAIN.search(clause, future)
    if _PAST.search(clause):
        return False
    after = sentence[end:] if len(clause.split()) <= _FRONT else sentence[end : end + _NEXT]
    coming, gone = _FUTURE.search(after), _PAST.search(after)
    if coming is None and gone is None:
        return None  # "Leaders meet on Friday"
    return coming is not None and (gone is None or coming.start() < gone.start())
