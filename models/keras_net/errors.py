"""What this package raises on purpose. Every message is one sentence for the person who asked."""

from __future__ import annotations


class KerasNetError(ValueError):
    """Base of the errors below."""


class BadData(KerasNetError):
    """The training or validation rows cannot be learnt from; the message names the column and what is expected."""


class BadRows(KerasNetError):
    """Rows to predict do not fit the model."""


class BadArtifact(KerasNetError):
    """A file of a model is missing, damaged or of another format."""


class Diverged(KerasNetError):
    """Training came to numbers that are not finite."""


class Unfaithful(KerasNetError):
    """The exported network does not predict what Keras does, so it must not be served."""


class SearchFailed(KerasNetError):
    """A search cannot go on: every trial failed, or the results that it would resume are of another search."""
