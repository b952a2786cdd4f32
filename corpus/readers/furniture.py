"""Lines that belong to a news site and not to its articles, known by their words.

A line must match as a whole, so that a sentence of an article which merely begins alike is safe.
"""

from __future__ import annotations

import re

from corpus.readers.shape import ends_sentence

# No button or notice of a site runs longer; a paragraph that does is an article's own. So is a question.
_LONGEST_FURNITURE_WORDS = 40
_LONGEST_FURNITURE = 400

NETWORK = (
    r"(?:facebook|twitter|x|whatsapp|telegram|linkedin|reddit|pinterest|instagram|threads|bluesky|mastodon|"
    r"youtube|messenger|flipboard|e-?mail|print|copy link|sms)"
)
"""Where articles are shared and outlets followed, as a pattern."""

_PIECE = r"(?:article|story|post|page|video|news)"
_AD = r"(?:advert|advertisement|ad)"

_FURNITURE = (
    # the page
    r"site icon(?: .{1,60})?",
    r"exit mobile version|view (?:desktop|mobile|full) (?:version|site)|toggle navigation|back to top",
    r"(?:skip|jump) to (?:main |the )?(?:content|navigation)",
    r"home\s*[>»›/|].*",
    rf"(?:next|previous|prev) {_PIECE}",
    r"loading|please wait|menu|log ?in|sign in|register|my account",
    r"(?:copyright )?(?:©|\(c\) ?\d{4}).{0,120}|copyright \d{4}.{0,100}",
    r"all rights reserved.{0,80}",
    r"\d+ min(?:ute)?s?\.? read",
    # advertisements
    rf"{_AD}s?|sponsored(?: content| post)?|promoted|paid content",
    rf"(?:{_PIECE} )?continues? (?:reading )?(?:below|after)(?: this| the)?(?: {_AD})?",
    rf"(?:{_PIECE}|scroll) (?:to )?continues? (?:reading )?(?:below|after|with|reading)?(?: this| the)? ?{_AD}",
    r"scroll (?:down )?to continue(?: reading)?|remove ads?|skip (?:ad|advertisement)|why this ad",
    # sharing
    rf"(?:share|tweet|pin|like|save|bookmark)(?: it| this)?(?: {_PIECE})?"
    rf"(?: (?:on|via|by|with) (?:{NETWORK}|your friends|friends))?",
    rf"click to (?:share|print|e-?mail).{{0,80}}|share (?:full article|options)|gift this {_PIECE}",
    rf"{NETWORK}(?:[\s,|·•/]+{NETWORK})+|copy link|link copied|(?:print|e-?mail) this {_PIECE}",
    # following and subscribing
    r"subscribe(?: now| today| here)?(?: to .{1,80}| for .{1,80})?|already a subscriber.{0,40}|become a member",
    r"sign up(?: now| today| here)?(?: (?:for|to) .{0,60}\b(?:newsletters?|alerts?|e-?mails?|updates|briefing)"
    r".{0,40})?",
    r"(?:get|receive) .{1,60} (?:in|to) your (?:inbox|e-?mail)|(?:our )?newsletters?|enter your e-?mail.{0,40}",
    r"follow (?:us|me)(?: on .{1,80})?|(?:join|follow) (?:us|our) .{0,40}\b(?:channel|group|whatsapp|telegram)",
    r"download (?:the|our) .{0,30}\bapp(?: .{0,40})?|(?:support|donate to) us|donate(?: now)?",
    # cookies
    r"(?:accept|reject|allow|decline)(?: all)?(?: cookies)?|cookie (?:policy|settings|preferences|notice)",
    r"(?:we|this (?:web)?site|our (?:web)?site)(?: and our partners)? uses? cookies.*|manage (?:cookies|consent)",
    r"by (?:continuing|using|browsing|clicking).{0,80}\b(?:you|our)\b.{0,80}\b(?:cookies|privacy policy)\b.{0,40}",
    r"(?:privacy policy|terms (?:of (?:use|service)|and conditions|& conditions))",
    # further reading
    rf"(?:read|view|see|show|load|learn) (?:more|less|all)|read (?:the )?(?:full|whole|entire) {_PIECE}",
    rf"continue reading.{{0,80}}|keep reading|click here(?: (?:to|for) .{{1,60}})?|expand {_PIECE}",
    rf"(?:listen to|watch|play) this {_PIECE}|listen(?: now)?|play video",
    # comments
    r"(?:leave|post|write|add) an? (?:comment|reply)|(?:no|\d+) comments|(?:view|show|read) comments?|comments?",
)

# These run into free words, so a line that ends as a sentence does is not taken for one.
_TAG_LINES = (
    r"(?:tags?|tagged|filed under|topics?|categor(?:y|ies)|posted in)\s*:.{1,120}",
    r"(?:photo(?:graph)?|image|picture|video)(?:s? credits?| source)?\s*:.{1,80}",
)

_LIST_HEADINGS = (
    r"do(?:n't| not) miss(?: out)?(?: on)?(?: these| this)?",
    r"you (?:may|might) (?:also )?(?:like|enjoy|be interested in)(?: these| this)?",
    r"(?:also read|read also|must[- ]reads?|see also|read (?:more:|next|this next)|what to read next)",
    rf"related(?: (?:{_PIECE}|{_PIECE}s|articles|stories|topics|coverage|content|reading|links))?",
    rf"more (?:{_PIECE}s|stories|headlines|on this (?:story|topic))|more (?:from|by) (?:us|this|the|our) .{{1,30}}",
    r"recommended|(?:recommended|suggested|further) (?:for you|stories|articles|reading|posts)",
    r"trending(?: now| stories| news| topics)?|(?:most|popular) (?:read|popular|viewed|shared|posts|stories|news)",
    r"(?:latest|top|other|recent) (?:news|stories|headlines|posts|articles)|editors?'?s? picks?",
    r"in case you missed it",
)

_NAME = r"[A-Z][\w.'’-]*(?: (?:[A-Z][\w.'’-]*|al|bin|da|de|del|der|la|van|von)){0,3}"
_LABELS = (
    rf"(?:[Ww]ritten )?(?:By|BY|by) {_NAME}(?:(?:,| and| &|, and) {_NAME}){{0,4}}",
    r"(?:(?i:first |last )?(?i:published|posted|updated|modified))\b.{0,40}"
    r"(?:\bago|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|\d:\d\d|\d[/.-]\d).{0,40}",
    r".{0,200}(?:Getty Images|AP Photo|Shutterstock|File photo|(?:via|/|©|\() ?(?:AFP|Reuters|EPA|AP|ANI|PTI))\)?",
)
_CALENDAR = re.compile(
    r"\d{1,4}(?:st|nd|rd|th)?|(?:mon|tue|tues|wednes|wed|thu|thurs|fri|sat|satur|sun)(?:day)?|"
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|am|pm|at|of|gmt|utc|[bcei]st|edt|cet|cest"
)

_BULLET = re.compile(r"^[\s\-–—*•·▪‣>»]+")
_BETWEEN_WORDS = re.compile(r"[\s,.:;/|–—-]+")


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(patterns) + "):?")


_IS_FURNITURE = _any_of(_FURNITURE)
_IS_TAG_LINE = _any_of(_TAG_LINES)
_IS_LIST_HEADING = _any_of(_LIST_HEADINGS)
_IS_LINKED = re.compile(rf"(?:{'|'.join(_LIST_HEADINGS)}|read more)(?:\s*:|\s[|–—-]\s).+")
_IS_LABEL = _any_of(_LABELS)


def is_furniture(line: str) -> bool:
    """Whether a line is a button, a notice or another known part of the site around an article."""
    if not _is_candidate(line):
        return False
    key = _key(line)
    if _IS_FURNITURE.fullmatch(key):
        return True
    unfinished = not ends_sentence(line)
    return unfinished and bool(_IS_TAG_LINE.fullmatch(key) or _IS_LINKED.fullmatch(key))


def opens_list(line: str) -> bool:
    """Whether a line stands above a list of other headlines, such as "Related stories:"."""
    return _is_candidate(line) and _IS_LIST_HEADING.fullmatch(_key(line)) is not None


def is_label(line: str) -> bool:
    """Whether a line above an article's body is its byline, its time stamp or a caption with its agency."""
    return _is_candidate(line) and _IS_LABEL.fullmatch(line) is not None


def is_date(line: str) -> bool:
    """Whether a line is a date or a time and nothing else."""
    words = [word for word in _BETWEEN_WORDS.split(line.casefold()) if word]
    return any(word.isdigit() for word in words) and all(_CALENDAR.fullmatch(word) for word in words)


def _is_candidate(line: str) -> bool:
    return len(line) <= _LONGEST_FURNITURE and len(line.split()) <= _LONGEST_FURNITURE_WORDS and not line.endswith("?")


def _key(line: str) -> str:
    """A line as the tables spell it: small letters, plain apostrophes, nothing around it."""
    return _BULLET.sub("", line).replace("’", "'").casefold().rstrip(" .!…»›>→↓")
