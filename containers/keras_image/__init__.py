"""The Keras image: `python -m containers.keras_image <program>`. This file holds a docstring only.

__main__.py   which program; imports them late, after the SIGTERM handler
job.py        channels and hyperparameters read and checked
train.py      a job to a model folder, by one training or a search
reports.py    what train leaves behind besides the model: metric lines, metrics.json, search.json, plots
serve.py      a model folder to an HTTP server, without TensorFlow
evaluate.py   two models judged on held-out rows, without TensorFlow
answers.py    request bodies to answers: what serve.py and evaluate.py share
artifacts.py  the names of the files in a model folder
Dockerfile    the image, and its serve-only variant
"""
