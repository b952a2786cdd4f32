"""The joint reader's trained weights as they are shipped: eight bits each, with a scale for each row.

The lower layers are the packaged encoder's own and are taken from its package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.errors import RetrievalError

SHIPPED = Path(__file__).parent.parent / "data" / "reader.json"
_SCALES = ".scale"

Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of shipped weights: their file, its SHA-256, and how many tokens of a passage were read."""

    weights: Path
    sha256: str
    longest: int

    @classmethod
    def load(cls, card: Path = SHIPPED) -> Card:
        """Read the JSON file beside the weights.

        Raises:
            RetrievalError: it cannot be read.
        """
        try:
            value = json.loads(card.read_text(encoding="utf-8"))
            return cls(card.parent / value["weights"], value["sha256"], int(value["longest"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RetrievalError(f"the reader in {card} cannot be read ({error}): reinstall Backchannel") from error

    def read(self) -> Arrays:
        """The weights by name, float32, their checksum verified.

        Raises:
            RetrievalError: they cannot be read, or have another SHA-256.
        """
        try:
            found = hashlib.sha256(self.weights.read_bytes()).hexdigest()
            if found != self.sha256:
                raise RetrievalError(f"{self.weights} has sha256 {found}, not {self.sha256}: reinstall Backchannel")
            with np.load(self.weights, allow_pickle=False) as stored:
                return unpacked({name: stored[name] for name in stored.files})
        except (OSError, ValueError) as error:
            raise RetrievalError(f"{self.weights} cannot be read ({error}): reinstall Backchannel") from error


def write(arrays: Arrays, longest: int, card: Path = SHIPPED) -> Card:
    """Ship these weights."""
    file = card.with_suffix(".npz")
    stored: dict[str, Any] = packed(arrays)
    np.savez_compressed(file, **stored)
    value = {"weights": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "longest": longest}
    card.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    return Card.load(card)


def packed(arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Matrices as int8 with a float32 scale for each row; what is no matrix as float16."""
    found: dict[str, npt.NDArray[Any]] = {}
    for name, value in arrays.items():
        if value.ndim == 2 and min(value.shape) > 16:
            scale = np.abs(value).max(axis=1, keepdims=True) / 127 + 1e-12
            found[name], found[name + _SCALES] = np.rint(value / scale).astype(np.int8), scale.astype(np.float32)
        else:
            found[name] = value.astype(np.float16)
    return found


def unpacked(stored: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """The way back."""
    return {
        name: value.astype(np.float32) * (stored[name + _SCALES] if name + _SCALES in stored else np.float32(1))
        for name, value in stored.items()
        if not name.endswith(_SCALES)
    }
