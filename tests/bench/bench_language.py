"""The language: how much is understood, and how long it takes.

Accuracy is of intent and slots together. `others` are sentences of writers who saw only intent names and slots; the
templates have been broadened by looking at them since (`tests/bot/sentences/FIRST_RUN.md` has the first run). `ours`
are our own. CPU milliseconds a sentence, the first time that it is read and again. About half a minute.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

from bot.language.normalise import MAX_TEXT_CHARS
from bot.language.parse import Language
from models.catalog import BUILT_IN
from tests.bench.row import Row
from tests.bot import scoring
from tests.bot.sampling import Sampler

RANDOM_TEXTS = 10_000
MEDIAN_MS, P99_MS = 1.0, 10.0
SEED = 20


def rows() -> list[Row]:
    started = time.process_time()
    language = Language(BUILT_IN)
    language.parse("help")
    compiled_s = time.process_time() - started
    sets = {"others": scoring.read("others.jsonl"), "ours": scoring.read("ours.jsonl")}
    texts = [case.text for cases in sets.values() for case in cases]
    first, again = _times_ms(texts, language), _times_ms(texts, language)
    found = [row for name, cases in sets.items() for row in _accuracy(name, scoring.score(cases, language))]
    return [
        *found,
        *_speed("the first time", first),
        *_speed("again", again),
        Row("language: sentences compiled, and the first one read", compiled_s, "s"),
        _worst(language),
    ]


def _accuracy(name: str, score: scoring.Score) -> Iterable[Row]:
    accuracy = 100 * score.accuracy
    yield Row(f"language, {name}: intent and slots right", accuracy, "%", ">= 97", accuracy >= 97)
    yield Row(f"language, {name}: another intent", len(score.wrong), "sentences")
    yield Row(f"language, {name}: other slots", len(score.slots), "sentences")
    yield Row(f"language, {name}: not understood", len(score.missed), "sentences")
    yield Row(f"language, {name}: not ours, but accepted", len(score.accepted), "sentences", "0", not score.accepted)
    yield Row(f"language, {name}: not ours, but changing", len(score.changed), "sentences", "0", not score.changed)


def _times_ms(texts: list[str], language: Language) -> list[float]:
    times: list[float] = []
    for text in texts:
        started = time.process_time()
        language.parse(text)
        times.append(1000 * (time.process_time() - started))
    return sorted(times)


def _speed(when: str, times_ms: list[float]) -> Iterable[Row]:
    median, p99 = times_ms[len(times_ms) // 2], times_ms[int(len(times_ms) * 0.99)]
    yield Row(f"language, a sentence read {when}: median", median, "ms", "<= 1", median <= MEDIAN_MS)
    yield Row(f"language, a sentence read {when}: 99 %", p99, "ms", "<= 10", p99 <= P99_MS)
    yield Row(f"language, a sentence read {when}: slowest", times_ms[-1], "ms")


def _worst(language: Language) -> Row:
    """Of texts of up to 4,000 characters: any Unicode, words of sentences, sentences run together."""
    source = random.Random(SEED)
    sampler = Sampler(language.grammar, SEED)
    words = sorted(language.grammar.words)
    slowest = 0.0
    for _ in range(RANDOM_TEXTS):
        text = _random_text(source, words, sampler, language)[:MAX_TEXT_CHARS]
        started = time.process_time()
        language.parse(text)
        slowest = max(slowest, time.process_time() - started)
    return Row(f"language, slowest of {RANDOM_TEXTS:,} random texts", 1000 * slowest, "ms")


def _random_text(source: random.Random, words: list[str], sampler: Sampler, language: Language) -> str:
    length = source.randint(1, MAX_TEXT_CHARS)
    kind = source.random()
    if kind < 0.25:
        return "".join(chr(source.choice((source.randint(32, 0x2FFF), source.randint(32, 126)))) for _ in range(length))
    if kind < 0.5:
        return " ".join(source.choice(words) for _ in range(length // 6))
    if kind < 0.75:
        return " ".join([source.choice(words) for _ in range(source.randint(1, 4))] * (length // 20))
    sentences = language.grammar.requests.all
    said = (sampler.sentence(source.choice(sentences)) for _ in range(source.randint(1, 12)))
    return source.choice((" ", ", ", " and ")).join(said)
