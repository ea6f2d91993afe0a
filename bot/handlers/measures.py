"""Metrics, verdicts, costs and times in words: validation and held-out rows are always told apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.handlers.wording import duration, listed, number, plural
from bot.replies import Fact
from models.catalog import Catalogue, Model, UnknownModel
from orchestration.builds import Build, Json
from orchestration.steps.estimates import Cost, TimeLeft

HELD_OUT = "test"  # the channel of what the evaluation found: "test:RMSE"
NEARLY_FREE_USD = 0.005


def metric_title(name: str, model: str, catalogue: Catalogue) -> str:
    """What people call a metric: "RMSE" for "validation:RMSE", "RMSE held out" for "test:RMSE"."""
    channel, _, short = name.rpartition(":")
    known = _model(model, catalogue)
    titles = {metric.name: metric.title for metric in known.metrics} if known is not None else {}
    if channel == HELD_OUT:
        return f"{titles.get(f'validation:{short}') or short} held out"
    return titles.get(name) or short


def metric_facts(build: Build, metrics: Mapping[str, float], catalogue: Catalogue) -> list[Fact]:
    """Every metric as a fact."""
    return [Fact(metric_title(name, build.service.model, catalogue), number(value)) for name, value in metrics.items()]


def objective(build: Build, metrics: Mapping[str, float], catalogue: Catalogue) -> str:
    """The metric that the build is judged by, on validation rows and where known on held-out ones, against the
    champion's on the same rows: "RMSE 1.02, held out 1.05 (build 3, the champion: 1.1)". "" when there is none."""
    name = objective_name(build, metrics, catalogue)
    held_out = held_out_value(build, metrics, catalogue)
    title = metric_title(name, build.service.model, catalogue) if name else ""
    parts = [f"{title} {number(metrics[name])}"] if name in metrics else []
    if held_out is not None:
        parts.append(f"held out {number(held_out)}" if parts else f"{title} {number(held_out)} held out")
    text = ", ".join(parts)
    champion, value = build.verdict.get("champion"), build.verdict.get("champion_value")
    if text and isinstance(value, (int, float)):
        text += f" (build {champion}, the champion: {number(float(value))})"
    return text


def objective_name(build: Build, metrics: Mapping[str, float], catalogue: Catalogue) -> str:
    """The name of the metric that the build's model is judged by, on validation rows."""
    model = _model(build.service.model, catalogue)
    return model.objective if model is not None else next(iter(metrics), "")


def held_out_value(build: Build, metrics: Mapping[str, float], catalogue: Catalogue) -> float | None:
    """What the evaluation judged the build by, on rows that no training saw."""
    judged = build.verdict.get("value")
    if isinstance(judged, (int, float)):
        return float(judged)
    short = objective_name(build, metrics, catalogue).rpartition(":")[2]
    return metrics.get(f"{HELD_OUT}:{short}")


def verdict_facts(verdict: Mapping[str, Json]) -> list[Fact]:
    """What the gate found, with both numbers."""
    if not verdict:
        return []
    facts = [Fact("gate", "passed" if verdict.get("passed") else "refused")]
    metric = str(verdict.get("metric") or "")
    for label, name in (("held out", "value"), ("of the champion", "champion_value"), ("threshold", "threshold")):
        value = verdict.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            facts.append(Fact(f"{metric} {label}".strip(), number(float(value))))
    if isinstance(verdict.get("champion"), int):
        facts.append(Fact("champion", f"build {verdict['champion']}"))
    return [*facts, Fact("verdict", str(verdict.get("reason") or ""))]


def given(build: Build) -> str:
    """The hyperparameters of the record: "q 2 and sigma2 0.01"."""
    return listed(f"{name} {shown(value)}" for name, value in build.hyperparameters.items())


def shown(value: Json) -> str:
    """A hyperparameter's or a setting's value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value)
    return "none" if value is None else str(value)


def span(name: str, entry: Json) -> str:
    """One range of a tuning: "q from 0 to 4", "activation among relu, tanh"."""
    if not isinstance(entry, dict):
        return name
    if isinstance(values := entry.get("values"), list):
        return f"{name} among {', '.join(str(value) for value in values)}"
    ends = [entry.get("low"), entry.get("high")]
    if None in ends:
        return name
    scale = " on a log scale" if str(entry.get("scale", "")).lower().startswith("log") else ""
    return f"{name} from {shown(ends[0])} to {shown(ends[1])}{scale}"


def money(cost: Cost) -> str:
    """ "about $0.12", "at most $3.40", "nothing", or that it is unknown and which price is missing."""
    if cost.usd is None:
        return f"an unknown amount: the settings have no price for {listed(cost.without_price)}"
    if cost.usd == 0:
        return "nothing"
    amount = "less than $0.01" if cost.usd < NEARLY_FREE_USD else f"${cost.usd:,.2f}"
    return f"at most {amount}" if cost.bound else amount if amount.startswith("less") else f"about {amount}"


def left(time: TimeLeft | None) -> str:
    """ "about 2 minutes left, by 3 builds like it"; "" when nothing is known."""
    if time is None:
        return ""
    by = f", by {plural(time.builds, 'build')} like it"
    if time.left > timedelta():
        return f"about {duration(time.left)} left{by}"
    return f"longer than the usual {duration(time.usual)}{by}"


def _model(name: str, catalogue: Catalogue) -> Model | None:
    try:
        return catalogue.model(name)
    except UnknownModel:
        return None
