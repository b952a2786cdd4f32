"""What a line is by its shape alone: prose, or something shorter."""

from __future__ import annotations

import re

# A full stop of any script, with the closing marks after it. Headlines end with "?", "!" and "..." too.
_FULL_STOP = re.compile(r"(?<!\.)[.。｡।۔][\"'”’»)\]]*$")
# A caption or a headline is shorter than the one; a sentence that stands as a paragraph is longer than the other.
_LONG = 200
_SHORTEST_SENTENCE = 40
_LONGEST_HEADLINE = 130


def ends_sentence(line: str) -> bool:
    """Whether a line ends with a full stop."""
    return _FULL_STOP.search(line[-10:]) is not None


def is_prose(line: str) -> bool:
    """Whether a line is a paragraph of an article's body rather than a headline, a caption or a label."""
    return len(line) >= _LONG or (len(line) >= _SHORTEST_SENTENCE and ends_sentence(line))


def is_headline(line: str) -> bool:
    """Whether a line may be one of a list of headlines."""
    return len(line) <= _LONGEST_HEADLINE and not ends_sentence(line)


def words(line: str) -> list[str]:
    """The words of a line in small letters, a possessive as its owner."""
    return re.findall(r"\w+", re.sub(r"['’]s\b", "", line.casefold()))
