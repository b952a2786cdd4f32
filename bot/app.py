"""Wires the parts together. Nothing is opened or loaded before it is needed, and each once."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from bot.errors import UsageError
from bot.settings import ReaderKind, Settings
from corpus.errors import CatalogueError
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.index.location import MilvusLocation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.answers import AnswerBook
    from bot.desk import Desk
    from bot.metrics import Metrics
    from bot.people import Pseudonyms
    from bot.policy import Policy
    from bot.refreshing import Refreshing
    from bot.service import Service
    from bot.watches import Watches
    from corpus.catalogue import Catalogue
    from corpus.database import Place
    from corpus.feed_register import FeedRegister
    from corpus.indexer import Indexer
    from corpus.journal import Journal
    from corpus.representations import KeptRepresentations
    from corpus.right_of_way import RightOfWay
    from corpus.subscriptions import Subscriptions
    from retrieval.encoders.port import Encoder, RepresentingEncoder, Vectors
    from retrieval.index.milvus.store import MilvusPlace
    from retrieval.index.port import Generations, IndexStore
    from retrieval.parameters import Parameters
    from retrieval.reader import Reader
    from retrieval.verifier.port import Verifier


_T = TypeVar("_T")


class _once(cached_property[_T]):  # noqa: N801 (used as a decorator)
    """A property that is made once, also when several threads ask for it first at the same time."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> _T: ...

    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | _T:
        if not isinstance(instance, Application):
            return self
        with instance.lock:
            return super().__get__(instance, owner)


class Application:
    """The parts that one data folder needs.

    Args:
        settings: as read.
        encoder: takes the place of the one that the settings name, as tests do.

    Raises:
        UsageError: the data folder is a file.
    """

    def __init__(self, settings: Settings, encoder: Encoder | None = None) -> None:
        if settings.data_dir.exists() and not settings.data_dir.is_dir():
            raise UsageError(f"the data folder {settings.data_dir} is a file: name a folder by --data-dir")
        self.settings = settings
        self._given_encoder = encoder
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        """Once this is set, an index run ends at its next step."""

    @property
    def _index_folder(self) -> Path:
        return self.settings.data_dir / "index"

    @_once
    def catalogue(self) -> Catalogue:
        """The catalogue.

        Raises:
            CatalogueError: it cannot be opened.
        """
        from corpus.catalogue import Catalogue

        location = self._location
        shared = f"{location.url} {self.settings.milvus_name}" if self.is_replica and location else ""
        return Catalogue(self._database, self._replica, shared)

    @_once
    def journal(self) -> Journal:
        """What was asked and answered, beside the catalogue.

        Raises:
            CatalogueError: it cannot be opened.
        """
        from corpus.journal import Journal

        return Journal(self._database, self._replica)

    @_once
    def subscriptions(self) -> Subscriptions:
        """What people want to hear of unasked, beside the catalogue.

        Raises:
            CatalogueError: it cannot be opened.
        """
        from corpus.subscriptions import Subscriptions

        return Subscriptions(self._database, self._replica)

    @_once
    def people(self) -> Pseudonyms:
        """Hides who asked.

        Raises:
            SaltError: the salt's file cannot be used.
        """
        from bot.people import Pseudonyms

        file = self.settings.data_dir / "salt"
        return Pseudonyms(file, self.journal.agreed) if self.is_replica else Pseudonyms(file)

    @_once
    def answers(self) -> AnswerBook:
        """Answers by their ids."""
        from bot.answers import AnswerBook

        return AnswerBook(self.journal, self.people, self.service.recalled)

    @_once
    def encoder(self) -> Encoder:
        """The encoder; the first time, loading it takes seconds.

        Raises:
            EncoderError: it cannot be loaded.
        """
        if self._given_encoder is not None:
            return self._given_encoder
        from retrieval.encoders.loading import load_encoder

        settings = self.settings
        return load_encoder(settings.model, settings.precision, settings.encoder_backend, settings.data_dir / "models")

    @_once
    def store(self) -> IndexStore:
        """The generations of the encoder in use, and how new ones are made."""
        fingerprint, dimension = self.encoder.fingerprint, self.encoder.dimension
        place = self._place
        if place is None:
            from retrieval.index.embedded import EmbeddedIndexStore

            return EmbeddedIndexStore(self._index_folder, fingerprint, dimension)
        from retrieval.index.milvus.server import Shape
        from retrieval.index.milvus.store import MilvusIndexStore

        settings = self.settings
        shape = Shape(settings.milvus_shards, settings.milvus_replicas, settings.milvus_partitions)
        grace = dt.timedelta(minutes=settings.milvus_grace_minutes)
        return MilvusIndexStore(place, fingerprint, dimension, shape, grace)

    @_once
    def generations(self) -> Generations:
        """The generations of any encoder; no model is loaded for them."""
        place = self._place
        if place is None:
            from retrieval.index.embedded import EmbeddedGenerations

            return EmbeddedGenerations(self._index_folder, None)
        from retrieval.index.milvus.store import MilvusGenerations

        return MilvusGenerations(place, None)

    @property
    def _location(self) -> MilvusLocation | None:
        return MilvusLocation.parse(self.settings.index)

    @_once
    def _place(self) -> MilvusPlace | None:
        """Where generations lie on a Milvus server; ``None`` where they are embedded."""
        settings, location = self.settings, self._location
        if location is None:
            return None
        from retrieval.index.milvus.server import Access, MilvusServer
        from retrieval.index.milvus.store import MilvusPlace

        token = settings.milvus_token.get_secret_value() if settings.milvus_token else ""
        access = Access(token, settings.milvus_certificate, settings.milvus_timeout_seconds)
        return MilvusPlace(MilvusServer(location, access), settings.milvus_name, self._index_folder / "milvus-words")

    @_once
    def parameters(self) -> Parameters:
        """What was fitted, for the reader that reads."""
        from retrieval.parameters import Parameters

        return Parameters.load().reading(self._reader_kind)

    @_once
    def reader(self) -> Reader | None:
        """What reads the best few passages; ``None`` where words alone do.

        Raises:
            EncoderError: its model cannot be loaded.
        """
        from retrieval.threads import small_products

        small_products()
        settings = self.settings
        if settings.reader is ReaderKind.WORDS:
            return None
        if self._reader_kind is ReaderKind.JOINT:
            from retrieval.joint.models import load_joint_model
            from retrieval.joint.reader import joint_and_maxsim

            shared = self._shared_encoder
            models = settings.data_dir / "models"
            model = load_joint_model(settings.precision, settings.encoder_backend, models, encoder=shared)
            return joint_and_maxsim(model, self.parameters, store=self.representations, encoder=shared)
        if self._reader_kind is ReaderKind.MAXSIM:
            from retrieval.reader import MaxSimReader

            return MaxSimReader(self.encoder, self.parameters.sentence)
        from retrieval.named_readers import load_reader

        return load_reader(settings.reader, settings.precision)

    @_once
    def verifier(self) -> Verifier | None:
        """What judges what questions suppose; ``None`` unless a setting names it, and where words alone read.

        Raises:
            EncoderError: its model cannot be loaded, or is of another kind.
        """
        if self.settings.verifier is None or self.settings.reader is ReaderKind.WORDS:
            return None
        from retrieval.verifier.entailment import EntailmentVerifier

        return EntailmentVerifier(self.settings.verifier, self.settings.precision)

    @_once
    def representations(self) -> KeptRepresentations | None:
        """What the shipped reader's encoder made of passages; ``None`` where nothing is kept."""
        most = self.settings.representations_mb * 10**6
        if not most or self._reader_kind is not ReaderKind.JOINT:
            return None
        from corpus.representations import KeptRepresentations, RepresentationCache

        return KeptRepresentations(self.settings.data_dir / RepresentationCache.NAME, most)

    @property
    def _encode(self) -> Callable[[Sequence[str]], Vectors]:
        """Makes passages' vectors, and where the shipped reader shares that encoder, keeps what is made on the way."""
        encoder, store = self._shared_encoder, self.representations
        if store is None or encoder is None:
            return self.encoder.encode_passages
        from retrieval.joint.representations import encode_and_keep

        return partial(encode_and_keep, encoder, store)

    @property
    def _shared_encoder(self) -> RepresentingEncoder | None:
        """The encoder, if it is the shipped reader's and gives out what it makes of tokens."""
        from retrieval.encoders.openvino import OpenVinoEncoder

        encoder = self.encoder
        return encoder if isinstance(encoder, OpenVinoEncoder) and encoder.represents else None

    @property
    def _reader_kind(self) -> str:
        """Beside another encoder that was given, as tests do, that one reads where the shipped network would."""
        given, kind = self._given_encoder, self.settings.reader
        stranger = given is not None and not given.fingerprint.startswith(f"{DEFAULT_MODEL}:")
        return ReaderKind.MAXSIM if kind is ReaderKind.JOINT and stranger else kind

    @_once
    def indexer(self) -> Indexer:
        """Brings catalogue and index up to date."""
        from corpus.indexer import Indexer
        from corpus.right_of_way import GivingWay

        encoder = GivingWay(self.encoder, self.way, self._encode)
        return Indexer(self.catalogue, self.store, encoder, self.settings.data_dir, self.register, self.stopping)

    @_once
    def way(self) -> RightOfWay:
        """Lets questions go before a re-index."""
        from corpus.right_of_way import RightOfWay

        return RightOfWay(self.settings.data_dir / "asked")

    @_once
    def register(self) -> FeedRegister:
        """Which feeds there are."""
        from corpus.feed_register import FeedRegister, feeds_file

        return FeedRegister(self.catalogue, find_file=lambda: feeds_file(self.settings.data_dir, self.settings.feeds))

    @_once
    def service(self) -> Service:
        """Answers questions."""
        from bot.service import Service

        return Service(self)

    @_once
    def refreshing(self) -> Refreshing:
        """Refreshes feeds while the bot serves."""
        from bot.refreshing import Refreshing

        return Refreshing(self)

    @_once
    def policy(self) -> Policy:
        """Who may ask, where and how often.

        Raises:
            UsageError: a rate cannot be read.
        """
        from bot.policy import Policy
        from bot.rates import OwnRates, SharedRates

        return Policy(
            rates=SharedRates(self.journal, self.people) if self.is_replica else OwnRates(),
            per_person=self.settings.rate_per_person,
            per_channel=self.settings.rate_per_channel,
            allowed=self.settings.channels_allowed,
            denied=self.settings.channels_denied,
        )

    @_once
    def metrics(self) -> Metrics:
        """What the process has done."""
        from bot.metrics import Metrics

        return Metrics()

    @_once
    def desk(self) -> Desk:
        """Serves people."""
        from bot.desk import Desk

        return Desk(self)

    @_once
    def watches(self) -> Watches:
        """Keeps what people want to hear of unasked."""
        from bot.watches import Watches

        return Watches(self)

    def close(self) -> None:
        """Let go of this thread's connections to the catalogue, where any were opened."""
        for name in ("catalogue", "journal", "subscriptions", "representations"):
            if (part := self.__dict__.get(name)) is not None:
                part.close()

    @property
    def has_catalogue(self) -> bool:
        """Whether there is a catalogue; to ask for :attr:`catalogue` would make one."""
        return isinstance(self._database, str) or self._database.exists()

    @property
    def is_replica(self) -> bool:
        """Whether other processes may share the catalogue, each with a data folder of its own."""
        return self.settings.database_url is not None

    @property
    def _replica(self) -> str:
        """The same each time it runs, so that it knows what it left undone and which index is its own."""
        return f"{socket.gethostname()}:{self.settings.data_dir.resolve()}" if self.is_replica else ""

    @property
    def _database(self) -> Place:
        url = self.settings.database_url
        return url.get_secret_value() if url else self.settings.data_dir / "catalogue.sqlite3"

    def check_data_folder(self) -> None:
        """See that the data folder can be written, before anything long begins.

        Raises:
            CatalogueError: it cannot.
        """
        try:
            self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueError(
                f"the data folder {self.settings.data_dir} cannot be written ({error.strerror}): "
                "name another by --data-dir"
            ) from error
