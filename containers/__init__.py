"""SageMaker's view of models/: the programs that an image runs. This file holds a docstring only.

common/      the contract: paths, dispatcher, hyperparameters, channels, serving, judging, preparing
gp_image/    the Gaussian process image: python -m containers.gp_image train|serve|evaluate|prepare
keras_image/ the same for the network

README.md has the contract as a table, PROCESSING.md that of evaluate and prepare. Only models/ may be imported here.
"""
