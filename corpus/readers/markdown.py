"""Markdown with YAML front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import yaml
from frontmatter.default_handlers import YAMLHandler

from corpus.readers.articles import assemble
from corpus.readers.cleaning import one_line, tidy
from corpus.readers.files import read_text
from corpus.readers.port import BadItem, Origin
from corpus.readers.problems import Unreadable, shortened
from retrieval.types import Article

_FIELDS = ("id", "title", "source", "url", "published")
_NULLS = frozenset({"~", "null", "Null", "NULL"})
_KEY = re.compile(r"\s*\w[\w-]*:(?:\s|$)")


class MarkdownReader:
    """Reads one article a file. Its front matter may give ``id``, ``title``, ``source``, ``url``, ``published``."""

    suffixes = frozenset({".md", ".markdown"})

    def read(self, origin: Origin) -> Iterator[Article | BadItem]:
        """The article of a file, and what is wrong with it."""
        try:
            metadata, body = _split(read_text(origin))
            fields, complaints = _fields(metadata)
            title, text = _without_heading(tidy(body), fields.get("title", ""))
            yield from assemble(origin, fields | {"title": title}, text)
        except Unreadable as error:
            where = origin.relative if error.line is None else f"{origin.relative} line {error.line}"
            yield BadItem(where, str(error))
        else:
            yield from (BadItem(origin.relative, complaint) for complaint in complaints)


def _split(text: str) -> tuple[Mapping[object, object], str]:
    """The front matter and the body; all of the text is the body where there is no front matter.

    Raises:
        Unreadable: the front matter is no YAML, or does not end.
    """
    handler = YAMLHandler()
    start = text.lstrip()
    skipped = text.count("\n") - start.count("\n")
    if not handler.detect(start):
        return {}, text
    try:
        source, body = handler.split(start)
    except ValueError:
        if not _KEY.match(start.lstrip("-")):
            return {}, text
        reason = "front matter has no end: put a line of --- below it"
        raise Unreadable(reason, line=skipped + 1) from None
    above = skipped + start.count("\n", 0, start.index(source, len("---")))
    metadata = _load(handler, source, above)
    if isinstance(metadata, dict):
        return metadata, body
    # Anything else that is not blank is prose between two horizontal rules.
    return {}, text if metadata else body


def _load(handler: YAMLHandler, source: str, above: int) -> object:
    """Front matter as YAML; ``above`` counts the lines before ``source``."""
    try:
        # This loader leaves every value the string that was written: a date stays a date that we read
        # ourselves, id 007 stays 007, and no tag can make an object.
        return handler.load(source, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        shown = shortened((source.split("\n")[line : line + 1] or [""])[0])
        reason = f"front matter is no YAML ({error.problem}) at {shown}: correct it, or quote the value"
        raise Unreadable(reason, line=above + line + 1) from error
    # The two last come of an escaped character beyond Unicode.
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        reason = f"front matter is no YAML ({shortened(str(error))}): correct it"
        raise Unreadable(reason, line=above + 1) from error


def _fields(metadata: Mapping[object, object]) -> tuple[dict[str, str], list[str]]:
    """The fields that articles have, and a complaint for each that is not one value."""
    fields: dict[str, str] = {}
    complaints: list[str] = []
    for name in _FIELDS:
        value = metadata.get(name, "")
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            fields[name] = "" if value in _NULLS else value
        elif value:
            complaints.append(f"{name} is {shortened(value)}, not one value (it is left out): write one")
    return fields, complaints


def _without_heading(body: str, title: str) -> tuple[str, str]:
    """The title, and the body without the first heading where that is the title."""
    heading, rest = _first_heading(body)
    if not heading or (title and one_line(heading) != one_line(title)):
        return title, body
    return heading, rest.strip()


def _first_heading(body: str) -> tuple[str, str]:
    """The heading of the first level that opens the body, empty where there is none, and what follows it."""
    line, _, rest = body.partition("\n")
    if line.startswith(("# ", "#\t")):
        heading = line[1:].strip()
        unclosed = heading.rstrip("#")
        # Closing marks stand apart: "Why C#" keeps its own.
        return (unclosed.rstrip() if unclosed != unclosed.rstrip() else heading), rest
    underline, _, below = rest.partition("\n")
    if underline and not underline.strip("="):
        return line, below
    return "", body
