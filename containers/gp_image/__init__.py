"""The Gaussian process image: `python -m containers.gp_image <program>`. This file holds a docstring only.

__main__.py   which program; imports them late, after the SIGTERM handler
train.py      channels and hyperparameters to a model folder
serve.py      a model folder to an HTTP server
evaluate.py   two models judged on held-out rows;  judging.py  what it shares with train.py
artifacts.py  the names of the files in a model folder
"""
