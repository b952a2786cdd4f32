"""People as the journal knows them: salted hashes, from which nobody can be named."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from bot.errors import SaltError

_BYTES = 32


class Pseudonyms:
    """Turns people's names into hashes that only this data folder can make.

    Args:
        file: holds the salt; made, readable by its owner alone, when it is missing.
        agreed: gives what replicas have agreed on under a name, which is what was proposed first; so that they know
            people by the same hashes.

    Raises:
        SaltError: the file cannot be read or made, or is not what was written.
    """

    def __init__(self, file: Path, agreed: Callable[[str, str], str] | None = None) -> None:
        salt = _read_or_make(file)
        self._salt = bytes.fromhex(agreed("salt", salt.hex())) if agreed else salt

    def of(self, person: str) -> str:
        """HMAC-SHA256 of the name under the salt, 32 hexadecimal digits."""
        return hmac.new(self._salt, person.encode(), hashlib.sha256).hexdigest()[:32]


def _read_or_make(file: Path) -> bytes:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not file.exists():
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(secrets.token_bytes(_BYTES))
            try:
                os.link(draft, file)  # unlike a rename, never over another process's salt
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        salt = file.read_bytes()
    except OSError as error:
        raise SaltError(f"the salt {file} cannot be read or made ({error.strerror}): check its folder") from error
    if len(salt) != _BYTES:
        raise SaltError(
            f"the salt {file} has {len(salt)} bytes, not {_BYTES}: restore it, or delete it "
            "and nobody can delete their earlier questions any more"
        )
    return salt
