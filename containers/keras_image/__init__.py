"""The Keras image: `python -m containers.keras_image train|serve`. This file holds a docstring only.

__main__.py   which program; imports them late, after the SIGTERM handler
job.py        channels and hyperparameters read and checked
train.py      a job to a model folder, by one training or a search
reports.py    what train leaves behind besides the model: metric lines, metrics.json, search.json, charts
serve.py      a model folder to an HTTP server, without TensorFlow
artifacts.py  the names of the files in a model folder
Dockerfile    the image, and its serve-only variant
"""
