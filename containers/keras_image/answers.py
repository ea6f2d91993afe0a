"""A network's answers to request bodies: what serve.py puts behind HTTP and evaluate.py probes. NumPy only."""

from __future__ import annotations

from containers.common.errors import PayloadError
from containers.common.payloads import read_mixed_question, write_answer, write_classes
from models.keras_net.errors import BadRows
from models.keras_net.predictor import Predictor
from models.keras_net.target import ClassTarget


class KerasAnswers:
    """A predictor in the form that the server takes: text and empty cells in, numbers or classes out."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._inputs = predictor.preparation.inputs
        self._text_inputs = predictor.preparation.text_inputs

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[str, str]:
        """All rows of a request in one batch. A network has no standard deviation, so none is given when asked for.

        Raises PayloadError.
        """
        question = read_mixed_question(body, content_type, self._inputs, self._text_inputs)
        try:
            predicted = self._predictor.predict(question.rows)
        except BadRows as error:
            raise PayloadError(str(error)) from None
        target = self._predictor.target
        if isinstance(target, ClassTarget):
            numbers = [target.number_of(place) for place in range(len(target.classes))]
            return write_classes(target.classes, numbers, predicted.tolist(), accept)
        return write_answer(predicted.tolist(), None, accept)
