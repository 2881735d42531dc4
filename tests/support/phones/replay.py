"""What a phone said to each command, kept, and said again: a whole measurement without a process."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace

from android_bench.phone.adb.adb import Answer

Words = tuple[str, ...]


@dataclass
class Transcript:
    """Answers by the words of the call, each call's in their order."""

    answers: dict[Words, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    order: list[tuple[Words, int]] = field(default_factory=list)

    def keep(self, words: Words, answer: Answer) -> None:
        self.order.append((words, len(self.answers[words])))
        self.answers[words].append(answer)

    def spoiled(self, place: int, stdout: bytes) -> Transcript:
        """The same but for the output of one call, numbered from 0."""
        words, number = self.order[place]
        own = list(self.answers[words])
        own[number] = replace(own[number], stdout=stdout)
        return Transcript({**self.answers, words: own}, self.order)


class ReplayedAdb:
    """Stands for `Adb`: answers from a transcript; what nobody asked before gets no answer's end."""

    def __init__(self, transcript: Transcript) -> None:
        self.stop = threading.Event()
        self.program = "adb"
        self.server = type("Server", (), {"address": "replayed"})()
        self._transcript = transcript
        self._asked: dict[Words, int] = defaultdict(int)

    def call(self, *words: str, timeout: float, serial: str | None = None, tidying: bool = False) -> Answer:
        key = known(words)
        answers = self._transcript.answers.get(key, [Answer(0, b"", b"")])
        self._asked[key] += 1
        return answers[min(self._asked[key], len(answers)) - 1]


def known(words: Words) -> Words:
    """A call without what is another each time: where a pushed file lies on this computer."""
    return ("push", *words[2:]) if words[0] == "push" else words
