"""`terraform test` with a mock provider: what variables may be, and that all that can be chosen can be planned."""

from __future__ import annotations

from tests.terraform.deployment import Deployment


def test_terraforms_own_tests_pass(deployment: Deployment) -> None:
    said = deployment.workspace.run("test", AWS_ENDPOINT_URL="")
    assert "Success!" in said
