"""Encoders by sentence-transformers: the packaged default model, or any other by hub name or folder."""

from __future__ import annotations

import gc
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.encoders.models import DEFAULT_MODEL, LOWER_LAYERS, explained, is_folder, model_name, packaged_folder
from retrieval.encoders.options import Precision, in_bfloat16
from retrieval.encoders.port import Offsets, TokenVectors, Vectors
from retrieval.encoders.tokens import encodable, encode_plainly, spans, token_vectors, unit
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

_ENCODING = {"batch_size": 32, "show_progress_bar": False}
_EXAMPLE = ["Envoys met in Moscow.", "Nobody spoke."]  # of unlike lengths, so that one is padded


class SentenceTransformerEncoder:
    """An encoder around one sentence-transformers model, on the CPU.

    Args:
        model: the default model's name, another model's hub name, or a folder.
        precision: bfloat16 differs from float32 by a cosine of about 0.99998.

    Raises:
        EncoderError: the model cannot be loaded, has no fast tokenizer, or the packaged model's
            weights do not have the published checksum.
    """

    def __init__(self, model: str = DEFAULT_MODEL, precision: Precision = Precision.AUTO) -> None:
        folder = packaged_folder() if model == DEFAULT_MODEL else None
        self.lower_layers = LOWER_LAYERS if folder else 0
        self._model = _load(str(folder) if folder else model, local=folder is not None)
        self._lock = threading.Lock()
        self._autocast = autocast(precision)
        self.tokenizer: Tokenizer = _plain_tokenizer(self._model, model)
        self.prompts: Mapping[str, str] = {role: _prompt(self._model, names) for role, names in _PROMPT_NAMES.items()}
        self.dimension: int = self._model.get_embedding_dimension() or len(self.encode_queries(["dimension"])[0])
        self.longest: int = self._model.max_seq_length or 512
        overhead = self.tokenizer.num_special_tokens_to_add(is_pair=False)
        (prompt,) = encode_plainly(self.tokenizer, [self.prompts["passage"]])
        self.max_tokens: int = self.longest - overhead - len(prompt.ids)
        self.fingerprint: str = self._fingerprint(model)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._vectors(self._model.encode_query, texts, self.prompts["query"])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._vectors(self._model.encode_document, texts, self.prompts["passage"])

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """The question's tokens, each read in its context."""
        return self._token_vectors(self._model.encode_query, [text], self.prompts["query"])[0]

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each passage's tokens, read in their context."""
        return self._token_vectors(self._model.encode_document, texts, self.prompts["passage"])

    def token_spans(self, texts: Sequence[str]) -> list[Offsets]:
        """Where the tokens of each text lie, int32 ``(tokens, 2)``."""
        return spans(self.tokenizer, texts)

    @contextmanager
    def traceable(self) -> Iterator[tuple[Any, dict[str, Any]]]:
        """The whole model as one torch module, and inputs to trace it with.

        The module takes ``(texts, tokens)`` of token ids, their attention mask and, where the model has them,
        token types; it gives float ``(texts, tokens, d)`` token vectors and ``(texts, d)`` text vectors, and of the
        default model the states of its lower layers, ``(texts, tokens, d)``. What the libraries have to say about
        tracing is kept quiet meanwhile.
        """
        from transformers.utils import logging as transformers_logging

        features = self._model.preprocess(_EXAMPLE)
        example = {name: features[name] for name in _INPUTS if name in features}
        verbosity = transformers_logging.get_verbosity()
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        try:
            with self._lock, _giving_all_layers(self._model, wanted=bool(self.lower_layers)):
                yield _one_module(self._model, self.lower_layers), example
        finally:
            transformers_logging.set_verbosity(verbosity)

    @property
    def pad_id(self) -> int:
        """The token that fills up the shorter texts of a batch."""
        return int(self._model.tokenizer.pad_token_id or 0)

    def _vectors(self, encode: Callable[..., Any], texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock, self._autocast():
            rows = encode([encodable(text) for text in texts], prompt=prompt, **_ENCODING)
        return unit(np.asarray(rows, dtype=np.float32))

    def _token_vectors(self, encode: Callable[..., Any], texts: Sequence[str], prompt: str) -> list[TokenVectors]:
        texts = [encodable(text) for text in texts]
        with self._lock, self._autocast():
            rows = encode(texts, prompt=prompt, output_value="token_embeddings", **_ENCODING)
        encodings = self.tokenizer.encode_batch([prompt + text for text in texts])
        return [
            token_vectors(row.float().numpy(), encoding, len(prompt))
            for row, encoding in zip(rows, encodings, strict=True)
        ]

    def _fingerprint(self, model: str) -> str:
        """Names the model and digests its shape, a sample of its weights, its length and its prompts."""
        digest = hashlib.sha256(repr((self.max_tokens, sorted(self.prompts.items()))).encode())
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(f"{name}{tuple(tensor.shape)}".encode())
            digest.update(tensor.flatten()[:64].float().numpy().tobytes())
        return f"{model_name(model)}:{self.dimension}:{digest.hexdigest()[:16]}"


_PROMPT_NAMES = {"query": ("query",), "passage": ("document", "passage", "corpus")}
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def _load(model: str, *, local: bool) -> SentenceTransformer:
    # Imported here since it takes seconds; it is the one place that imports it.
    with _garbage_collection_paused():
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(model, device="cpu", local_files_only=local or Path(model).is_dir())
    except Exception as error:
        # Whatever the libraries raise for a wrong name, folder or network, the reader needs one line.
        reason = str(error).strip().partition("\n")[0]
        raise EncoderError(
            f"the model {model!r} cannot be loaded ({reason}): "
            "name a sentence-transformers model on the hub or a folder that holds one"
        ) from error


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Importing makes very many objects, all of which stay: to look for garbage among them takes near a second."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def configuration_of(model: str, what: str, setting: str) -> Any:  # noqa: ANN401 (the library's own, of many kinds)
    """The configuration of a model that a setting names, by its hub name or in a folder; its own code is never run.

    Args:
        model: as it was named.
        what: it is for, as errors call it.
        setting: that names it.

    Raises:
        EncoderError: there is no such folder, or no such model can be reached.
    """
    local = is_folder(model, setting)
    from transformers import AutoConfig
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with explained(what, model, setting):
        return AutoConfig.from_pretrained(model, local_files_only=local, trust_remote_code=False)


def autocast(precision: Precision) -> Callable[[], AbstractContextManager[Any]]:
    """Makes contexts in which torch computes in this precision."""
    import torch

    if in_bfloat16(precision):
        return lambda: torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext


def _one_module(model: SentenceTransformer, lower: int) -> Any:  # noqa: ANN401 (a torch module, and torch is imported here alone)
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(model)

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
        ) -> tuple[torch.Tensor, ...]:
            given = (input_ids, attention_mask, token_type_ids)
            features = {name: tensor for name, tensor in zip(_INPUTS, given, strict=True) if tensor is not None}
            for part in self.parts:
                features = part(features)
            states = [features["all_layer_embeddings"][lower]] if lower else []
            return features["token_embeddings"], features["sentence_embedding"], *states

    return Whole().eval()


@contextmanager
def _giving_all_layers(model: SentenceTransformer, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    transformer: Any = model[0]
    config = transformer.model.config
    before, config.output_hidden_states = config.output_hidden_states, True
    try:
        yield
    finally:
        config.output_hidden_states = before


def _plain_tokenizer(model: SentenceTransformer, name: str) -> Tokenizer:
    """A copy of the model's tokenizer that neither cuts off nor pads."""
    from tokenizers import Tokenizer

    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(f"the model {name!r} has no fast tokenizer: choose one that has a tokenizer.json")
    copy = Tokenizer.from_str(backend.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _prompt(model: SentenceTransformer, names: Iterable[str]) -> str:
    prompts: dict[str, str | None] = model.prompts or {}
    chosen = next((prompts[name] for name in names if prompts.get(name)), None)
    return chosen or prompts.get(model.default_prompt_name or "") or ""
