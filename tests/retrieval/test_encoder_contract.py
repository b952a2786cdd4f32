"""What every encoder must do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.options import Backend, Precision
from retrieval.encoders.port import Encoder, Vectors
from retrieval.encoders.sentence_transformer import SentenceTransformerEncoder
from retrieval.errors import ExportImpossible
from retrieval.joint.encoder import eight_bit_encoder

NEWS = [
    "India's prime minister, Narendra Modi, flew to Moscow on July 8.",
    "A missile struck the Okhmatdyt children's hospital in Kyiv, killing two.",
    "Oil fell 2.3% to $81.50 a barrel.",
    "“We will not take sides,” he said — again.",
    "Café owners in Türkiye and São Paulo agreed…",
]
STRANGE = {
    "empty": "",
    "blank": " \n\t ",
    "punctuation": "?!… — “”",
    "lone surrogates": "before \ud800 between \udfff after",
    "control characters": "be\x00fore \x1b[2J \x7f after\x85",
    "invisible": "zero\u200bwidth \u202eright to left\u202c \ufeff mark",
    "emoji": "peace 🕊️ and 👩🏽‍🚀 war 🇮🇳",
    "chinese": "印度總理訪問莫斯科。",
    "hangul": "모스크바 정상회담",
    "arabic": "قمة موسكو",
    "combining": "Cafe\u0301 \u0915\u094d\u0937",
    "ligatures": "ﬁnal ﬀ ½ ²",
    "endless": "a" * 5000,
    "endless of marks": "." * 3000,
}

MODELS = ("sentence-transformer", "openvino", "eight bits")


@pytest.fixture(
    scope="module",
    params=["fake", *(pytest.param(name, marks=pytest.mark.model) for name in MODELS)],
    name="encoder",
)
def _encoder(request: pytest.FixtureRequest) -> Encoder:
    match request.param:
        case "fake":
            return FakeEncoder()
        case "sentence-transformer":
            return SentenceTransformerEncoder(precision=Precision.FLOAT32)
        case "eight bits":
            try:
                return eight_bit_encoder()
            except ExportImpossible as error:
                pytest.skip(f"the shipped graph is not run here: {error}")
        case _:
            folder = request.getfixturevalue("exported_models")
            return load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, folder)


@pytest.fixture(params=["encode_queries", "encode_passages"], name="encode")
def _encode(request: pytest.FixtureRequest, encoder: Encoder) -> Callable[[list[str]], Vectors]:
    method: Callable[[list[str]], Vectors] = getattr(encoder, request.param)
    return method


def assert_unit(rows: Vectors) -> None:
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_texts_become_unit_vectors(encoder: Encoder, encode: Callable[[list[str]], Vectors]) -> None:
    rows = encode(NEWS)
    assert rows.shape == (len(NEWS), encoder.dimension)
    assert_unit(rows)


def test_no_texts_become_no_vectors(encoder: Encoder, encode: Callable[[list[str]], Vectors]) -> None:
    rows = encode([])
    assert (rows.shape, rows.dtype) == ((0, encoder.dimension), np.float32)
    assert encoder.encode_passage_tokens([]) == []
    assert encoder.token_spans([]) == []


def test_the_same_text_gets_the_same_vector(encode: Callable[[list[str]], Vectors]) -> None:
    np.testing.assert_array_equal(encode(NEWS), encode(NEWS))


def test_a_batch_gives_what_single_texts_give(encode: Callable[[list[str]], Vectors]) -> None:
    texts = [*NEWS * 8, " ".join(NEWS * 3)]
    together = encode(texts)
    for at in (0, 1, 34, 40):
        np.testing.assert_allclose(together[at], encode([texts[at]])[0], atol=1e-4)


def test_texts_are_told_apart(encoder: Encoder) -> None:
    questions = ["Who flew to Moscow?", "What did a missile strike in Kyiv?", "How much did oil fall?"]
    likeness = encoder.encode_queries(questions) @ encoder.encode_passages(NEWS).T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2]
    assert (encoder.encode_passages(NEWS) @ encoder.encode_passages(NEWS).T < 0.99).sum() == 20


def test_token_spans_slice_the_text_in_order(encoder: Encoder) -> None:
    for text, spans in zip(NEWS, encoder.token_spans(NEWS), strict=True):
        assert spans.dtype == np.int32
        assert (spans[:, 0] < spans[:, 1]).all()
        assert (spans[:-1, 1] <= spans[1:, 0]).all()
        covered = "".join(text[start:end] for start, end in spans)
        assert covered == "".join(text.split())


def test_token_spans_are_never_cut_short(encoder: Encoder) -> None:
    text = "summit " * (encoder.max_tokens * 3)
    (spans,) = encoder.token_spans([text])
    assert len(spans) == encoder.max_tokens * 3
    assert spans[-1].tolist() == [len(text) - 7, len(text) - 1]


def test_tokens_are_read_where_they_stand(encoder: Encoder) -> None:
    spans = encoder.token_spans(NEWS)
    for read in (encoder.encode_passage_tokens(NEWS), [encoder.encode_query_tokens(text) for text in NEWS]):
        for tokens, expected in zip(read, spans, strict=True):
            assert tokens.vectors.shape == (len(expected), encoder.dimension)
            assert_unit(tokens.vectors)
            np.testing.assert_array_equal(tokens.offsets, expected)


def test_only_the_first_tokens_of_a_long_passage_are_read(encoder: Encoder) -> None:
    text = " ".join(f"word{number}" for number in range(encoder.max_tokens))
    (spans,) = encoder.token_spans([text])
    short, long = encoder.encode_passage_tokens([NEWS[0], text])
    assert len(spans) > encoder.max_tokens or len(spans) == len(text.split())
    assert len(long.vectors) == len(long.offsets) == encoder.max_tokens
    np.testing.assert_array_equal(long.offsets, spans[: encoder.max_tokens])
    np.testing.assert_array_equal(short.offsets, encoder.token_spans([NEWS[0]])[0])


def test_a_passage_of_as_many_tokens_as_are_seen_is_read_whole(encoder: Encoder) -> None:
    words = ["summit"] * (encoder.max_tokens - 1)
    (tokens,) = encoder.encode_passage_tokens([" ".join([*words, "treaty"])])
    assert len(tokens.offsets) == encoder.max_tokens
    seen = encoder.encode_passages([" ".join([*words, last]) for last in ("treaty", "hospital")])
    assert np.abs(seen[0] - seen[1]).max() > 1e-4
    beyond = encoder.encode_passages([" ".join([*words, "summit", last]) for last in ("treaty", "hospital")])
    np.testing.assert_allclose(beyond[0], beyond[1], atol=1e-6)


def test_the_same_word_in_another_text_is_alike(encoder: Encoder) -> None:
    tokens = encoder.encode_passage_tokens(["The hospital was struck.", "A hospital stood there."])
    likeness = tokens[0].vectors[1] @ tokens[1].vectors.T
    assert likeness.argmax() == 1


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_strange_texts_are_encoded(encoder: Encoder, text: str) -> None:
    for rows in (encoder.encode_queries([text]), encoder.encode_passages([text, "summit"])):
        assert_unit(rows)
    (spans,) = encoder.token_spans([text])
    assert ((spans >= 0) & (spans <= len(text))).all()
    assert (np.diff(spans[:, 0]) >= 0).all()
    (tokens,) = encoder.encode_passage_tokens([text])
    np.testing.assert_array_equal(tokens.offsets, spans[: len(tokens.offsets)])
    assert len(tokens.offsets) == len(tokens.vectors) == min(len(spans), encoder.max_tokens)
    assert_unit(encoder.encode_query_tokens(text).vectors)


def test_encoding_from_several_threads(encoder: Encoder) -> None:
    alone = encoder.encode_queries(NEWS)
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(encoder.encode_queries, [NEWS] * 8):
            np.testing.assert_allclose(rows, alone, atol=1e-5)


def test_the_fingerprint_names_what_changes_vectors(encoder: Encoder) -> None:
    assert str(encoder.dimension) in encoder.fingerprint
    assert "\n" not in encoder.fingerprint


def test_fakes_of_other_shape_have_another_fingerprint() -> None:
    assert FakeEncoder(8).fingerprint == FakeEncoder(8).fingerprint
    assert len({FakeEncoder().fingerprint, FakeEncoder(8).fingerprint, FakeEncoder(8, 5).fingerprint}) == 3
