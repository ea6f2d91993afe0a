"""What the Gaussian process raises. Every message is one sentence for the person who asked.

GPError
    BadSetting            a constructor argument is out of range
    BadRows               inputs or targets that cannot be used: shape, not finite, too many, not on the sphere
    NotPositiveDefinite   the covariance could not be factorised even with jitter
    BadArtifact           a file that is not a model this version can load
"""

from __future__ import annotations


class GPError(ValueError):
    """Base of what models.gp raises on purpose."""


class BadSetting(GPError):
    """A hyperparameter or option is out of range; the message names it and what is allowed."""


class BadRows(GPError):
    """Rows that the model cannot take; the message names the row or the shape."""


class NotPositiveDefinite(GPError):
    """K + sigma2 I could not be factorised; the message says which jitters were tried."""


class BadArtifact(GPError):
    """A model file that cannot be loaded; the message says what was expected."""
