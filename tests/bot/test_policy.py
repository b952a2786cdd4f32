import pytest

from bot.askers import Asker, Platform
from bot.errors import NotAllowed, TooMany, UsageError
from bot.policy import Policy

ANN = Asker(Platform.SLACK, "T1", "C1", "", "ann")
BOB = Asker(Platform.SLACK, "T1", "C1", "", "bob")
DIRECT = Asker(Platform.SLACK, "T1", "D1", "", "ann", direct=True)


def policy(person: str = "2/hour", channel: str = "3/hour", **lists: list[str]) -> Policy:
    return Policy(per_person=person, per_channel=channel, **lists)


def test_a_person_who_asks_too_often_is_told_when_to_ask_again() -> None:
    rules = policy()
    rules.admit(ANN)
    rules.admit(ANN)
    with pytest.raises(TooMany, match=r"^you have asked 2 questions in an? hour: ask again in \d+ s$"):
        rules.admit(ANN)
    rules.admit(BOB)


def test_a_channel_in_which_too_much_is_asked_is_told_so_whoever_asks() -> None:
    rules = policy(person="9/hour", channel="2/minute")
    rules.admit(ANN)
    rules.admit(BOB)
    with pytest.raises(TooMany, match=r"^this channel has asked 2 questions in a minute"):
        rules.admit(Asker(Platform.SLACK, "T1", "C1", "", "cy"))
    rules.admit(Asker(Platform.SLACK, "T1", "C2", "", "cy"))


def test_what_was_refused_is_not_counted() -> None:
    rules = policy(person="1/hour", channel="2/hour")
    rules.admit(ANN)
    for _ in range(5):
        with pytest.raises(TooMany, match="you have"):
            rules.admit(ANN)
    rules.admit(BOB)


def test_a_direct_message_counts_for_the_person_alone() -> None:
    rules = policy(person="5/hour", channel="1/hour")
    for _ in range(5):
        rules.admit(DIRECT)
    with pytest.raises(TooMany, match="you have asked 5 questions"):
        rules.admit(DIRECT)


def test_the_same_ids_elsewhere_are_other_people() -> None:
    rules = policy(person="1/hour")
    rules.admit(ANN)
    rules.admit(Asker(Platform.SLACK, "T2", "C1", "", "ann"))
    rules.admit(Asker(Platform.DISCORD, "T1", "C1", "", "ann"))


@pytest.mark.parametrize("rate", ["", "often", "10 per fortnight", "10/", "-1/minute"])
def test_a_rate_that_is_none_is_refused_by_the_name_of_its_setting(rate: str) -> None:
    with pytest.raises(UsageError, match=r"^BACKCHANNEL_RATE_PER_PERSON=.* is no rate: write one such as 10/minute"):
        policy(person=rate)
    with pytest.raises(UsageError, match=r"^BACKCHANNEL_RATE_PER_CHANNEL="):
        policy(channel=rate)


def test_the_bot_speaks_everywhere_unless_told_otherwise() -> None:
    assert policy().may_speak(ANN)


def test_it_speaks_in_the_allowed_channels_alone() -> None:
    assert policy(allowed=["C1"]).may_speak(ANN)
    assert not policy(allowed=["C2"]).may_speak(ANN)


def test_it_is_silent_in_the_denied_ones_also_where_they_are_allowed() -> None:
    assert not policy(denied=["C1"]).may_speak(ANN)
    assert not policy(allowed=["C1"], denied=["C1"]).may_speak(ANN)


def test_a_direct_message_is_always_answered() -> None:
    assert policy(allowed=["C2"], denied=["D1"]).may_speak(DIRECT)


def test_admins_alone_may_run_the_bot() -> None:
    policy().require_admin(Asker(Platform.SLACK, is_admin=True))
    with pytest.raises(NotAllowed, match="ask one of them"):
        policy().require_admin(ANN)
