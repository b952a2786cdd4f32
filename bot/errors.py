"""The errors of this package.

::

    BotError
    ├── UsageError        what was asked for cannot be asked for (exit status 2)
    │   ├── NotAllowed      the person may not do that
    │   ├── TooMany         the person or the channel asks too often
    │   └── Busy            too many wait already
    ├── SaltError         the file that keeps people's names apart cannot be used
    ├── PlatformError     a platform refuses the bot, or cannot be reached
    └── DeliveryRefused   what was to be posted unasked cannot be posted there, now or later
"""


class BotError(Exception):
    """Anything this package raises on purpose; its message names the value and the way out."""


class UsageError(BotError):
    """What was asked for cannot be asked for."""


class NotAllowed(UsageError):
    """The person may not do that."""


class TooMany(UsageError):
    """The person or the channel asks too often; the message says when to ask again."""


class Busy(UsageError):
    """Too many wait already."""


class SaltError(BotError):
    """The file that keeps people's names apart cannot be used."""


class PlatformError(BotError):
    """A platform refuses the bot, or cannot be reached."""


class DeliveryRefused(BotError):
    """What was to be posted unasked cannot be posted there, now or later; the message says why."""
