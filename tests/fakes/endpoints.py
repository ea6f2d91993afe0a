"""FakeEndpoints: endpoints that predict with a function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from orchestration.builds import Build, Service
from orchestration.ports import BadPrediction, Clock, Endpoint, NotSettled, Prediction, Unavailable, UnknownEndpoint

Predictor = Callable[[Sequence[float | str]], Prediction]
SERVES = ("InService", "Updating", "SystemUpdating", "RollingBack")


def toy_line(row: Sequence[float | str]) -> Prediction:
    """y = 1.5 x1 + 5.2 x2, with the noise's standard deviation."""
    if len(row) != 2:
        raise BadPrediction(f"The model takes 2 inputs, not {len(row)}.")
    return Prediction(1.5 * float(row[0]) + 5.2 * float(row[1]), 1.02)


class FakeEndpoints:
    """`serve` puts an endpoint there; `invoked` lists what was asked of which, `discarded` old configurations.

    scaling: by endpoint, the least and most instances and the invocations each may have.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}
        self._predictors: dict[str, Predictor] = {}
        self.invoked: list[tuple[str, list[list[float | str]]]] = []
        self.discarded: list[str] = []
        self.scaling: dict[str, tuple[int, int, int]] = {}

    def serve(
        self,
        name: str,
        service: Service | None,
        build: Build | int | None = None,
        predictor: Predictor = toy_line,
        config: str = "",
    ) -> Endpoint:
        """An endpoint in service. build: the one that it serves; config: its configuration."""
        number = build.number if isinstance(build, Build) else build
        now = self._clock.now()
        with self._lock:
            created = self._endpoints[name].created_at if name in self._endpoints else now
            config = config or f"{name}-config"
            self._endpoints[name] = Endpoint(name, "InService", config, created, now, service, number)
            self._predictors[name] = predictor
            return self._endpoints[name]

    def deploy(self, name: str, config_name: str, tags: Mapping[str, str]) -> None:
        with self._lock:
            live = self._endpoints.get(name)
            if live is None or live.status == "Failed":
                now = self._clock.now()
                self._endpoints[name] = Endpoint(name, "Creating", config_name, now, now, None, None)
                self._predictors[name] = toy_line
            elif live.config_name != config_name:
                if live.status != "InService":
                    raise NotSettled(f"The endpoint {name} is {live.status}.")
                self._endpoints[name] = replace(live, status="Updating", config_name=config_name)

    def predict_with(self, name: str, predictor: Predictor) -> None:
        """From now on it predicts so."""
        with self._lock:
            self._predictors[name] = predictor

    def set_status(self, name: str, status: str, failure_reason: str = "") -> None:
        """status: as of Endpoint."""
        with self._lock:
            endpoint = self._endpoints[name]
            self._endpoints[name] = replace(
                endpoint, status=status, failure_reason=failure_reason, updated_at=self._clock.now()
            )

    def all(self) -> list[Endpoint]:
        with self._lock:
            newest_first = list(reversed(self._endpoints.values()))
        return sorted(newest_first, key=lambda one: one.created_at, reverse=True)

    def describe(self, name: str) -> Endpoint:
        with self._lock:
            if name not in self._endpoints:
                raise UnknownEndpoint(f"There is no endpoint {name}.")
            return self._endpoints[name]

    def predict(self, name: str, rows: Sequence[Sequence[float | str]], with_std: bool = True) -> list[Prediction]:
        endpoint = self.describe(name)
        if endpoint.status not in SERVES:
            raise Unavailable(f"The endpoint {name} is {endpoint.status}.")
        with self._lock:
            self.invoked.append((name, [list(row) for row in rows]))
            predictor = self._predictors[name]
        predictions = [predictor(row) for row in rows]
        return predictions if with_std else [replace(one, std=None) for one in predictions]

    def delete(self, name: str) -> None:
        self.describe(name)
        with self._lock:
            self._endpoints.pop(name, None)

    def discard(self, config_name: str) -> None:
        self.discarded.append(config_name)

    def keep_scaling(self, name: str, variant: str, least: int, most: int, invocations_per_instance: int) -> None:
        self.describe(name)
        if most:
            self.scaling[name] = (least, most, invocations_per_instance)
        else:
            self.scaling.pop(name, None)

    def invocations(self, name: str, since: datetime) -> int:
        return sum(asked == name for asked, _ in self.invoked)
