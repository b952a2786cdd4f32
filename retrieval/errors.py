"""The errors of this package.

::

    RetrievalError
    ├── InputError                 what was asked cannot be asked; says what to change
    │   ├── QuestionError          blank, without a word, or too long
    │   └── FilterError            upside-down dates, unknown source, unknown article
    ├── QuotationError           a quotation is not in its article, letter for letter
    ├── EncoderError             a model that cannot be loaded, or is not what it claims to be
    │   └── ExportImpossible       a model that cannot be exported, or run from its export
    └── IndexFault
        ├── IndexMissing         nothing has been indexed yet
        ├── IndexDamaged         a file of the generation is missing, cut short or changed
        ├── IndexForeign         made by another model, dimension or version
        ├── IndexUnwritable      the folder cannot be written: no space, or no permission
        └── IndexUnavailable     the server that holds it cannot be reached, refuses, or its client is not installed
"""


class RetrievalError(Exception):
    """Anything this package raises on purpose; its message names the value and the way out."""


class InputError(RetrievalError):
    """What was asked cannot be asked."""


class QuestionError(InputError):
    """A question that is blank, holds no word, or is too long."""


class FilterError(InputError):
    """A filter that can match nothing: dates upside down, an unknown source or article."""


class QuotationError(RetrievalError):
    """A quotation differs from the article it claims to come from; it must never be shown."""


class EncoderError(RetrievalError):
    """A model that cannot be loaded, or whose files are not what they claim to be."""


class ExportImpossible(EncoderError):
    """A model that OpenVINO cannot run; it may still be run by torch."""


class IndexFault(RetrievalError):
    """An index that cannot be used."""


class IndexMissing(IndexFault):
    """No generation has been published in this folder."""


class IndexDamaged(IndexFault):
    """A generation whose files do not match its manifest."""


class IndexForeign(IndexFault):
    """A generation made by another model, of another dimension, or by another version."""


class IndexUnwritable(IndexFault):
    """A folder in which generations lie cannot be written; the current one stays."""


class IndexUnavailable(IndexFault):
    """A server that holds generations cannot be reached or refuses, or its client library is not installed."""
