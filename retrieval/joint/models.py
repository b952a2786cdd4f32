"""The joint reader's network, run by OpenVINO in eight bits, or from an export in the data folder, else by torch."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from retrieval.encoders.exports import Export, Exports
from retrieval.encoders.models import DEFAULT_MODEL, packaged_folder, packaged_tokenizer, source_of
from retrieval.encoders.options import Backend, Precision, in_bfloat16
from retrieval.encoders.port import Encoder
from retrieval.encoders.runtime import compiled, exported_or_torch, inferred, installed_version, save_graph
from retrieval.encoders.tokens import encode_plainly, plain_tokenizer
from retrieval.errors import ExportImpossible
from retrieval.joint.encoder import EightBitEncoder
from retrieval.joint.inputs import Inputs, SpecialTokens, Tokens, batch, passage_tokens_of, question_tokens_of
from retrieval.joint.model import WIDTH_STEP, JointModel, Logits, States
from retrieval.joint.weights import ALONE, TOGETHER, Card
from retrieval.segmentation import sentences

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn

    from retrieval.joint.network import JointNetwork

_TOKENIZER = "tokenizer.json"
_REPRESENTED, _JUDGED = ("states", "vectors"), ("tokens", "null")
_QUESTION = "Who met in Moscow?"
_TEXTS = ("Envoys met in Moscow on 9 July. They spoke of trade.", "Nobody spoke.")
# The largest difference of two logits, by which an export is refused; rounding alone leaves a hundredth of it.
_ALIKE = {Precision.FLOAT32: 0.01, Precision.BFLOAT16: 0.5}


Mask = npt.NDArray[np.bool_]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """What is known of an exported network beside its files; see :class:`retrieval.joint.reader.JointModel`."""

    first: int
    last: int
    fill: int
    longest: int


class _Tokenizing:
    """The part of a model that does not compute."""

    def __init__(self, facts: ReaderFacts, tokenizer_file: Path) -> None:
        self.facts = facts
        self.special = SpecialTokens(facts.first, facts.last, facts.fill)
        self.longest = facts.longest
        self.tokenizer_file = tokenizer_file

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Neither cuts off nor pads."""
        return plain_tokenizer(self.tokenizer_file)


class OpenVinoJointModel(_Tokenizing):
    """The network by OpenVINO.

    Args:
        graphs: the folder of its graphs.
        tokenizer: its file.
        facts: what is known beside them.
        precision: of what has not eight bits anyway.
        encoder: what runs the encoder's graph already, if anything does.

    Raises:
        ExportImpossible: OpenVINO cannot be imported, or cannot run the network here.
    """

    def __init__(
        self,
        graphs: Path,
        tokenizer: Path,
        facts: ReaderFacts,
        precision: Precision,
        encoder: EightBitEncoder | None = None,
    ) -> None:
        super().__init__(facts, tokenizer)
        self.graphs = graphs
        self._encoder = encoder
        self._alone = None if encoder else compiled(graphs / ALONE, precision)
        self._together = compiled(graphs / TOGETHER, precision)

    def represent(self, ids: Tokens, mask: Mask) -> tuple[States, States]:
        """What the encoder makes of texts by themselves."""
        if self._encoder is not None:
            return self._encoder.represent(ids, mask)
        states, vectors = inferred(self._alone, {"ids": ids, "mask": mask}, _REPRESENTED)
        return states, vectors

    def judge(self, asked: States, told: States, inputs: Inputs) -> tuple[Logits, Logits]:
        """Logits of tokens and of no answer."""
        tokens, null = inferred(self._together, met(asked, told, inputs), _JUDGED)
        return tokens, null


class TorchJointModel(_Tokenizing):
    """The network by torch: the reference, and where OpenVINO is not.

    Raises:
        EncoderError: the packaged encoder is missing or damaged.
        RetrievalError: so are the shipped weights.
    """

    def __init__(self, card: Card, precision: Precision) -> None:
        facts, self.network = _network(card)
        super().__init__(facts, packaged_tokenizer())
        self._half = in_bfloat16(precision)
        self._lock = Lock()

    def represent(self, ids: Tokens, mask: Mask) -> tuple[States, States]:
        """What the encoder makes of texts by themselves."""
        return self._run(self.network.encoder, {"ids": ids, "mask": mask})

    def judge(self, asked: States, told: States, inputs: Inputs) -> tuple[Logits, Logits]:
        """Logits of tokens and of no answer."""
        return self._run(self.network.upper, met(asked, told, inputs))

    def _run(self, module: nn.Module, arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[States, States]:
        import torch

        tensors = {name: torch.from_numpy(value) for name, value in arrays.items()}
        with self._lock, torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            one, other = module(**tensors)
        return one.float().numpy(), other.float().numpy()


def load_joint_model(
    precision: Precision,
    backend: Backend,
    folder: Path,
    card: Card | None = None,
    encoder: Encoder | None = None,
) -> JointModel:
    """Load the shipped network.

    Args:
        precision: in which numbers to compute. Left open, the shipped graphs are run, in eight bits where the processor
            has them; else the network is exported first where that has not been done.
        backend: what computes.
        folder: where exported models lie.
        card: of other weights than the shipped ones.
        encoder: what encodes; its graph is not compiled twice, where it is the network's.

    Raises:
        EncoderError: the packaged encoder is missing or damaged.
        RetrievalError: the shipped weights are.
        ExportImpossible: the backend is to be OpenVINO and cannot.
    """
    shipped = card or Card.load()

    def exported() -> JointModel:
        if precision is Precision.AUTO and shipped.graphs:
            try:
                return quantized(shipped, encoder if isinstance(encoder, EightBitEncoder) else None)
            except ExportImpossible as error:
                _log.info("the reader's shipped graphs are not run: %s", error)
        return _exported(shipped, precision, Exports(folder, installed_version(), ReaderFacts))

    return exported_or_torch("the reader", backend, exported, lambda: TorchJointModel(shipped, precision))


def quantized(card: Card, encoder: EightBitEncoder | None = None) -> OpenVinoJointModel:
    """The shipped graphs in eight bits; ``encoder`` is what runs one of them already, if anything does.

    Raises:
        EncoderError: the packaged encoder, whose tokenizer it is, is missing.
        RetrievalError: the shipped graphs are.
        ExportImpossible: OpenVINO cannot be imported, cannot run them here, or gives something else.
    """
    tokenizer = packaged_tokenizer()
    facts = _facts(plain_tokenizer(tokenizer), card)
    model = OpenVinoJointModel(card.graph_folder(), tokenizer, facts, Precision.AUTO, encoder)
    apart = float(np.abs(probe(model) - np.array(card.probe)).max())
    if not apart <= _ALIKE[Precision.BFLOAT16]:
        raise ExportImpossible(f"its logits differ from those it was shipped with by {apart:.3f}")
    return model


def probe(model: JointModel) -> Logits:
    """What it makes of the example: logits of the tokens, row by row, and of no answer, float32 ``(n,)``."""
    inputs = example(model.tokenizer)
    tokens, null = judged(model, inputs)
    return np.concatenate([tokens[inputs.passage_mask], null])


def special_tokens(tokenizer: Tokenizer) -> SpecialTokens:
    """Those of a BERT-like tokenizer."""
    vocabulary = tokenizer.get_vocab()
    return SpecialTokens(*(vocabulary[token] for token in ("[CLS]", "[SEP]", "[PAD]")))


def example(tokenizer: Tokenizer) -> Inputs:
    """A question asked of two passages of unlike lengths."""
    question, *texts = encode_plainly(tokenizer, (_QUESTION, *_TEXTS))
    asked = question_tokens_of(_QUESTION, question, lambda words: [1.0] * len(words))
    pairs = []
    for text, encoding in zip(_TEXTS, texts, strict=True):
        pairs.append((asked, passage_tokens_of(text, encoding, sentences(text), 0, len(encoding))))
    return batch(pairs, special_tokens(tokenizer), width_step=WIDTH_STEP)


def judged(model: JointModel, inputs: Inputs) -> tuple[Logits, Logits]:
    """Logits of a batch in which all passages are asked one question, from its tokens on."""
    asked, _ = model.represent(inputs.question_ids[:1], inputs.question_mask[:1])
    told, _ = model.represent(inputs.passage_ids, inputs.passage_mask)
    return model.judge(asked, told, inputs)


def met(asked: States, told: States, inputs: Inputs) -> dict[str, npt.NDArray[Any]]:
    """What the upper layers take, by name."""
    return {
        "asked": asked,
        "asked_mask": inputs.question_mask,
        "asked_features": inputs.question_features,
        "told": told,
        "told_mask": inputs.passage_mask,
        "told_features": inputs.passage_features,
    }


def _exported(card: Card, precision: Precision, exports: Exports[ReaderFacts]) -> OpenVinoJointModel:
    source = {"model": "reader", "weights": card.sha256, **{f"of {k}": v for k, v in _encoder_source().items()}}
    export = exports.find(source)
    if export is None:
        with exports.locked():
            # Another process may have made it while this one waited.
            export = exports.find(source) or _make(card, source, exports)
    return _of_export(export, precision)


def _of_export(export: Export[ReaderFacts], precision: Precision) -> OpenVinoJointModel:
    return OpenVinoJointModel(export.folder, export.folder / _TOKENIZER, export.facts, precision)


def _encoder_source() -> dict[str, str]:
    return source_of(DEFAULT_MODEL) or {}


def _make(card: Card, source: dict[str, str], exports: Exports[ReaderFacts]) -> Export[ReaderFacts]:
    original = TorchJointModel(card, Precision.FLOAT32)
    inputs = example(original.tokenizer)
    try:
        with exports.unfinished() as folder:
            try:
                _trace(original, inputs, folder)
                export = Export(folder, _facts(original.tokenizer, card))
                _check(original, export, inputs)
            except ExportImpossible as error:
                exports.refuse(folder, source, str(error))
                raise
            return exports.publish(folder, source, export.facts)
    except OSError as error:
        raise ExportImpossible(f"the export cannot be written ({error.strerror or error})") from error


def _trace(original: TorchJointModel, inputs: Inputs, folder: Path) -> None:
    import torch

    told = {"ids": inputs.passage_ids, "mask": inputs.passage_mask}
    asked_states, _ = original.represent(inputs.question_ids[:1], inputs.question_mask[:1])
    told_states, _ = original.represent(inputs.passage_ids, inputs.passage_mask)
    network = original.network
    with torch.no_grad():
        for module, arrays, names, file in (
            (network.encoder, told, _REPRESENTED, ALONE),
            (network.upper, met(asked_states, told_states, inputs), _JUDGED, TOGETHER),
        ):
            tensors = {name: torch.from_numpy(value) for name, value in arrays.items()}
            save_graph(module, tensors, names, folder / file)
    original.tokenizer.save(str(folder / _TOKENIZER))


def _check(original: JointModel, export: Export[ReaderFacts], inputs: Inputs) -> None:
    expected = judged(original, inputs)
    for precision in [Precision.FLOAT32] + [Precision.BFLOAT16] * in_bfloat16(Precision.AUTO):
        found = judged(_of_export(export, precision), inputs)
        apart = max(_apart(expected[0], found[0], inputs.passage_mask), float(np.abs(expected[1] - found[1]).max()))
        if not apart <= _ALIKE[precision]:
            raise ExportImpossible(f"in {precision} its logits differ from the original's by {apart:.3f}")


def _apart(one: Logits, other: Logits, mask: Any) -> float:  # noqa: ANN401
    return float(np.abs(one - other)[mask].max())


def _network(card: Card) -> tuple[ReaderFacts, JointNetwork]:
    import torch
    from safetensors.torch import load_file

    from retrieval.joint.network import JointNetwork

    folder = packaged_folder()
    network = JointNetwork()
    network.load_encoder(load_file(folder / "model.safetensors"))
    network.upper.load_state_dict({name: torch.from_numpy(value) for name, value in card.read().items()})
    return _facts(plain_tokenizer(packaged_tokenizer()), card), network.eval()


def _facts(tokenizer: Tokenizer, card: Card) -> ReaderFacts:
    special = special_tokens(tokenizer)
    return ReaderFacts(special.first, special.last, special.fill, card.longest)
