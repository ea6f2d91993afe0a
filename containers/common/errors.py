"""What the programs raise on purpose. Every message is one sentence for the person who asked.

ContractError      something that SageMaker or the request should have supplied is missing or wrong
PayloadError       a request to the server that cannot be answered, with its HTTP status
"""

from __future__ import annotations


class ContractError(ValueError):
    """A file, folder, channel or environment variable of the contract is missing or wrong; the message names it."""


class PayloadError(ValueError):
    """A request body that cannot be used. status: the HTTP status to answer with."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
