"""SageMaker's view of models/: the programs that an image runs. This file holds a docstring only.

common/     the contract: paths, dispatcher, hyperparameters, channels, serving
gp_image/   the Gaussian process image: python -m containers.gp_image train|serve

README.md in this folder has the contract as a table. Only models/ may be imported from here.
"""
