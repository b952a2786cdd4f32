"""Bodies of answers, unpacked as they arrive and never beyond a cap."""

from __future__ import annotations

import zlib

_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"


class TooLong(Exception):
    """The cap was reached; the rest was not read."""


class Garbled(Exception):
    """The body is not packed as it claims to be, or breaks off; the message says which."""


class Body:
    """Collects a body.

    Args:
        encoding: of the answer: empty, ``gzip`` or ``deflate``.
        most: bytes that it may hold, packed and unpacked.

    Raises:
        Garbled: the encoding is another one.
    """

    def __init__(self, encoding: str, most: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise Garbled(f"is packed as {encoding[:20]!r}, which was not asked for")
        self._unpacker = None if encoding in {"", "identity"} else _Unpacker(raw=encoding == "deflate")
        self._most = most
        self._packed = 0
        self._data = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take what has arrived.

        Raises:
            TooLong: the body is longer than the cap.
            Garbled: it cannot be unpacked.
        """
        self._packed += len(chunk)
        if self._packed > self._most:
            raise TooLong
        if self._unpacker is None:
            self._data += chunk
        else:
            self._unpacker.feed(chunk, self._data, self._most)

    def end(self) -> bytes:
        """The whole body.

        Raises:
            Garbled: it breaks off.
        """
        if self._unpacker is not None and self._packed and not self._unpacker.ended:
            raise Garbled("breaks off before its end")
        return bytes(self._data)


class _Unpacker:
    """Unpacks gzip, in one part or several, and deflate with or without its header."""

    def __init__(self, *, raw: bool) -> None:
        self._maybe_raw = raw
        self._bits = zlib.MAX_WBITS if raw else _GZIP
        self._stream = zlib.decompressobj(self._bits)
        self.ended = False

    def feed(self, chunk: bytes, into: bytearray, most: int) -> None:
        while chunk:
            room = most - len(into) + 1
            into += self._unpack(chunk, room)
            if len(into) > most:
                raise TooLong
            chunk, self.ended = self._stream.unconsumed_tail, self._stream.eof
            if self.ended and self._stream.unused_data.startswith(_MAGIC):
                chunk, self.ended = self._stream.unused_data, False
                self._stream = zlib.decompressobj(self._bits)

    def _unpack(self, chunk: bytes, room: int) -> bytes:
        try:
            return self._stream.decompress(chunk, room)
        except zlib.error as error:
            if not self._maybe_raw:
                raise Garbled(f"cannot be unpacked ({error})") from error
        finally:
            maybe_raw, self._maybe_raw = self._maybe_raw, False
        if maybe_raw:
            # Many servers leave the header away.
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._unpack(chunk, room)


def gunzipped(data: bytes, most: int) -> bytes:
    """The content of a gzip file, or the data itself where it is none.

    Raises:
        TooLong: it holds more than ``most`` bytes.
        Garbled: it cannot be unpacked, or breaks off.
    """
    if not data.startswith(_MAGIC):
        return data
    body = Body("gzip", most)
    body.feed(data)
    return body.end()
