"""The mathematics and what is known of it: no AWS, no bot.

catalog.py   the models: hyperparameters with range, unit and meaning, metrics, images   <- open this first
hyperparameters.py, gp_entry.py, keras_entry.py   what an entry of the catalogue is made of, and the entries
tabular.py   a CSV file read and checked;  columns.py   what its columns hold
preparation.py, preparation_report.py, drift.py   one file split for training, validation and testing, with a report
figure.py    the numbers behind a plot
datasets.py  the sample data, made from code or from scikit-learn's built-in sets
gp/          Gaussian process with iterated arc-cosine kernels
keras_net/   dense networks in Keras: trained, searched for with Hyperopt, served without TensorFlow

This file holds a docstring only, so that importing `models.catalog` never loads NumPy or TensorFlow.
"""
