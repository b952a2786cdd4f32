"""The joint reader as it is shipped: its trained weights, and graphs that compute it in eight bits.

The weights have eight bits each, with a scale for each row; those of the encoder are taken from its package. The
graphs hold both, and the scales of what lies between the layers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.encoders.exports import ModelFacts
from retrieval.errors import RetrievalError
from retrieval.files import size_and_sha256

SHIPPED = Path(__file__).parent.parent / "data" / "reader.json"
ALONE, TOGETHER = "alone.xml", "together.xml"
"""The graphs of the encoder, and of the layers that read question and passage together."""
_SCALES = ".scale"

Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of what is shipped.

    Args:
        weights: their file.
        sha256: of that file.
        longest: how many tokens of a passage were read.
        graphs: the files of the graphs in eight bits, in one folder beside the card, with their SHA-256; none where the
            weights were not quantised yet.
        probe: logits of the example as these graphs gave them: of tokens and of no answer, in one row.
        encoder: what is known of the encoder that they hold.
        encoder_probe: the first numbers of a vector as the encoder itself gives it.
    """

    weights: Path
    sha256: str
    longest: int
    graphs: Mapping[str, str] = field(default_factory=dict)
    probe: tuple[float, ...] = ()
    encoder: ModelFacts | None = None
    encoder_probe: tuple[float, ...] = ()

    @classmethod
    def load(cls, card: Path = SHIPPED) -> Card:
        """Read the JSON file beside the weights.

        Raises:
            RetrievalError: it cannot be read.
        """
        try:
            value = json.loads(card.read_text(encoding="utf-8"))
            weights, longest = card.parent / value["weights"], int(value["longest"])
            graphs, probe = dict(value.get("graphs", {})), tuple(map(float, value.get("probe", ())))
            encoder = ModelFacts(**value["encoder"]) if "encoder" in value else None
            encoder_probe = tuple(map(float, value.get("encoder_probe", ())))
            return cls(weights, value["sha256"], longest, graphs, probe, encoder, encoder_probe)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RetrievalError(f"the reader in {card} cannot be read ({error}): reinstall Backchannel") from error

    def read(self) -> Arrays:
        """The weights by name, float32, their checksum verified.

        Raises:
            RetrievalError: they cannot be read, or have another SHA-256.
        """
        try:
            _verify(self.weights, self.sha256)
            with np.load(self.weights, allow_pickle=False) as stored:
                return unpacked({name: stored[name] for name in stored.files})
        except (OSError, ValueError) as error:
            raise RetrievalError(f"{self.weights} cannot be read ({error}): reinstall Backchannel") from error

    def graph_folder(self) -> Path:
        """Where the graphs lie, their checksums verified.

        Raises:
            RetrievalError: one is missing, or has another SHA-256.
        """
        folder = graph_folder(self.weights)
        try:
            for name, sha256 in self.graphs.items():
                _verify(folder / name, sha256)
        except OSError as error:
            raise RetrievalError(f"{folder} cannot be read ({error}): reinstall Backchannel") from error
        return folder


def graph_folder(weights: Path) -> Path:
    """Where the graphs made of these weights lie."""
    return weights.with_suffix("")


def _verify(file: Path, sha256: str) -> None:
    _, found = size_and_sha256(file)
    if found != sha256:
        raise RetrievalError(f"{file} has sha256 {found}, not {sha256}: reinstall Backchannel")


def write_graphs(card: Card, probe: Sequence[float], file: Path = SHIPPED) -> Card:
    """Note the graphs that lie in their folder, and what they give."""
    folder = graph_folder(card.weights)
    graphs = {one.name: size_and_sha256(one)[1] for one in sorted(folder.iterdir())}
    return _noted(file, {"graphs": graphs, "probe": _rounded(probe)})


def write_encoder(facts: ModelFacts, probe: Sequence[float], file: Path = SHIPPED) -> Card:
    """Note what is known of the encoder that the graphs hold, and what it gives by itself."""
    return _noted(file, {"encoder": asdict(facts), "encoder_probe": _rounded(probe)})


def _noted(file: Path, more: Mapping[str, Any]) -> Card:
    value = json.loads(file.read_text(encoding="utf-8")) | more
    file.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    return Card.load(file)


def _rounded(numbers: Sequence[float]) -> list[float]:
    return [round(float(number), 3) for number in numbers]


def write(arrays: Arrays, longest: int, card: Path = SHIPPED) -> Card:
    """Ship these weights; graphs of older ones no longer count."""
    file = card.with_suffix(".npz")
    stored: dict[str, Any] = packed(arrays)
    np.savez_compressed(file, **stored)
    value = {"weights": file.name, "sha256": size_and_sha256(file)[1], "longest": longest}
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
