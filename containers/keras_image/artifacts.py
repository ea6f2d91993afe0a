"""The files in the image's model folder, written by train.py in this order; serve.py reads the last two."""

from __future__ import annotations

# Metrics, rows, hyperparameters, the network, every epoch, what was odd about the data.
METRICS = "metrics.json"
HISTORY_CHART = "history.svg"
# Only of a search: every trial, the finals.
SEARCH = "search.json"
SEARCH_CHART = "search.svg"
# The target's and the inputs' names and kinds.
SCHEMA = "schema.json"
# Keras's own format, for those who go on from it.
KERAS_MODEL = "model.keras"
# How rows become features and outputs predictions (models/keras_net/predictor.py).
PREPROCESS = "preprocess.json"
# The exported network (models/keras_net/forward.py). Written last: a folder that has it is complete.
WEIGHTS = "weights.npz"
