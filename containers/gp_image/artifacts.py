"""The files in the image's model folder, written by train.py in this order; serve.py reads the last."""

from __future__ import annotations

# Metrics, counts of rows, hyperparameters, seconds.
METRICS = "metrics.json"
# The target's and the inputs' names, and the range of each that the model was trained on.
SCHEMA = "schema.json"
# A search: every kernel that was compared, the numbers behind its plot, and what was averaged. Only after a search.
SEARCH = "search.json"
# The model (models/gp/artifact.py). Written last: a folder that has it is complete.
MODEL = "model.npz"
