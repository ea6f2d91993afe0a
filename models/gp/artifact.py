"""A model as one .npz file: arrays and a JSON header, nothing that could run code when it is loaded.

Format 2: `header` is JSON text, {"format", "weights": [w_k], "posteriors": [see _header]}; a single posterior has the
weight 1. The arrays of posterior k are named "k.z" and so on; they are float64 of shapes that follow from the header:
M points, D inputs, E = D for the unit projection and D + 1 else. Factors are stored by blocks (factor.py, `compact`).
"""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from models.gp.errors import BadArtifact
from models.gp.factor import BlockFactor, compact, flat_length
from models.gp.kernel import FloatArray
from models.gp.mixture import Mixture, Model
from models.gp.posterior import Explained, Posterior
from models.gp.sphere import PROJECTIONS, SphereMap

FORMAT = "sagebuild-gp/2"
# What each number of a header must at least be; the scalars are finite floats, the counts whole numbers.
_SCALARS = {
    "sigma2": 0.0,
    "jitter": 0.0,
    "norm_unit": 0.0,
    "bias": 0.0,
    "y_mean": -math.inf,
    "y_scale": 0.0,
    "signal_variance": 0.0,
}
# explained_points: how many points the variance has of its own, 0 when they are those of the mean.
_COUNTS = {"q": 0, "l": 0, "norm_exponent": 0, "points": 1, "block": 1, "explained_points": 0}


def save(model: Model, path: Path) -> None:
    """Writes the model to `path`, as it is named. Raises OSError."""
    posteriors, weights = (model.posteriors, model.weights) if isinstance(model, Mixture) else ((model,), (1.0,))
    header = {"format": FORMAT, "weights": list(weights), "posteriors": [_header(p) for p in posteriors]}
    arrays: dict[str, Any] = {"header": np.array(json.dumps(header))}
    for k, posterior in enumerate(posteriors):
        arrays |= {f"{k}.{name}": array for name, array in _posterior_arrays(posterior).items()}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path) -> Model:
    """The model in `path`. Raises BadArtifact when it is missing, damaged, pickled or of another format."""
    if not path.is_file():
        raise BadArtifact(f"There is no model file {path}.")
    try:
        arrays = _arrays(path)
    # NumPy's own words for a pickle advise to load it unsafely; they stay in the log as the cause.
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BadArtifact(f"{path.name} is damaged or pickled, so it is not a model of format {FORMAT}.") from error
    header = _checked_header(path.name, arrays)
    posteriors = tuple(_posterior(path.name, k, each, arrays) for k, each in enumerate(header["posteriors"]))
    return posteriors[0] if len(posteriors) == 1 else Mixture(posteriors, tuple(header["weights"]))


def _arrays(path: Path) -> dict[str, Any]:
    # Opened here: NumPy leaves a file that it opened itself open when its content is damaged.
    with path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("a single array")
        with archive:
            return {name: archive[name] for name in archive.files}


def _header(posterior: Posterior) -> dict[str, object]:
    explained = posterior.explained
    return {
        "q": posterior.q,
        "l": posterior.l,
        "sigma2": posterior.sigma2,
        "jitter": posterior.jitter,
        "projection": posterior.sphere.projection,
        "norm_exponent": posterior.sphere.norm_exponent,
        "norm_unit": posterior.sphere.norm_unit,
        "bias": posterior.sphere.bias,
        "inputs": list(posterior.inputs),
        "target": posterior.target,
        "points": len(posterior.alpha),
        "block": explained.factor.block,
        "explained_points": 0 if explained.points is None else len(explained.points[0]),
        "corrected": explained.correction is not None,
        "y_mean": posterior.y_mean,
        "y_scale": posterior.y_scale,
        "signal_variance": posterior.signal_variance,
    }


def _posterior_arrays(posterior: Posterior) -> dict[str, FloatArray]:
    explained = posterior.explained
    arrays = {
        "x_mean": posterior.sphere.x_mean,
        "x_scale": posterior.sphere.x_scale,
        "z": posterior.z,
        "r": posterior.r,
        "alpha": posterior.alpha,
        "factor": compact(explained.factor).flat,
    }
    if explained.correction is not None:
        arrays["correction"] = compact(explained.correction).flat
    if explained.points is not None:
        arrays["explained_z"], arrays["explained_r"] = explained.points
    return arrays


def _posterior(name: str, k: int, header: dict[str, Any], arrays: dict[str, Any]) -> Posterior:
    points, inputs = header["points"], tuple(header["inputs"])
    axes = len(inputs) + (header["projection"] != "unit")

    def array(key: str, *shape: int) -> FloatArray:
        found = arrays.get(f"{k}.{key}")
        if found is None or found.dtype != np.float64 or found.shape != shape or not np.isfinite(found).all():
            got = "missing" if found is None else f"{found.dtype} of shape {found.shape}"
            raise BadArtifact(f"{name}: the array {key} is {got}, but must be finite float64 of shape {shape}.")
        return np.ascontiguousarray(found)

    def factor(key: str, size: int) -> BlockFactor:
        block = header["block"]
        return BlockFactor(size, array(key, flat_length(size, block)), block, block)

    own = header["explained_points"]
    explained = Explained(
        factor("factor", own or points),
        factor("correction", own or points) if header["corrected"] else None,
        (array("explained_z", own, axes), array("explained_r", own)) if own else None,
    )
    sphere = SphereMap(
        header["projection"],
        header["norm_exponent"],
        array("x_mean", len(inputs)),
        array("x_scale", len(inputs)),
        header["norm_unit"],
        header["bias"],
    )
    return Posterior(
        inputs=inputs,
        sphere=sphere,
        z=array("z", points, axes),
        r=array("r", points),
        alpha=array("alpha", points),
        explained=explained,
        **{
            key: header[key] for key in ("q", "l", "sigma2", "jitter", "target", "y_mean", "y_scale", "signal_variance")
        },
    )


def _checked_header(name: str, arrays: dict[str, Any]) -> dict[str, Any]:
    text = arrays.get("header")
    try:
        header = json.loads(str(text)) if text is not None else None
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise BadArtifact(f"{name} has no JSON header, so it is not a model file of format {FORMAT}.")
    if header.get("format") != FORMAT:
        raise BadArtifact(
            f"{name} has the format {header.get('format')!r}, but this version loads {FORMAT!r}; train the model again."
        )
    posteriors, weights = header.get("posteriors"), header.get("weights")
    if not isinstance(posteriors, list) or not posteriors or not all(isinstance(each, dict) for each in posteriors):
        raise BadArtifact(f"{name}: the header's posteriors cannot be read.")
    columns = {(str(each.get("inputs")), each.get("target")) for each in posteriors}
    if not _are_weights(weights, len(posteriors)) or len(columns) > 1:
        raise BadArtifact(f"{name}: the header's weights do not fit its posteriors.")
    for each in posteriors:
        wrong = _wrong_entries(each)
        if wrong:
            raise BadArtifact(f"{name}: the header's {', '.join(wrong)} cannot be read.")
    return header


def _are_weights(weights: object, count: int) -> bool:
    if not isinstance(weights, list) or len(weights) != count:
        return False
    return all(type(w) is float and 0.0 <= w <= 1.0 for w in weights) and abs(sum(weights) - 1.0) < 1e-9


def _wrong_entries(header: dict[str, Any]) -> list[str]:
    names = header.get("inputs")
    fine = {
        "projection": header.get("projection") in PROJECTIONS,
        "inputs": isinstance(names, list) and bool(names) and all(isinstance(n, str) for n in names),
        "target": isinstance(header.get("target"), str),
        "corrected": isinstance(header.get("corrected"), bool),
    }
    fine |= {key: type(header.get(key)) is int and header[key] >= least for key, least in _COUNTS.items()}
    fine |= {key: type(header.get(key)) is float and least <= header[key] < math.inf for key, least in _SCALARS.items()}
    return [key for key, is_fine in fine.items() if not is_fine]
