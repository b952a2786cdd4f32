"""A small world to ask questions of: articles indexed with the fake encoder, and the stores that hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Encoder
from retrieval.engine import Engine
from retrieval.errors import IndexDamaged
from retrieval.index.memory import MemoryIndexStore
from retrieval.index.port import Index, IndexedPassage, IndexStore
from retrieval.mixed_reader import Mixture
from retrieval.parameters import Calibration, Parameters, RankingParameters, Regression, SummaryParameters, Verification
from retrieval.passages import PassageCutter, encoder_inputs
from retrieval.reader import MaxSimReader, Reader
from retrieval.types import Article, Passage

RANKING = RankingParameters(
    depth=50,
    dense_weight=0.5,
    support_weight=0.1,
    recency_weight=0.0,
    read=4,
    read_characters=0,
    read_all=0,
    read_on=0,
    hoped=0.0,
    reader_weight=0.4,
    reader_in_odds=False,
)
# A word matters less the later it comes, more in the title; a pair as its lesser word.
_STANDING = {"opening": 0.0, "early": 0.0, "late": -1.0, "place": 0.0, "spread": 0.0, "share": 0.0, "titled": 0.5}
SUMMARY = SummaryParameters(
    words=Regression(0.0, {**_STANDING, "plain": -2.0, "plain_spread": 0.0, "name": 1.0, "number": 0.25}),
    pairs=Regression(-1.0, {**dict.fromkeys(_STANDING, 0.0), "less": 1.0, "more": 0.0}),
    pair_weight=2.0,
    length=10.0,
    handicaps={"late": 0.0, "quoted": 0.0, "first_person": 0.0, "asks": 0.1},
)
# Whatever the shipped values are, these tell a question in the articles' words from one in others.
PARAMETERS = Parameters(
    ranking=RANKING,
    sentence={"maxsim": 1.0},
    mixture=Mixture(0.5, 0.5, 0.0),
    maxsim=RANKING,
    calibration=Calibration(-3.0, {"dense": 10.0}, 0.5),
    untrained=Calibration(-3.0, {"dense": 10.0}, 0.5),
    plain=Calibration(-3.0, {"dense": 10.0}, 0.5),
    verification=Verification(2.0, 0.5, 0.0),
    summary=SUMMARY,
)


@dataclass
class Shelf:
    """Passages in a dictionary."""

    by_id: dict[int, Passage] = field(default_factory=dict)

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """As :class:`retrieval.engine.PassageStore` says."""
        try:
            return [self.by_id[int(i)] for i in ids]
        except KeyError as error:
            raise IndexDamaged(f"passage {error} is not on the shelf") from error


@dataclass(frozen=True)
class Newsroom:
    engine: Engine
    index: Index
    shelf: Shelf
    encoder: Encoder
    articles: Mapping[str, Article]


def newsroom(
    articles: Sequence[Article],
    *,
    store: IndexStore | None = None,
    parameters: Parameters = PARAMETERS,
    reader: Reader | None = None,
    reads: bool = True,
) -> Newsroom:
    """Index articles and open an engine over them.

    Args:
        articles: to be indexed.
        store: where; in memory by default.
        parameters: of the engine.
        reader: of the engine; late interaction by default.
        reads: whether there is a reader at all.
    """
    encoder = FakeEncoder()
    store = store or MemoryIndexStore(encoder.fingerprint, encoder.dimension)
    shelf = Shelf()
    with store.begin() as writer:
        for article, spans in zip(articles, PassageCutter(encoder).cut(articles), strict=True):
            passages = [Passage(len(shelf.by_id) + n, article, s.start, s.end) for n, s in enumerate(spans, start=1)]
            shelf.by_id |= {passage.id: passage for passage in passages}
            vectors = encoder.encode_passages(encoder_inputs((article.title, passage.text) for passage in passages))
            writer.add([_indexed(passage) for passage in passages], vectors)
        writer.publish()
    index = store.current()
    chosen = (reader or MaxSimReader(encoder, parameters.sentence)) if reads else None
    engine = Engine(index, shelf, encoder, chosen, parameters)
    return Newsroom(engine, index, shelf, encoder, {article.id: article for article in articles})


def _indexed(passage: Passage) -> IndexedPassage:
    article = passage.article
    return IndexedPassage(passage.id, article.id, article.title, passage.text, article.source, article.published)
