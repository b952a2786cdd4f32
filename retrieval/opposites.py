"""Words and their opposites, and the questions that ask the opposite of a question."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from retrieval.reader import Reader, Reading, Weigh
from retrieval.types import Passage

_WORD = re.compile(r"\w+")
_FAR_APART = 1.0
_READ_AGAIN = 8  # passages, the likeliest
# The first that stands beside a word is its opposite where only one is wanted.
_ACTS = (
    "increase decrease|increased decreased|rise fall|rose fell|win lose|won lost|start end|started ended|begin end|"
    "began ended|open close|opened closed|join leave|joined left|support oppose|supported opposed|allow forbid|"
    "allowed banned|accept reject|accepted rejected|agree refuse|agreed refused|buy sell|bought sold|attack defend|"
    "attacked defended|create destroy|created destroyed|built demolished|arrive leave|arrived left|enter leave|"
    "gain lose|gained lost|add remove|added removed|appoint dismiss|appointed dismissed|elected defeated|"
    "approve reject|approved rejected|strengthen weaken|lend borrow|arrest release|arrested released|hire fire|"
    "hired fired|expand reduce|expanded reduced|raise cut|raised cut|cause prevent|caused prevented|begin stop|"
    "quit join|withdraw join|withdrew joined|exit enter|entered left|impose lift|imposed lifted|suspend restore|"
    "suspended restored|ratify reject|ratified rejected|veto approve|vetoed approved|admit expel|admitted expelled|"
    "deploy withdraw|deployed withdrew|ban allow|condemn praise|condemned praised|tighten ease|tightened eased|"
    "resume suspend|resumed suspended|succeed fail|succeeded failed|grow shrink|grew shrank|include exclude|"
    "included excluded|return leave|returned left|confirm deny|confirmed denied|send receive|sent received"
)
_OTHERS = (
    "first last|oldest youngest|oldest newest|largest smallest|biggest smallest|highest lowest|most least|more less|"
    "more fewer|longest shortest|best worst|before after|above below|north south|east west|northern southern|"
    "eastern western|winner loser|beginning end|import export|imports exports|born buried|"
    "mother father|son daughter|brother sister|husband wife|male female|man woman|men women|king queen|"
    "same different|majority minority|maximum minimum|internal external|public private|military civilian|"
    "early late|earlier later|earliest latest|old new|young old|rich poor|strong weak|hot cold|good bad|"
    "always never|likely unlikely|legal illegal|possible impossible|successful unsuccessful|victory defeat|"
    "advantage disadvantage|inside outside|inner outer|primary secondary|former current|upper lower|over under|"
    "major minor|friend enemy|ally enemy|teach learn|question answer|remember forget"
)


def _opposites(pairs: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs.split("|"):
        one, other = pair.split()
        found[one] = (*found.get(one, ()), other)
        found[other] = (*found.get(other, ()), one)
    return found


_OF_ACTS, _OF_ALL = _opposites(_ACTS), _opposites(f"{_ACTS}|{_OTHERS}")


def opposites_in(text: str, *, acts: bool = False) -> list[tuple[int, int, tuple[str, ...]]]:
    """Where words lie that have opposites, in order of the text, each with those, the most usual first.

    Args:
        text: of any kind.
        acts: only words for what somebody does, and none that are written as names.
    """
    opposites = _OF_ACTS if acts else _OF_ALL
    words = [match for match in _WORD.finditer(text) if not acts or match.group().islower()]
    return [(*match.span(), opposites[word]) for match in words if (word := match.group().lower()) in opposites]


def asked_the_other_way(question: str) -> str | None:
    """The question of the opposite act, "joined" for "left"; ``None`` where it has no word for one."""
    for start, end, others in opposites_in(question, acts=True):
        return question[:start] + others[0] + question[end:]
    return None


def opposed(
    question: str,
    readings: Mapping[int, Reading],
    fetch: Callable[[Sequence[int]], Sequence[Passage]],
    reader: Reader,
    weigh: Weigh,
) -> float:
    """By how much passages answer the opposite of a question better than the question, in the reader's scores.

    What tells when a country joined is near the question when it left, and answers the opposite. Of what was read, the
    likeliest few passages are read again.

    Args:
        question: its words.
        readings: passages as they were read for it, by id.
        fetch: gives passages by id.
        reader: that read them.
        weigh: how rare words are.

    Returns:
        The difference of the best scores, in [0, 1]; 0 where the question is answered better, where it has no word for
        such an act, or nothing was read.
    """
    other = asked_the_other_way(question)
    if not readings or other is None:
        return 0.0
    likeliest = sorted(readings, key=lambda at: -readings[at].score)[:_READ_AGAIN]
    best = max(reading.score for reading in reader.read(other, fetch(likeliest), weigh))
    apart = best - readings[likeliest[0]].score
    return max(min(apart, _FAR_APART), 0.0)
