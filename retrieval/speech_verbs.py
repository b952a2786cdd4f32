"""The verbs by which English news tells who says what."""

from __future__ import annotations

import re

_PAST = (
    "said told added asked wrote tweeted posted stated explained noted continued recalled replied responded answered "
    "announced declared insisted warned argued claimed admitted acknowledged concluded remarked observed joked "
    "quipped testified urged vowed pledged promised reiterated stressed emphasized emphasised lamented complained "
    "shouted yelled whispered cried exclaimed commented predicted suggested reflected mused countered conceded "
    "confirmed boasted pleaded alleged contended maintained proclaimed shared called described dubbed labeled "
    "labelled denounced condemned criticized criticised blasted slammed hailed praised characterized characterised "
    "branded repeated revealed captioned opined gushed wondered demanded ordered begged sang preached chanted "
    "instructed assured informed accused teased agreed referred thanked apologized apologised touted cautioned "
    "retorted elaborated ranted recounted remembered pointed put wished congratulated defended dismissed decried "
    "likened advised cited"
).split()
_PRESENT = (
    "says tells adds asks writes tweets states explains notes continues recalls replies responds announces declares "
    "insists warns argues claims admits acknowledges concludes remarks observes jokes quips testifies urges vows "
    "stresses emphasizes laments complains exclaims comments predicts suggests reflects muses concedes confirms "
    "alleges contends maintains calls describes shares repeats reveals agrees teases wonders sings likens remembers "
    "puts advises cautions points"
).split()
_PARTICIPLES = (
    "saying adding telling writing calling noting asking explaining describing warning arguing tweeting insisting "
    "claiming vowing declaring stating stressing emphasizing recalling joking suggesting urging announcing promising "
    "labeling branding dubbing referring captioning concluding pledging citing acknowledging responding replying "
    "shouting yelling predicting"
).split()
OPENING_ONLY = frozenset(
    (
        "called calls describes described dubbed labeled labelled branded characterized referred accused put puts cited"
    ).split()
)
"""Verbs that stand before what they quote: “X called” says nothing of what was quoted before."""
FINITE = "|".join(sorted((*_PAST, *_PRESENT), key=len, reverse=True))
"""The finite ones, as alternatives of a pattern."""
VERB = re.compile(rf"\b(?:(?P<finite>{FINITE})|(?P<participle>{'|'.join(_PARTICIPLES)}))\b(?![’'-])")
"""A speech verb: its group ``finite``, or ``participle``."""
