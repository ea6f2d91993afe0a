"""Dense networks in Keras: prepared, trained, searched for and predicted with. This file holds a docstring only.

network.py       a network's shape and training, from the catalogue's hyperparameters (models/keras_entry.py)
preparation.py   inputs to features; target.py: numbers and classes; fitting.py: both from training rows, with a report
training.py      one network trained: epochs.py (compiled), patience.py, checkpoint.py, judging.py
search.py        Hyperopt over networks: space.py (what is tried), trials.py (what is kept)
building.py      a Network as a Keras model, and its export
forward.py       the exported network; predictor.py: with its preparation, what the server uses
backend.py       the one import of TensorFlow
benchmark.py     the published data sets: python -m models.keras_net.benchmark --data <folder>
plots.py         charts for the artifact; errors.py: what is raised

Symbols: N training rows, S rows to predict, D cells of a row, F features, L hidden layers of H1 .. HL nodes, K outputs,
C classes (K = 1 for two classes). Only backend, building, epochs, training, search and benchmark need TensorFlow.
"""
