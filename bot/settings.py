"""Settings, from the environment and from a file ``.env`` in the current folder."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import UsageError
from retrieval.encoders.options import Backend, Precision

_PREFIX = "BACKCHANNEL_"


class LogLevel(StrEnum):
    """How much goes to the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ReaderKind(StrEnum):
    """What reads the best few passages."""

    MAXSIM = "maxsim"
    """Late interaction over the encoder's token vectors."""
    WORDS = "words"
    """Word overlap alone: quicker, marks worse."""


class Settings(BaseSettings):
    """Everything that can be set. Each field is the variable ``BACKCHANNEL_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_file=".env", extra="ignore", env_ignore_empty=True)

    data_dir: Annotated[Path, Field(description="The only folder that is written to.")] = user_data_path("backchannel")
    model: Annotated[
        str, Field(description="The encoder: all-MiniLM-L6-v2 is packaged; else a hub name or a folder.", min_length=1)
    ] = "all-MiniLM-L6-v2"
    precision: Annotated[
        Precision, Field(description="auto, fp32 or bf16; auto takes bf16 where the processor has it.")
    ] = Precision.AUTO
    encoder_backend: Annotated[
        Backend, Field(description="auto, openvino or torch; auto takes torch where OpenVINO cannot.")
    ] = Backend.AUTO
    reader: Annotated[
        ReaderKind, Field(description="maxsim marks sentences by the encoder, words by word overlap.")
    ] = ReaderKind.MAXSIM
    reader_budget_ms: Annotated[
        int, Field(description="Milliseconds that reading may take for one question.", ge=1)
    ] = 1500
    log_level: Annotated[LogLevel, Field(description="debug, info, warning or error.")] = LogLevel.WARNING

    @field_validator("log_level", "precision", "encoder_backend", "reader", mode="before")
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
        name = _PREFIX + str(first["loc"][0]).upper()
        raise UsageError(f"{name}={first['input']!r} cannot be used: {first['msg']}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the file .env cannot be read ({error}): save it as UTF-8") from error
