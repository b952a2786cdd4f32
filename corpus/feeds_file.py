"""The file ``feeds.toml``: which feeds there are and how each is read."""

from __future__ import annotations

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus.errors import FeedsFileError
from corpus.feed_options import FeedOptions, OutletFacts
from corpus.feed_records import KnownFeed
from corpus.fetching.urls import has_credentials, has_scheme, is_web_address

BUILTIN = "builtin"
"""The feed of the briefs that ship with the project."""
LONGEST_NAME = 100
_LISTS = frozenset({"frozen_set_type", "tuple_type"})


def check_name(name: str) -> str:
    """See that a feed can be called so, in lists, in logs and by who types it.

    Raises:
        ValueError: it cannot; the message says why.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise ValueError(f"the name {name[:50]!r} cannot be used: write 1 to {LONGEST_NAME} characters on one line")
    return name


class FeedEntry(FeedOptions):
    """A feed as the file names it."""

    name: Annotated[str, AfterValidator(check_name)]
    location: str = Field(min_length=1, max_length=2000)

    @model_validator(mode="after")
    def _fits(self) -> FeedEntry:
        check_location(self.location, self)
        if self.name == BUILTIN:
            raise ValueError(f"the name {BUILTIN!r} is the shipped briefs': choose another")
        return self

    def known(self, folder: Path) -> KnownFeed:
        """Name and location; a path in the file is meant from the file's folder."""
        place = self.location
        return KnownFeed(self.name, place if is_web_address(place) else str(folder / Path(place).expanduser()))

    def options(self) -> FeedOptions:
        """How the feed is read."""
        return FeedOptions(**{name: getattr(self, name) for name in FeedOptions.model_fields})


class FeedsFile(BaseModel):
    """All that the file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feed: tuple[FeedEntry, ...] = ()


def check_location(location: str, options: FeedOptions) -> None:
    """See that a location can be what the options say.

    Raises:
        ValueError: it cannot; the message says why.
    """
    if has_scheme(location) and not is_web_address(location):
        raise ValueError(f"the location {location!r} is no address of http or https: only those are fetched")
    if is_web_address(location) and has_credentials(location):
        raise ValueError("the location holds a user name or a password, which are never sent: take them out")
    if options.kind is not None and options.kind.on_the_web != is_web_address(location):
        wanted = "a web address" if options.kind.on_the_web else "a path"
        raise ValueError(f"a feed of kind {options.kind.value!r} needs {wanted}, and the location is {location!r}")


def read_feeds_file(file: Path) -> FeedsFile:
    """Read and check the file.

    Raises:
        FeedsFileError: it cannot be read, or something in it is wrong; the message says the line.
    """
    try:
        text = file.read_bytes().decode("utf-8").removeprefix("\ufeff")
        value = tomllib.loads(text)
    except OSError as error:
        raise FeedsFileError(f"{file} cannot be read ({error.strerror or error}): check BACKCHANNEL_FEEDS") from error
    except UnicodeDecodeError as error:
        raise FeedsFileError(f"{file} is not UTF-8 at byte {error.start}: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise FeedsFileError(f"{file} is no TOML: {error}") from error
    try:
        feeds = FeedsFile.model_validate(value)
    except ValidationError as error:
        # A key that is misspelled is missing too: what was written says more than what was not.
        first = min(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
        path = first["loc"] if _holds(value, first["loc"]) else first["loc"][:-1]
        raise FeedsFileError(f"{file} line {line_of(text, path)}: {_complaint(dict(first))}") from error
    _check_unique(feeds, file, text)
    return feeds


def line_of(text: str, path: tuple[int | str, ...]) -> int:
    """The line where the value at a path begins; 1 where there is none.

    It is the first one with which the text, cut off there, holds the value: a parser knows best what a line means.
    """
    begin = 1
    lines = text.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        try:
            value = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(value, path):
            return begin
        begin = count + 1
    return 1


def _holds(value: Any, path: tuple[int | str, ...]) -> bool:  # noqa: ANN401 (whatever TOML can hold)
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _complaint(error: dict[str, Any]) -> str:
    path = error["loc"]
    key, value = next((step for step in reversed(path) if isinstance(step, str)), ""), error.get("input")
    if error["type"] == "extra_forbidden":
        return f"{key!r} is no key {_place(path)}{_nearest(key, _keys(path))}"
    if error["type"] == "missing":
        return f"a feed has no {key}: give it one"
    reason = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] in _LISTS:
        reason = "write a list" + (
            f", such as [{json.dumps(value, ensure_ascii=False)}]" if isinstance(value, str) else ""
        )
    return reason if error["type"] == "value_error" else f"{key} = {value!r} cannot be used: {reason}"


def _keys(path: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where a path ends."""
    models: dict[int, type[BaseModel]] = {1: FeedsFile, 3: FeedEntry}
    return list(models.get(len(path), OutletFacts).model_fields)


def _place(path: tuple[int | str, ...]) -> str:
    return {1: "of the file", 3: "of a feed"}.get(len(path), "of an outlet")


def _nearest(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1, cutoff=0.4)
    return f": did you mean {near[0]!r}?" if near else f": there are {', '.join(known)}"


def _check_unique(feeds: FeedsFile, file: Path, text: str) -> None:
    for key in ("name", "location"):
        first_at: dict[str, int] = {}
        for number, entry in enumerate(feeds.feed):
            value = getattr(entry, key)
            first = first_at.setdefault(value, number)
            if first != number:
                lines = [line_of(text, ("feed", n, key)) for n in (number, first)]
                raise FeedsFileError(
                    f"{file} line {lines[0]}: the {key} {value!r} is taken by the feed of line {lines[1]}: give another"
                )
