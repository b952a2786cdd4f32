import re
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

import bot.settings
from bot.errors import UsageError
from bot.settings import LogLevel, ReaderKind, Settings, SlackMode, load_settings, variable
from retrieval.encoders.options import Precision

EXAMPLE = Path(bot.settings.__file__).parent.parent / ".env.example"
OTHERS = {
    "data_dir": "/srv/news",
    "feeds": "/etc/feeds.toml",
    "refresh": "false",
    "index": "milvus+https://milvus.example/news",
    "milvus_token": "root:Milvus",
    "milvus_certificate": "/etc/authority.pem",
    "milvus_name": "news",
    "milvus_shards": "4",
    "milvus_replicas": "2",
    "milvus_partitions": "16",
    "milvus_grace_minutes": "0",
    "milvus_timeout_seconds": "3",
    "model": "intfloat/e5-small",
    "precision": "fp32",
    "encoder_backend": "torch",
    "reader": "words",
    "reader_budget_ms": "250",
    "verifier": "cross-encoder/nli",
    "representations_mb": "500",
    "retention_days": "7",
    "follow_up_hours": "1",
    "rate_per_person": "2/hour",
    "rate_per_channel": "3/hour",
    "workers": "2",
    "most_waiting": "3",
    "channels_allowed": "C1,C2",
    "channels_denied": "C3, C4",
    "database_url": "postgresql+psycopg://bot:hush@db.example/news",
    "threads_only": "true",
    "timezone": "Europe/Oslo",
    "watches_per_person": "3",
    "watch_posts_per_hour": "1",
    "channel_posts_per_hour": "1",
    "quiet_hours": "off",
    "digest_hour": "17",
    "corrections": "all",
    "correction_days": "7",
    "http_host": "0.0.0.0",  # noqa: S104
    "http_port": "0",
    "slack_bot_token": "xoxb-1",
    "slack_app_token": "xapp-1",
    "slack_signing_secret": "signed",
    "slack_mode": "http",
    "slack_http_host": "192.0.2.1",
    "slack_http_port": "3001",
    "slack_api_base_url": "https://slack-gov.com/api/",
    "slack_admins": "U1,U2",
    "slack_workspace_admins": "false",
    "slack_command_prefix": "news-",
    "discord_token": "token",
    "discord_guild": "81384788765712384",
    "discord_api_base_url": "http://127.0.0.1:1/api",
    "discord_gateway_url": "ws://127.0.0.1:1",
    "log_level": "debug",
}


SECRETS = {
    "database_url",
    "milvus_token",
    "slack_bot_token",
    "slack_app_token",
    "slack_signing_secret",
    "discord_token",
}
PLATFORMS_OWN = {
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_MODE",
    "SLACK_API_BASE_URL",
    "DISCORD_TOKEN",
    "DISCORD_API_BASE_URL",
    "DISCORD_GATEWAY_URL",
}


def written(value: object) -> str:
    """A setting's value as it is written into the environment."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def example() -> dict[str, tuple[str, str]]:
    """Each variable of the example file with its comment and its value."""
    found: dict[str, tuple[str, str]] = {}
    comment: list[str] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        name, is_variable, value = line.removeprefix("#").removeprefix(" ").partition("=")
        if is_variable and re.fullmatch("[A-Z_]+", name):
            assert line.startswith("#"), f"a default is in force: {line}"
            assert name not in found, f"{name} occurs twice"
            found[name] = (" ".join(comment), value)
            comment = []
        elif line.startswith("# "):
            comment.append(line.removeprefix("# "))
        else:
            assert line == "", f"neither a comment nor a variable: {line}"
            comment = []
    return found


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_field_is_set_by_its_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = OTHERS[name].replace(" ", "")
    assert written(getattr(Settings(), name)) != other
    monkeypatch.setenv(variable(name), OTHERS[name])
    assert written(getattr(Settings(), name)) == other


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_field_is_set_by_the_env_file_and_the_environment_wins(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKCHANNEL_DATA_DIR")
    Path(".env").write_text(f"{variable(name)}={OTHERS[name]}\n")
    assert written(getattr(Settings(), name)) == OTHERS[name].replace(" ", "")
    default = written(Settings.model_fields[name].default)
    if default:  # an empty variable is as good as none
        monkeypatch.setenv(variable(name), default)
        assert written(getattr(Settings(), name)) == default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "shout"),
        ("PRECISION", "fp64"),
        ("INDEX", "milvus"),
        ("INDEX", "http://localhost:19530"),
        ("MILVUS_NAME", "1st"),
        ("MILVUS_SHARDS", "0"),
        ("READER_BUDGET_MS", "soon"),
        ("READER_BUDGET_MS", "0"),
        ("READER_BUDGET_MS", "1.5"),
        ("DATA_DIR", "~nobody-of-this-name/news"),
        ("RETENTION_DAYS", "0"),
        ("WORKERS", "0"),
        ("MOST_WAITING", "0"),
        ("HTTP_PORT", "65536"),
        ("THREADS_ONLY", "perhaps"),
        ("SLACK_COMMAND_PREFIX", "a b"),
        ("DISCORD_GUILD", "mine"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"BACKCHANNEL_{name}", value)
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"BACKCHANNEL_{name}=")
    assert value in str(caught.value)


def test_the_platforms_own_names_stay() -> None:
    named = {variable(name) for name in Settings.model_fields}
    assert {name for name in named if not name.startswith("BACKCHANNEL_")} == PLATFORMS_OWN
    assert variable("http_port") == "BACKCHANNEL_HTTP_PORT"


def test_a_wrong_value_of_a_platforms_own_variable_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_MODE", "pigeon")
    with pytest.raises(UsageError, match=r"^SLACK_MODE='pigeon' cannot be used"):
        load_settings()
    monkeypatch.setenv("SLACK_MODE", "HTTP")
    assert load_settings().slack_mode is SlackMode.HTTP


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(variable(name), "hush-hush")
    settings = load_settings()
    for shown in (repr(settings), str(settings), f"{settings.slack_bot_token}", settings.model_dump_json()):
        assert "hush" not in shown
    monkeypatch.setenv("SLACK_MODE", "pigeon")
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert "hush" not in str(caught.value)


def test_a_password_in_an_address_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_INDEX", "milvus+http://root:hush-hush@localhost:19530")
    with pytest.raises(UsageError, match=r"^BACKCHANNEL_INDEX=.*localhost.*BACKCHANNEL_MILVUS_TOKEN") as caught:
        load_settings()
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_that_cannot_be_is_refused_without_showing_it(name: str) -> None:
    with pytest.raises(UsageError, match=f"^{variable(name)} cannot be used") as caught:
        load_settings(**{name: ["hush-hush"]})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", ["C1,C2", "C1, C2", " C1 C2 ", "C1,,C2,"])
def test_ids_are_parted_by_commas_or_spaces(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_SLACK_ADMINS", text)
    assert load_settings().slack_admins == ("C1", "C2")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_data_folder_whose_name_is_not_utf8_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", "/srv/\udcff")
    with pytest.raises(UsageError, match=r"^BACKCHANNEL_DATA_DIR="):
        load_settings()


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODEL", "READER_BUDGET_MS", "LOG_LEVEL"):
        monkeypatch.setenv(f"BACKCHANNEL_{name}", "")
    settings = load_settings()
    assert (settings.model, settings.reader_budget_ms, settings.log_level) == (
        "all-MiniLM-L6-v2",
        1500,
        LogLevel.WARNING,
    )


def test_letter_case_does_not_matter_in_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_LOG_LEVEL", "INFO")
    monkeypatch.setenv("BACKCHANNEL_READER", "Words")
    monkeypatch.setenv("BACKCHANNEL_PRECISION", "BF16")
    settings = load_settings()
    assert (settings.log_level, settings.reader, settings.precision) == (
        LogLevel.INFO,
        ReaderKind.WORDS,
        Precision.BFLOAT16,
    )


def test_a_reader_may_be_another_model_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_READER", "Cross-Encoder/Tiny")
    assert load_settings().reader == "Cross-Encoder/Tiny"


def test_a_home_folder_is_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", "~/news")
    assert load_settings().data_dir == tmp_path / "news"


def test_an_override_wins_where_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", "/srv/news")
    assert load_settings(data_dir=None).data_dir == Path("/srv/news")
    assert load_settings(data_dir=Path("/tmp/other")).data_dir == Path("/tmp/other")  # noqa: S108


def test_other_programs_variables_in_the_env_file_are_let_be() -> None:
    Path(".env").write_text("DATABASE_URL=sqlite://\nBACKCHANNEL_MODEL=other\n")
    assert load_settings().model == "other"


# .env.example


def test_the_example_has_exactly_the_fields_of_the_settings() -> None:
    assert list(example()) == [variable(name) for name in Settings.model_fields]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_example_gives_each_fields_description_and_default(name: str) -> None:
    field = Settings.model_fields[name]
    comment, value = example()[variable(name)]
    assert comment == field.description
    if name == "data_dir":  # the default is the platform's; Linux's is shown
        assert value == "~/.local/share/backchannel"
    else:
        assert value == written(field.default)


def test_the_example_with_its_defaults_in_force_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKCHANNEL_DATA_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    Path(".env").write_text("\n".join(f"{name}={value}" for name, (_, value) in example().items()))
    settings = load_settings()
    assert settings.data_dir == tmp_path / ".local/share/backchannel"
    for name in set(Settings.model_fields) - {"data_dir"}:
        assert getattr(settings, name) == Settings.model_fields[name].default
