"""TensorFlow and Keras, imported in this one place: quiet, deterministic, with as many threads as wanted.

The import takes seconds and hundreds of megabytes, so nothing that predicts imports this module.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

# Before the import: its start-up lines would come between those of the job's log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
# Keras would read ~/.keras/keras.json, and write it where there is none; a job sets a folder of its own before.
os.environ.setdefault("KERAS_HOME", os.devnull)
# oneDNN chooses the order of additions by the machine; without it a resumed job repeats itself on another one too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# Keras imports these where they are there, for plots and wrappers: a fifth of its start, and folders in the home.
_hidden: dict[str, Any] = {name: None for name in ("matplotlib", "sklearn") if name not in sys.modules}
sys.modules.update(_hidden)

import keras  # noqa: E402 - after all of the above
import tensorflow as tf  # noqa: E402

for _name in _hidden:
    del sys.modules[_name]

# A search compiles a function for every trial, which TensorFlow advises against in many lines.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["configure", "keras", "tf"]


def configure(threads: int) -> None:
    """Lets TensorFlow use that many threads, and makes every operation deterministic.

    To be called once, before anything is computed; raises RuntimeError afterwards.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    # Rewriting a graph of a few dozen operations takes longer than it saves: a sixth of a short trial's CPU.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
