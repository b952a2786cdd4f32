"""Settings, from the environment and from a file ``.env`` in the current folder."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import UsageError
from bot.schedule import QuietHours, zone_of
from retrieval.encoders.options import Backend, Precision
from retrieval.index.location import EMBEDDED, MilvusLocation

_PREFIX = "BACKCHANNEL_"
_SECRET = ("TOKEN", "SECRET", "DATABASE_URL")


class LogLevel(StrEnum):
    """How much goes to the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ReaderKind(StrEnum):
    """What reads the best few passages."""

    JOINT = "joint"
    """The shipped network, which reads question and passage together."""
    MAXSIM = "maxsim"
    """Late interaction over the encoder's token vectors."""
    WORDS = "words"
    """Word overlap alone: quicker, marks worse."""


class SlackMode(StrEnum):
    """How Slack reaches the bot."""

    SOCKET = "socket"
    """The bot opens a web socket; it needs no public address."""
    HTTP = "http"
    """Slack sends signed requests."""


class Corrections(StrEnum):
    """Of which changes those are told who were given an answer."""

    OFF = "off"
    CHANGED = "changed"
    """A quoted sentence stands in its article no more."""
    ALL = "all"
    """So it is, or the article is gone."""


def _zone(name: str) -> str:
    try:
        return zone_of(name).key
    except UsageError as error:
        raise ValueError(str(error)) from error


def _quiet(text: str) -> str:
    QuietHours.parse(text)
    return text


def _index(text: str) -> str:
    MilvusLocation.parse(text)
    return text.strip()


def _parted(value: object) -> object:
    return tuple(part for part in value.replace(",", " ").split() if part) if isinstance(value, str) else value


def _reader(value: object) -> object:
    """One of the kinds in any case, else a model's name as it is."""
    kinds = {kind.value: kind for kind in ReaderKind}
    return kinds.get(value.lower(), value) if isinstance(value, str) else value


Ids = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parted)]


class Settings(BaseSettings):
    """Everything that can be set.

    Each field is the variable ``BACKCHANNEL_`` and its name in capitals, or the platform's own name for it.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    data_dir: Annotated[Path, Field(description="The only folder that is written to.")] = user_data_path("backchannel")
    database_url: Annotated[
        SecretStr | None,
        Field(description="For replicas: postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE; without it a file."),
    ] = None
    feeds: Annotated[
        Path | None, Field(description="The feeds file; without it feeds.toml in the data folder, if there is one.")
    ] = None
    refresh: Annotated[
        bool, Field(description="Whether serve refreshes each feed by itself when it is due; else index does it.")
    ] = True
    index: Annotated[
        str,
        AfterValidator(_index),
        Field(description="Where the index lies: embedded, or a Milvus server (milvus+http://host:19530)."),
    ] = EMBEDDED
    milvus_token: Annotated[
        SecretStr | None, Field(description="What that server asks for: user:password, or a key.")
    ] = None
    milvus_certificate: Annotated[
        Path | None,
        Field(description="File of the authority that signed its certificate, where the system knows none."),
    ] = None
    milvus_name: Annotated[
        str,
        Field(description="Name of the index there; one for each corpus.", pattern="^[A-Za-z_][A-Za-z0-9_]{0,99}$"),
    ] = "backchannel"
    milvus_shards: Annotated[int, Field(description="Channels that a new index is written through.", ge=1)] = 1
    milvus_replicas: Annotated[
        int, Field(description="Copies of it in memory, each on query nodes of its own.", ge=1)
    ] = 1
    milvus_partitions: Annotated[
        int,
        Field(description="Partitions by source, so that a filter for sources searches those alone; 0 for none.", ge=0),
    ] = 0
    milvus_grace_minutes: Annotated[
        int, Field(description="Minutes after which an index that another has replaced may be removed.", ge=0)
    ] = 10
    milvus_timeout_seconds: Annotated[
        int, Field(description="Seconds that the server may take to answer a search.", ge=1)
    ] = 10
    model: Annotated[
        str, Field(description="The encoder: all-MiniLM-L6-v2 is packaged; else a hub name or a folder.", min_length=1)
    ] = "all-MiniLM-L6-v2"
    precision: Annotated[
        Precision,
        Field(description="auto, fp32 or bf16; auto takes 8 bits for what ships so, else bf16, where they are quick."),
    ] = Precision.AUTO
    encoder_backend: Annotated[
        Backend, Field(description="auto, openvino or torch; auto takes torch where OpenVINO cannot.")
    ] = Backend.AUTO
    reader: Annotated[
        ReaderKind | str,
        BeforeValidator(_reader),
        Field(
            description="joint is shipped, maxsim goes by the encoder, words by word overlap; else a model that reads.",
            min_length=1,
        ),
    ] = ReaderKind.JOINT
    reader_budget_ms: Annotated[
        int, Field(description="Milliseconds that reading may take for one question.", ge=1)
    ] = 1500
    verifier: Annotated[
        str | None,
        Field(
            description="A model of language inference that judges what questions suppose: hub name or folder.",
            min_length=1,
        ),
    ] = None
    representations_mb: Annotated[
        int,
        Field(
            description="Megabytes on disk for what the encoder made of passages, for quicker reading; 0: none.", ge=0
        ),
    ] = 2000
    retention_days: Annotated[int, Field(description="Days that questions, answers and feedback are kept.", ge=1)] = 90
    follow_up_hours: Annotated[
        int, Field(description="Hours after which a thread is forgotten, so that a follow-up needs a mention.", ge=1)
    ] = 72
    rate_per_person: Annotated[str, Field(description="Questions that one person may ask.")] = "10/minute"
    rate_per_channel: Annotated[str, Field(description="Questions that may be asked in one channel.")] = "30/minute"
    workers: Annotated[int, Field(description="Questions answered at once; others wait their turn.", ge=1)] = 10
    most_waiting: Annotated[
        int, Field(description="Questions that may wait; who asks then is told to ask again.", ge=1)
    ] = 300
    channels_allowed: Annotated[
        Ids, Field(description="Ids of the only channels to speak in, parted by commas; empty for all.")
    ] = ()
    channels_denied: Annotated[Ids, Field(description="Ids of channels to be silent in, parted by commas.")] = ()
    threads_only: Annotated[
        bool, Field(description="Post nothing outside threads: on Discord a thread is opened for each question.")
    ] = False
    timezone: Annotated[
        str,
        AfterValidator(_zone),
        Field(description="Time zone of those of whom no other is known, such as Europe/Oslo."),
    ] = "UTC"
    watches_per_person: Annotated[
        int, Field(description="Watches and digests that one person may have.", ge=0, le=20)
    ] = 10
    watch_posts_per_hour: Annotated[
        int, Field(description="Posts of one watch in an hour; what comes meanwhile is collected for the next.", ge=1)
    ] = 2
    channel_posts_per_hour: Annotated[
        int, Field(description="Posts of all watches and corrections in one channel in an hour.", ge=1)
    ] = 6
    quiet_hours: Annotated[
        str,
        AfterValidator(_quiet),
        Field(description="Hours in which watches and corrections are silent, such as 22-7; or off."),
    ] = "22-7"
    digest_hour: Annotated[int, Field(description="Hour at which digests come.", ge=0, le=23)] = 8
    corrections: Annotated[
        Corrections,
        Field(description="off, changed (a quoted sentence has changed), or all (also: an article is gone)."),
    ] = Corrections.CHANGED
    correction_days: Annotated[
        int, Field(description="Days after an answer in which its thread is told of a change.", ge=1)
    ] = 30
    http_host: Annotated[
        str, Field(description="Where /healthz, /readyz and /metrics are served; loopback unless you say otherwise.")
    ] = "127.0.0.1"
    http_port: Annotated[int, Field(description="Their port; 0 serves none of them.", ge=0, le=65535)] = 8080
    slack_bot_token: Annotated[
        SecretStr | None, Field(validation_alias="SLACK_BOT_TOKEN", description="xoxb-…; without it Slack is off.")
    ] = None
    slack_app_token: Annotated[
        SecretStr | None, Field(validation_alias="SLACK_APP_TOKEN", description="xapp-…, for Socket Mode.")
    ] = None
    slack_signing_secret: Annotated[
        SecretStr | None, Field(validation_alias="SLACK_SIGNING_SECRET", description="For SLACK_MODE=http.")
    ] = None
    slack_mode: Annotated[
        SlackMode, Field(validation_alias="SLACK_MODE", description="socket (no public address needed) or http.")
    ] = SlackMode.SOCKET
    slack_http_host: Annotated[str, Field(description="Where requests come in, for SLACK_MODE=http.")] = "127.0.0.1"
    slack_http_port: Annotated[int, Field(description="The port for them.", ge=0, le=65535)] = 3000
    slack_api_base_url: Annotated[
        str, Field(validation_alias="SLACK_API_BASE_URL", description="The Web API; another one for GovSlack.")
    ] = "https://slack.com/api/"
    slack_admins: Annotated[Ids, Field(description="Ids of people who run the bot, parted by commas.")] = ()
    slack_workspace_admins: Annotated[bool, Field(description="Whether workspace admins run the bot too.")] = True
    slack_command_prefix: Annotated[
        str,
        Field(
            description="Stands before ask, summary and the like where another app has those names.",
            pattern="^[a-z0-9_-]*$",
        ),
    ] = ""
    discord_token: Annotated[
        SecretStr | None, Field(validation_alias="DISCORD_TOKEN", description="Without it Discord is off.")
    ] = None
    discord_guild: Annotated[
        int | None,
        Field(description="A server for development: commands appear there at once."),
    ] = None
    discord_api_base_url: Annotated[
        str, Field(validation_alias="DISCORD_API_BASE_URL", description="Discord's REST API.")
    ] = "https://discord.com/api/v10"
    discord_gateway_url: Annotated[
        str, Field(validation_alias="DISCORD_GATEWAY_URL", description="Discord's gateway; empty for the one it names.")
    ] = ""
    log_level: Annotated[LogLevel, Field(description="debug, info, warning or error.")] = LogLevel.WARNING

    @field_validator("log_level", "precision", "encoder_backend", "slack_mode", "corrections", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        str(value).encode()  # what is no UTF-8, FAISS and tantivy take for no name
        try:
            return value.expanduser()
        except RuntimeError as error:
            raise ValueError(f"{error} Write the folder's whole path") from error


def load_settings(**overrides: object) -> Settings:
    """Read the settings; ``overrides`` that are not ``None`` win over the environment.

    Raises:
        UsageError: a variable holds what it cannot hold; the message names it and the value.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = variable(str(first["loc"][0]).lower())
        value = "" if any(word in name for word in _SECRET) else f"={_without_password(first['input'])!r}"
        raise UsageError(f"{name}{value} cannot be used: {first['msg']}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the file .env cannot be read ({error}): save it as UTF-8") from error


def _without_password(value: object) -> object:
    """An address without the password that may stand in it."""
    return re.sub("(?<=://)[^/@]*@", "…@", value) if isinstance(value, str) else value


def variable(field: str) -> str:
    """The environment variable that sets a field."""
    info = Settings.model_fields.get(field)
    alias = info.validation_alias if info else None
    return alias if isinstance(alias, str) else _PREFIX + field.upper()
