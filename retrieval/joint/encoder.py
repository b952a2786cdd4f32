"""The default encoder in eight bits: the graph that the joint reader ships, run for texts' vectors too.

Its vectors differ from the original's by a cosine of about 0.997, which costs no quality that can be told from chance
(docs/quality.md), and are those that the reader itself goes on from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.encoders.models import packaged_tokenizer
from retrieval.encoders.openvino import IDS, MASK, STATES, TEXTS, TOKENS, OpenVinoEncoder
from retrieval.encoders.options import Precision
from retrieval.encoders.port import Encoder, Vectors
from retrieval.encoders.runtime import compiled, inferred, multiplies_eight_bits, renamed, with_means
from retrieval.errors import ExportImpossible
from retrieval.joint.inputs import Tokens
from retrieval.joint.model import States
from retrieval.joint.weights import ALONE, Card

_PROBE, _PROBED = "Who met in Moscow?", 16
# Of a vector's 384 numbers one is .05 on average, and eight bits move it by .004.
_ALIKE = 0.02


class EightBitEncoder(OpenVinoEncoder):
    """The shipped graph as an encoder, and as the reader runs it; see :func:`eight_bit_encoder`."""

    def represent(self, ids: Tokens, mask: npt.NDArray[np.bool_]) -> tuple[States, States]:
        """What it makes of texts, ``(b, n)`` as padded; see :meth:`retrieval.joint.model.JointModel.represent`."""
        states, vectors = inferred(self.graph, {IDS: ids, MASK: mask.astype(np.int64)}, (STATES, TOKENS))
        return states, vectors


def eight_bit_encoder(card: Card | None = None) -> EightBitEncoder:
    """Load the shipped graph.

    Raises:
        EncoderError: the packaged encoder, whose tokenizer it is, is missing.
        RetrievalError: the shipped graph is, or is damaged.
        ExportImpossible: none is shipped; OpenVINO cannot be imported, cannot run it here, or gives something else than
            the original; or the processor does not multiply eight bits, so that floats are as quick.
    """
    shipped = card or Card.load()
    if shipped.encoder is None or not shipped.graphs:
        raise ExportImpossible("no graphs were made of these weights")
    if not multiplies_eight_bits():
        raise ExportImpossible("the processor does not multiply eight bits")
    graph = compiled(shipped.graph_folder() / ALONE, Precision.AUTO, _as_exported)
    encoder = EightBitEncoder(graph, packaged_tokenizer(), shipped.encoder)
    apart = float(np.abs(encoder_probe(encoder) - np.array(shipped.encoder_probe)).max())
    if not apart <= _ALIKE:
        raise ExportImpossible(f"a vector differs from the original's by {apart:.3f}")
    return encoder


def encoder_probe(encoder: Encoder) -> Vectors:
    """What an encoder makes of the example: the first numbers of its vector."""
    return encoder.encode_queries([_PROBE])[0, :_PROBED]


def _as_exported(graph: Any) -> Any:  # noqa: ANN401 (OpenVINO's own)
    return renamed(with_means(graph, "vectors", "mask", TEXTS), {"ids": IDS, "mask": MASK, "vectors": TOKENS})
