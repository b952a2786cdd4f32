"""An encoder that runs an exported model by OpenVINO, and the export itself.

The graph is the whole sentence-transformers model (transformer, pooling, normalisation and what else it has),
traced; its outputs are the token vectors and the text vectors, and of the default model the states of its lower layers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from retrieval.encoders.exports import Export, ModelFacts
from retrieval.encoders.options import Precision
from retrieval.encoders.port import Offsets, Representation, Represented, TokenVectors, Vectors
from retrieval.encoders.runtime import compiled, save_graph
from retrieval.encoders.tokens import encodable, plain_tokenizer, spans, token_vectors, unit
from retrieval.recent import Recent

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Encoding, Tokenizer

    from retrieval.encoders.sentence_transformer import SentenceTransformerEncoder

_GRAPH, _TOKENIZER = "model.xml", "tokenizer.json"
IDS, MASK, _TYPES = "input_ids", "attention_mask", "token_type_ids"
TOKENS, TEXTS, STATES = "tokens", "texts", "states"
# Measured on 2 cores: larger batches pad more than they spare.
_BATCH = 16
# Kernels are made for each width anew; with few widths they are found ready-made.
_WIDTH_STEP = 16
# Questions are few at once, and each is wanted twice: to search by, and to be read.
_QUESTIONS = 16
# While one batch is computed, the next is put together.
_IN_FLIGHT = 2

_Ids = npt.NDArray[np.int64]


class OpenVinoEncoder:
    """An encoder around one model's graph, on the CPU. Needs neither torch nor transformers.

    Args:
        graph: as :func:`retrieval.encoders.runtime.compiled` gives it. Its inputs and outputs are called as those
            of an export.
        tokenizer: the file of the model's tokenizer.
        facts: what is known of the model.
    """

    def __init__(self, graph: Any, tokenizer: Path, facts: ModelFacts) -> None:  # noqa: ANN401 (OpenVINO's own)
        self.fingerprint: str = facts.fingerprint
        self.dimension: int = facts.dimension
        self.max_tokens: int = facts.max_tokens
        self.facts = facts
        self._tokenizer_file = tokenizer
        self._cutting_tokenizer = plain_tokenizer(tokenizer)
        self._cutting_tokenizer.enable_truncation(facts.longest)
        self.graph = graph
        self._inputs = [given.get_any_name() for given in self.graph.inputs]
        prompt = self.facts.prompts["query"]
        self._questions: Recent[str, Represented] = Recent(
            lambda texts: [self._represented([text], prompt) for text in texts], str, _QUESTIONS
        )

    @classmethod
    def of_export(cls, export: Export[ModelFacts], precision: Precision = Precision.AUTO) -> OpenVinoEncoder:
        """Run an exported model.

        Args:
            export: as found or just made.
            precision: bfloat16 differs from float32 by a cosine of about 0.99998.

        Raises:
            ExportImpossible: OpenVINO cannot be imported, or cannot run the model here.
        """
        return cls(compiled(export.folder / _GRAPH, precision), export.folder / _TOKENIZER, export.facts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        if self.represents and len(texts) == 1:
            return self.represent_query(texts[0]).vectors.copy()
        return self._vectors(texts, self.facts.prompts["query"])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._vectors(texts, self.facts.prompts["passage"])

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """The question's tokens, each read in its context."""
        return self._token_vectors([text], self.facts.prompts["query"])[0]

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each passage's tokens, read in their context."""
        return self._token_vectors(texts, self.facts.prompts["passage"])

    def token_spans(self, texts: Sequence[str]) -> list[Offsets]:
        """Where the tokens of each text lie, int32 ``(tokens, 2)``."""
        return spans(self._plain_tokenizer, texts)

    @property
    def represents(self) -> bool:
        """Whether it is the default model, of which :meth:`represent_passages` gives more than vectors."""
        return len(self.graph.outputs) > len((TOKENS, TEXTS))

    def represent_passages(self, texts: Sequence[str]) -> Represented:
        """Vectors of passages, and what was made of their tokens on the way.

        Raises:
            ValueError: it is another model.
        """
        return self._represented(texts, self.facts.prompts["passage"])

    def represent_query(self, text: str) -> Represented:
        """The same of a question; those of the last few are kept.

        Raises:
            ValueError: it is another model.
        """
        return self._questions.of([text])[0]

    def _represented(self, texts: Sequence[str], prompt: str) -> Represented:
        if not self.represents:
            raise ValueError(f"the model {self.fingerprint} gives no states of its lower layers")
        encodings = self._encode(texts, prompt)
        rows: Vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        found: dict[int, Representation] = {}

        def keep(request: Any, batch: list[int]) -> None:  # noqa: ANN401 (OpenVINO's own)
            rows[batch] = request.get_tensor(TEXTS).data
            given = (request.get_tensor(name).data for name in (STATES, TOKENS))
            for at, states, vectors in zip(batch, *given, strict=True):
                count = len(encodings[at].ids)
                halves = states[:count].astype(np.float16), vectors[1 : count - 1].astype(np.float16)
                found[at] = Representation(*halves)

        self._run(encodings, keep)
        ids = [np.array(encoding.ids[1:-1], dtype=np.int64) for encoding in encodings]
        return Represented(unit(rows), ids, [found[at] for at in range(len(texts))])

    @cached_property
    def _plain_tokenizer(self) -> Tokenizer:
        return plain_tokenizer(self._tokenizer_file)

    def _vectors(self, texts: Sequence[str], prompt: str) -> Vectors:
        rows: Vectors = np.empty((len(texts), self.dimension), dtype=np.float32)

        def keep(request: Any, batch: list[int]) -> None:  # noqa: ANN401 (OpenVINO's own)
            rows[batch] = request.get_tensor(TEXTS).data

        self._run(self._encode(texts, prompt), keep)
        return unit(rows)

    def _token_vectors(self, texts: Sequence[str], prompt: str) -> list[TokenVectors]:
        encodings = self._encode(texts, prompt)
        found: dict[int, TokenVectors] = {}

        def keep(request: Any, batch: list[int]) -> None:  # noqa: ANN401 (OpenVINO's own)
            for at, row in zip(batch, request.get_tensor(TOKENS).data, strict=True):
                found[at] = token_vectors(row[: len(encodings[at].ids)], encodings[at], len(prompt))

        self._run(encodings, keep)
        return [found[at] for at in range(len(texts))]

    def _encode(self, texts: Sequence[str], prompt: str) -> list[Encoding]:
        return self._cutting_tokenizer.encode_batch([prompt + encodable(text) for text in texts])

    def _run(self, encodings: Sequence[Encoding], keep: Callable[[Any, list[int]], None]) -> None:
        """Compute all batches; ``keep`` gets each one's outputs and places. Requests are each call's own."""
        # Not by AsyncInferQueue: its callbacks run in OpenVINO's threads, and a model that is let go meanwhile waits
        # for these threads while they wait for Python's lock.
        running: deque[tuple[Any, list[int]]] = deque()

        def finish() -> Any:  # noqa: ANN401 (OpenVINO's own)
            request, batch = running.popleft()
            request.wait()
            keep(request, batch)
            return request

        batches = list(_batches(encodings))
        for batch in batches[:-1]:
            request = finish() if len(running) == _IN_FLIGHT else self.graph.create_infer_request()
            request.start_async(self._tensors([encodings[at] for at in batch]))
            running.append((request, batch))
        while running:
            finish()
        # The last in this thread: one of OpenVINO's may still be at its end when the wait for it is over, and crash
        # where the model is let go just then.
        for batch in batches[-1:]:
            request = self.graph.create_infer_request()
            request.infer(self._tensors([encodings[at] for at in batch]))
            keep(request, batch)

    def _tensors(self, encodings: Sequence[Encoding]) -> dict[str, _Ids]:
        """Each input, int64 ``(texts, width)``."""
        width = max(len(encoding.ids) for encoding in encodings)
        width = min(self.facts.longest, -(-width // _WIDTH_STEP) * _WIDTH_STEP)
        shape = (len(encodings), width)
        ids = np.full(shape, self.facts.pad_id, dtype=np.int64)
        mask, types = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            ids[row, :length], mask[row, :length], types[row, :length] = encoding.ids, 1, encoding.type_ids
        tensors = {IDS: ids, MASK: mask, _TYPES: types}
        return {name: tensors[name] for name in self._inputs}


def export_model(model: SentenceTransformerEncoder, folder: Path) -> ModelFacts:
    """Write a model's graph and its tokenizer into a folder.

    Raises:
        ExportImpossible: the model has an operation that cannot be traced or converted.
        OSError: the folder cannot be written.
    """
    with model.traceable() as (module, example):
        outputs = (TOKENS, TEXTS, STATES)[: 3 if model.lower_layers else 2]
        save_graph(module, example, outputs, folder / _GRAPH)
    model.tokenizer.save(str(folder / _TOKENIZER))
    return ModelFacts(
        fingerprint=model.fingerprint,
        dimension=model.dimension,
        max_tokens=model.max_tokens,
        longest=model.longest,
        pad_id=model.pad_id,
        prompts=dict(model.prompts),
    )


def _batches(encodings: Sequence[Encoding]) -> Iterator[list[int]]:
    """The places of texts of about the same length, the longest first."""
    order = sorted(range(len(encodings)), key=lambda at: -len(encodings[at].ids))
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]
