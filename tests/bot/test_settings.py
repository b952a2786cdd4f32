import sys
from pathlib import Path

import pytest

import bot.settings
from bot.errors import UsageError
from bot.settings import LogLevel, PrecisionSetting, ReaderKind, Settings, load_settings

EXAMPLE = Path(bot.settings.__file__).parent.parent / ".env.example"
OTHERS = {
    "data_dir": "/srv/news",
    "feeds": "/etc/feeds.toml",
    "model": "intfloat/e5-small",
    "precision": "fp32",
    "reader": "words",
    "reader_budget_ms": "250",
    "log_level": "debug",
}


def example() -> dict[str, tuple[str, str]]:
    """Each variable of the example file with its comment and its value."""
    found: dict[str, tuple[str, str]] = {}
    comment: list[str] = []
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        name, is_variable, value = line.removeprefix("#").removeprefix(" ").partition("=")
        if is_variable and name.startswith("BACKCHANNEL_"):
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
    assert str(getattr(Settings(), name)) != OTHERS[name]
    monkeypatch.setenv(f"BACKCHANNEL_{name.upper()}", OTHERS[name])
    assert str(getattr(Settings(), name)) == OTHERS[name]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_field_is_set_by_the_env_file_and_the_environment_wins(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKCHANNEL_DATA_DIR")
    Path(".env").write_text(f"BACKCHANNEL_{name.upper()}={OTHERS[name]}\n")
    assert str(getattr(Settings(), name)) == OTHERS[name]
    default = str(Settings.model_fields[name].default)
    monkeypatch.setenv(f"BACKCHANNEL_{name.upper()}", default)
    assert str(getattr(Settings(), name)) == default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "shout"),
        ("READER", "oracle"),
        ("PRECISION", "fp64"),
        ("READER_BUDGET_MS", "soon"),
        ("READER_BUDGET_MS", "0"),
        ("READER_BUDGET_MS", "1.5"),
        ("DATA_DIR", "~nobody-of-this-name/news"),
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
        PrecisionSetting.BFLOAT16,
    )


def test_a_home_folder_is_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", "~/news")
    assert load_settings().data_dir == tmp_path / "news"


def test_an_override_wins_where_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", "/srv/news")
    assert load_settings(data_dir=None).data_dir == Path("/srv/news")
    assert load_settings(data_dir=Path("/tmp/other")).data_dir == Path("/tmp/other")  # noqa: S108


def test_other_programs_variables_in_the_env_file_are_let_be() -> None:
    Path(".env").write_text("SLACK_BOT_TOKEN=xoxb-1\nBACKCHANNEL_MODEL=other\n")
    assert load_settings().model == "other"


# .env.example


def test_the_example_has_exactly_the_fields_of_the_settings() -> None:
    assert sorted(example()) == sorted(f"BACKCHANNEL_{name.upper()}" for name in Settings.model_fields)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_example_gives_each_fields_description_and_default(name: str) -> None:
    field = Settings.model_fields[name]
    comment, value = example()[f"BACKCHANNEL_{name.upper()}"]
    assert comment == field.description
    if name == "data_dir":  # the default is the platform's; Linux's is shown
        assert value == "~/.local/share/backchannel"
    else:
        assert value == str(field.default)


def test_the_example_with_its_defaults_in_force_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKCHANNEL_DATA_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    Path(".env").write_text("\n".join(f"{name}={value}" for name, (_, value) in example().items()))
    settings = load_settings()
    assert settings.data_dir == tmp_path / ".local/share/backchannel"
    for name in set(Settings.model_fields) - {"data_dir"}:
        assert getattr(settings, name) == Settings.model_fields[name].default
