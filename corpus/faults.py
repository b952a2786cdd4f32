"""What nobody foresaw: told in a line, its place logged, and nothing else stopped by it."""

from __future__ import annotations

import logging
import traceback

logger = logging.getLogger(__name__)


def unforeseen(what: str, error: Exception) -> str:
    """Log where an error came from, and say so in a few words; what it says itself may hold an article's text."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, frames)
    logger.debug("%s: %s", what, error)
    return f"a fault of Backchannel ({type(error).__name__}); the log says where, please report it"
