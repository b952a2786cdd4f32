from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.app import Application
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from retrieval.errors import RetrievalError
from retrieval.reader import FEATURES, MaxSimReader, Reader, Reading, token_weights
from retrieval.reader_network import PassageTokens, QuestionTokens, ReaderNetwork
from retrieval.segmentation import sentences
from retrieval.token_features import SHAPES
from retrieval.trained_reader import SHIPPED, TrainedNetwork, TrainedReader
from retrieval.types import Article, Passage

HEADS = 2


def weights(dimension: int, hidden: int = 8, blocks: int = 2, seed: int = 0) -> dict[str, np.ndarray]:
    """Of an untrained network."""
    random = np.random.default_rng(seed)
    shaped: dict[str, tuple[int, ...]] = {
        "project": (hidden, dimension),
        "describe": (hidden, len(SHAPES) + 6),
        "ask": (hidden, 2),
        "look": (hidden, hidden),
        "show": (2 * hidden, hidden),
        "summary": (1, hidden),
        "join": (hidden, 4 * hidden),
        "answer": (1, hidden),
        "decide": (hidden, 3 * hidden + len(FEATURES)),
        "null": (1, hidden),
    }
    for block in range(blocks):
        name = f"blocks.{block}"
        shaped |= {
            f"{name}.window": (hidden, 1, 3),
            f"{name}.mix": (hidden, hidden),
            f"{name}.widen": (2 * hidden, hidden),
            f"{name}.narrow": (hidden, 2 * hidden),
        }
    last = f"blocks.{blocks - 1}"
    shaped |= {f"{last}.attend": (3 * hidden, hidden), f"{last}.gather": (hidden, hidden)}
    found = {f"{name}.weight": random.normal(size=shape) / 3 for name, shape in shaped.items()}
    found |= {f"{name}.bias": random.normal(size=shape[0]) / 3 for name, shape in shaped.items()}
    norms = [f"norms.{n}" for n in range(4)] + [f"blocks.{b}.norms.{n}" for b in range(blocks) for n in range(3)]
    found |= {f"{name}.weight": random.uniform(0.5, 1.5, hidden) for name in norms}
    found |= {f"{name}.bias": random.normal(size=hidden) / 3 for name in norms}
    found |= {
        "channels": random.normal(size=(HEADS, 3)),
        "sentence.weight": random.normal(size=(1, len(FEATURES))),
        "feature_scale": random.uniform(0.5, 1.5, len(FEATURES)),
    }
    return {name: value.astype(np.float32) for name, value in found.items()}


class CountingEncoder(FakeEncoder):
    """Counts the passages whose tokens it read."""

    read = 0

    def encode_passage_tokens(self, texts: Sequence[str]) -> list:
        self.read += len(texts)
        return super().encode_passage_tokens(texts)


def reader(encoder: FakeEncoder | None = None, seed: int = 0, cached: int = 256) -> TrainedReader:
    encoder = encoder or FakeEncoder()
    return TrainedReader(encoder, ReaderNetwork(weights(encoder.dimension, seed=seed), HEADS), cached)


def passage(text: str, title: str = "", start: int = 0) -> Passage:
    return Passage(1, Article("article", text, title), start, len(text))


def alike(words: Sequence[str]) -> list[float]:
    return [1.0] * len(words)


def scores(reading: Reading) -> list[float]:
    return [score for _, score in reading.sentences]


MANY = [
    passage("Gen. Bajwa left. “Why?” he asked. Nobody knew."),
    passage("Oil fell", "Markets"),
    passage("Putin spoke.\n\nModi flew to Moscow in 2024. Kyiv wept.", "A visit", start=14),
]


# The network


def tokens_of(encoder: FakeEncoder, question: str, text: str) -> tuple[QuestionTokens, PassageTokens, np.ndarray]:
    random = np.random.default_rng(4)
    query, read = encoder.encode_query_tokens(question), encoder.encode_passage_tokens([text])[0]
    n, q = len(read.vectors), len(query.vectors)
    asked = QuestionTokens(
        query.vectors,
        random.integers(0, 4, (q, 2)),
        token_weights(question, query.offsets, alike).astype(np.float32),
    )
    shaped = random.integers(0, 2, (n, len(SHAPES))).astype(np.float32)
    described = PassageTokens(read.vectors, random.integers(0, 4, (n, 2)), shaped, np.arange(n) // 4 - 1)
    return asked, described, random.normal(size=((n - 1) // 4, len(FEATURES))).astype(np.float32)


def test_numpy_computes_what_was_trained() -> None:
    torch = pytest.importorskip("torch")
    from training.reader_network import Batch, Network, Size

    encoder = FakeEncoder()
    pairs = [
        tokens_of(encoder, "Who flew to Moscow ?", "Modi flew to Moscow in 2024 . Kyiv wept . Nobody knew why ."),
        tokens_of(encoder, "Why ?", "Oil fell to 70 dollars ."),
    ]
    values = weights(encoder.dimension)
    size = Size(encoder=encoder.dimension, hidden=8, heads=HEADS, window=3)
    network = Network(size, torch.ones(len(FEATURES)))
    network.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
    network.eval()

    def padded(parts: list[np.ndarray], fill: float = 0) -> torch.Tensor:
        shape = (len(parts), max(map(len, parts)), *parts[0].shape[1:])
        rows = np.full(shape, fill, dtype=parts[0].dtype)
        for row, part in zip(rows, parts, strict=True):
            row[: len(part)] = part
        return torch.from_numpy(rows)

    def mask(parts: list[np.ndarray]) -> torch.Tensor:
        return padded([np.ones(len(part), dtype=bool) for part in parts])

    asked, read, features = (list(part) for part in zip(*pairs, strict=True))
    empty = torch.zeros(0)
    batch = Batch(
        question=padded([a.vectors for a in asked]),
        question_ids=padded([a.ids for a in asked]),
        question_weights=padded([a.weights for a in asked]),
        question_mask=mask([a.ids for a in asked]),
        passage=padded([r.vectors for r in read]),
        passage_ids=padded([r.ids for r in read]),
        shapes=padded([r.shapes for r in read]),
        places=padded([r.places for r in read], -1),
        passage_mask=mask([r.ids for r in read]),
        features=padded(features),
        sentence_mask=mask(features),
        right=empty,
        inside=empty,
        answerable=empty,
        weight=empty,
    )
    with torch.no_grad():
        _, sentence_logits, null = network(batch)
    for at, pair in enumerate(pairs):
        judged = ReaderNetwork(values, HEADS).judge(*pair)
        expected = sentence_logits[at, : len(pair[2])].numpy()
        assert judged.sentences == pytest.approx(expected, rel=1e-3, abs=1e-3)
        assert judged.null == pytest.approx(float(null[at]), rel=1e-3, abs=1e-3)


# The reader


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_passage_is_read_sentence_by_sentence(seed: int) -> None:
    readings = reader(seed=seed).read("Who left?", MANY, alike)
    for reading, read in zip(readings, MANY, strict=True):
        inside = [span for span in sentences(read.article.text) if span.start >= read.start]
        assert sorted(span for span, _ in reading.sentences) == inside
        assert scores(reading) == sorted(scores(reading), reverse=True)
        assert np.isfinite(scores(reading)).all()


def test_passages_score_as_by_maxsim() -> None:
    found = reader().read("Who flew to Moscow?", MANY, alike)
    expected = MaxSimReader(FakeEncoder()).read("Who flew to Moscow?", MANY, alike)
    assert [one.score for one in found] == pytest.approx([one.score for one in expected])


def test_another_network_reads_otherwise() -> None:
    one, other = (reader(seed=seed).read("Who left?", MANY, alike)[0] for seed in (0, 1))
    assert dict(one.sentences) != pytest.approx(dict(other.sentences))


def test_a_passage_is_read_alike_alone_and_among_others() -> None:
    together = reader().read("Who left?", MANY, alike)
    alone = [reader().read("Who left?", [one], alike)[0] for one in MANY]
    assert together == alone


@pytest.mark.parametrize("question", ["", " ", "?", "x" * 300])
def test_odd_questions_are_still_read(question: str) -> None:
    for reading in reader().read(question, MANY, alike):
        assert np.isfinite([reading.score, *scores(reading)]).all()


def test_what_the_encoder_does_not_see_ranks_last() -> None:
    text = passage("Modi flew far. " + "Kyiv wept and wept. " * 6 + "Nobody knew why.")
    (reading,) = reader(FakeEncoder(max_tokens=12)).read("Who knew why?", [text], alike)
    assert min(score for span, score in reading.sentences if span.end <= 34) > max(
        score for span, score in reading.sentences if span.start >= 55
    )


@pytest.mark.parametrize("cached", [0, 1, 256])
def test_the_cache_does_not_change_what_is_read(cached: int) -> None:
    kept = reader(cached=cached)
    for question in ("Who flew to Moscow?", "Who wept?"):
        fresh = reader().read(question, MANY, alike)
        assert kept.read(question, MANY, alike) == fresh
        assert kept.read(question, MANY[::-1], alike) == fresh[::-1]


def test_passages_read_lately_are_not_encoded_again() -> None:
    encoder = CountingEncoder()
    kept = reader(encoder)
    kept.read("Who left?", MANY, alike)
    kept.read("Who wept?", MANY, alike)
    assert encoder.read == len(MANY)
    assert kept.read("Who?", [], alike) == []


# What ships


def test_the_shipped_network_is_small_and_sound() -> None:
    shipped = TrainedNetwork.load()
    assert shipped.encoder.startswith("all-MiniLM-L6-v2:384:")
    assert SHIPPED.with_suffix(".npz").stat().st_size < 5_000_000


@pytest.fixture
def card(tmp_path: Path) -> Path:
    np.savez(tmp_path / "weights.npz", **weights(64))
    digest = hashlib.sha256((tmp_path / "weights.npz").read_bytes()).hexdigest()
    card = tmp_path / "reader.json"
    value = {"weights": "weights.npz", "sha256": digest, "encoder": FakeEncoder().fingerprint, "heads": HEADS}
    card.write_text(json.dumps(value), encoding="utf-8")
    return card


def test_a_network_is_loaded_as_written(card: Path) -> None:
    loaded = TrainedNetwork.load(card)
    assert loaded.encoder == FakeEncoder().fingerprint
    assert TrainedReader(FakeEncoder(), loaded.network).read("Who?", MANY, alike) == reader().read("Who?", MANY, alike)


def test_altered_weights_are_refused(card: Path) -> None:
    with (card.parent / "weights.npz").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(RetrievalError, match=r"sha256.*reinstall"):
        TrainedNetwork.load(card)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights": "absent.npz"}'])
def test_a_broken_card_is_refused_in_one_line(card: Path, content: str) -> None:
    card.write_text(content, encoding="utf-8")
    with pytest.raises(RetrievalError, match="reinstall") as raised:
        TrainedNetwork.load(card)
    assert "\n" not in str(raised.value)


# Which reader reads


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    app = Application(Settings(data_dir=tmp_path, _env_file=None), encoder=FakeEncoder())
    yield app
    app.close()


def test_another_encoder_is_read_by_maxsim(app: Application) -> None:
    assert isinstance(app.reader, MaxSimReader)


class NamedEncoder(FakeEncoder):
    """Has the fingerprint that the shipped network names."""

    def __init__(self) -> None:
        super().__init__(dimension=384)
        self.fingerprint = TrainedNetwork.load().encoder


def test_the_encoder_that_it_was_trained_for_is_read_by_the_trained_reader(tmp_path: Path) -> None:
    app = Application(Settings(data_dir=tmp_path, _env_file=None), encoder=NamedEncoder())
    chosen: Reader | None = app.reader
    assert isinstance(chosen, TrainedReader)
    assert len(chosen.read("Who left?", MANY, alike)) == len(MANY)


@pytest.mark.model
def test_the_packaged_encoder_is_the_one_that_it_was_trained_for(tmp_path: Path) -> None:
    app = Application(Settings(data_dir=tmp_path, _env_file=None))
    assert isinstance(app.reader, TrainedReader)
