"""The errors of this package.

::

    BotError
    ├── UsageError    what was asked for cannot be asked for (exit status 2)
    └── NotBuiltYet   a command whose interface is there, and nothing behind it yet (exit status 1)
"""


class BotError(Exception):
    """Anything this package raises on purpose; its message names the value and the way out."""


class UsageError(BotError):
    """What was asked for cannot be asked for."""


class NotBuiltYet(BotError):
    """A command that is not built yet."""
