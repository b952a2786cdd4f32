"""What a server's answer says."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

import aiohttp

from corpus.errors import FetchError
from corpus.fetching.bodies import Body, TooLong
from corpus.fetching.port import Fetched, Request, Validators
from corpus.fetching.urls import joined

_PIECE = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_HEADER = 500
_LONGEST_WAIT = 7 * 86400.0
_REASONS = {
    401: "wants a login",
    403: "is forbidden, or wants a login",
    404: "is not there: check the address",
    410: "is there no more: leave it out",
    429: "is asked for too often: refresh it less often",
    451: "is withheld by law",
}


class Moved(Exception):
    """What is sought is somewhere else."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


async def read_answer(response: aiohttp.ClientResponse, url: str, request: Request) -> Fetched:
    """The content of an answer.

    Raises:
        Moved: it is a redirect.
        FetchError: it is no success; the message says what it is.
        TooLong, Garbled: the body cannot be read.
    """
    if response.status in _REDIRECTS and "Location" in response.headers:
        raise Moved(joined(url, response.headers["Location"]))
    content_type = response.headers.get("Content-Type", "")
    validators = _validators(response)
    if response.status == 304 and request.validators.headers():
        return Fetched(url, b"", content_type, validators, unchanged=True)
    if response.status != 200:
        raise _refusal(response, url)
    if (response.content_length or 0) > request.most:
        raise TooLong
    body = Body(response.headers.get("Content-Encoding", ""), request.most)
    async for chunk in response.content.iter_chunked(_PIECE):
        body.feed(chunk)
    return Fetched(url, body.end(), content_type, validators)


def _validators(response: aiohttp.ClientResponse) -> Validators:
    values = (response.headers.get(name, "") for name in ("ETag", "Last-Modified"))
    return Validators(*(value if len(value) <= _LONGEST_HEADER else "" for value in values))


def _refusal(response: aiohttp.ClientResponse, url: str) -> FetchError:
    status, wait = response.status, retry_after(response.headers.get("Retry-After", ""))
    reason = _REASONS.get(status, "fails there: try again later" if status >= 500 else "is not given out")
    asked = f" (the server asks to wait {wait:.0f} s)" if wait else ""
    return FetchError(url, f"{reason}{asked}; the answer was {status}", status=status, wait=wait)


def retry_after(value: str, now: dt.datetime | None = None) -> float | None:
    """Seconds that a server asks to wait, by their number or until a date; ``None`` where it does not say."""
    if value.strip().isdecimal():
        return min(float(value), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    seconds = (until - (now or dt.datetime.now(dt.UTC))).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT)
