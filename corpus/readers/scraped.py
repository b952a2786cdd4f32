"""An article told from the site around it, in text that was copied or scraped from a page.

The rules go by shape, position and repetition, and by a table of phrases that sites use. Where they leave a doubt a
line is kept: noise can be read over, a lost paragraph cannot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from corpus.readers.furniture import is_date, is_furniture, is_label, opens_list
from corpus.readers.shape import is_headline, is_prose, words

# Lines of hard-wrapped text are not longer than this.
_WRAP = 120
# Short lines that go on for longer are the article itself: a transcript, a list, a poem.
_LONGEST_HEAD = 12
_LONGEST_LIST = 20
_FEWEST_HEADLINE_WORDS = 4
_MOST_TAG_WORDS = 4
_LONGEST_HEADING_WORDS = 5
_SITE_SEPARATORS = "|–—-·•»"


@dataclass(frozen=True, slots=True)
class Scraped:
    """An article's title, empty where none stands above its body, and its text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A paragraph: a block between blank lines, or one line of a block whose lines stand for themselves."""

    text: str
    block: int

    @property
    def line(self) -> str:
        return " ".join(self.text.split())


def without_site(text: str, title: str = "") -> Scraped:
    """The article in a page's text.

    Args:
        text: tidy text, with paragraphs parted by blank lines or line breaks.
        title: the article's title, where it is already known.
    """
    units = [unit for unit in _units(text) if opens_list(unit.line) or not is_furniture(unit.line)]
    units = _without_lists(units)
    title, body = _without_head(units, title)
    return Scraped(title, _joined(body or units))


def _units(text: str) -> list[_Unit]:
    return [_Unit(part, number) for number, block in enumerate(text.split("\n\n")) for part in _parts(block) if part]


def _parts(block: str) -> list[str]:
    """The lines of a block, or the block itself where its lines are only wrapped."""
    lines = block.split("\n")
    short = all(len(line) <= _WRAP for line in lines)
    runs_on = any(line.lstrip()[:1].islower() for line in lines[1:])
    return [block] if short and runs_on else lines


def _joined(units: Sequence[_Unit]) -> str:
    blocks = groupby(units, key=lambda unit: unit.block)
    # What stood before the first line, or behind the last, may have gone: they open and close the text now.
    return "\n\n".join("\n".join(unit.text for unit in block) for _, block in blocks).strip()


def _without_lists(units: Sequence[_Unit]) -> list[_Unit]:
    """Without lists of other headlines and the lines above them ("Related stories:")."""
    kept: list[_Unit] = []
    position, in_body = 0, False
    while position < len(units):
        unit = units[position]
        if opens_list(unit.line):
            position = _end_of_list(units, position + 1, in_body=in_body)
        else:
            kept.append(unit)
            in_body = in_body or is_prose(unit.line)
            position += 1
    return kept or list(units)


def _end_of_list(units: Sequence[_Unit], start: int, *, in_body: bool) -> int:
    """Where the article goes on after a list that starts at ``start``; ``in_body`` if prose came before it."""
    end = start
    while end < len(units) and is_headline(units[end].line) and not opens_list(units[end].line):
        end += 1
    if end - start > _LONGEST_LIST:
        return start
    if end == start or end == len(units):
        return end
    # What stands right above prose may be the title, or a heading of the article if it is short.
    is_heading = end - start > 1 and len(units[end - 1].line.split()) <= _LONGEST_HEADING_WORDS
    return end - 1 if is_heading or not in_body else end


def _without_head(units: Sequence[_Unit], title: str) -> tuple[str, list[_Unit]]:
    """The title, and the units without it and without what else stands above the body and is not the article's."""
    opening = units[:_LONGEST_HEAD]
    start = next((at for at, unit in enumerate(opening) if is_prose(unit.line)), None)
    head = units[:1] if start is None else units[:start]
    title = title or _headline([unit.line for unit in head])
    kept = [unit for unit in _without_repeated(head) if not (is_label(unit.line) or _repeats(unit.line, title))]
    return title, kept + list(units[len(head) :])


def _without_repeated(head: Sequence[_Unit]) -> list[_Unit]:
    """Without tags that stand there more than once; of a longer line, the first is kept."""
    times = Counter(unit.line for unit in head)
    first = {unit.line: unit for unit in reversed(head)}
    return [unit for unit in head if times[unit.line] == 1 or (first[unit.line] is unit and not _is_tag(unit.line))]


def _headline(head: Sequence[str]) -> str:
    """The first line of the head that is long enough, else its longest; without a site's name where it stands twice."""
    lines = [line for line in head if not (is_label(line) or is_date(line))]
    long_enough = [line for line in lines if len(words(line)) >= _FEWEST_HEADLINE_WORDS]
    title = next(iter(long_enough), max(lines, key=len, default=""))
    return next((line for line in long_enough if _is_with_site(title, line)), title)


def _repeats(line: str, title: str) -> bool:
    """Whether a line is the title again, alone or with the site's name, or a tag that says nothing beyond it."""
    tokens, said = words(line), words(title)
    return tokens == said or _is_with_site(line, title) or (_is_tag(line) and set(tokens) <= set(said))


def _is_tag(line: str) -> bool:
    return len(words(line)) <= _MOST_TAG_WORDS and not is_date(line)


def _is_with_site(line: str, title: str) -> bool:
    """Whether a line is the title with a separator and a site's name after it."""
    return bool(title) and line.startswith(tuple(f"{title} {separator} " for separator in _SITE_SEPARATORS))
