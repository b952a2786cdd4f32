from io import StringIO

from rich.console import Console

from bot.progress import progress_bars
from corpus.progress import Step, duration_words, rate, remaining, step_words


def shown(*steps: Step, terminal: bool = True) -> str:
    """The last picture of the bars."""
    file = StringIO()
    console = Console(file=file, force_terminal=terminal, width=120, height=40, color_system=None)
    with progress_bars(console) as progress:
        for step in steps:
            progress(step)
    first = f"{steps[0].stage} {steps[0].feed}".strip()
    return file.getvalue()[file.getvalue().rfind(first) :] if terminal else file.getvalue()


def test_each_feed_and_each_stage_has_a_bar_that_tells_its_faults() -> None:
    last = shown(
        Step("reading", 0, 12, "The Wire"),
        Step("reading", 12, 12, "The Wire", 3),
        Step("reading", 7, None, "[red]Post\x1b[2J"),
        Step("cutting", 19, 19),
        Step("encoding", 512, 2048),
    )
    wire, post, cutting, encoding = [line for line in last.splitlines() if "ing " in line]
    assert "reading The Wire" in wire
    assert "12/12" in wire
    assert "3 bad items" in wire
    assert "[red]Post" in post
    assert "\x1b[2J" not in last
    assert "cutting" in cutting
    assert " 512/2048" in encoding


def test_of_many_feeds_those_with_faults_stay_in_sight() -> None:
    last = shown(Step("reading", 1, 1, "broken", 1), *(Step("reading", 1, 1, f"feed {number}") for number in range(30)))
    assert "broken" in last
    assert "feed 29" in last
    assert "feed 21 " not in last


def test_where_standard_error_is_no_terminal_nothing_is_shown() -> None:
    assert shown(Step("encoding", 1, 2), terminal=False).strip() == ""


def test_a_step_in_words() -> None:
    step = Step("reading", 12, 40, "The Wire", 2)
    assert step_words(step) == "reading The Wire, 12 of 40 (30%), 2 bad items"
    assert step_words(step, 3.0) == "reading The Wire, 12 of 40 (30%), 4.0/s, about 7 s left, 2 bad items"
    assert step_words(Step("reading", 1200, None, "Post", 1), 60) == "reading Post, 1,200 so far, 20/s, 1 bad item"
    assert (rate(Step("cutting"), 5), remaining(Step("cutting"), 5), remaining(step, 0)) == (None, None, None)
    assert remaining(Step("reading", 50, 40), 5) == 0, "a feed may give more than was thought"
    assert "50 of 40 (100%)" in step_words(Step("reading", 50, 40), 5)
    assert [duration_words(s) for s in (9, 600, 10_000, 400_000)] == ["9 s", "10 min", "3 h", "5 days"]
