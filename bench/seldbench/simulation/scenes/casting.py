"""Who makes which sounds in a scene: what the layers of its targets, and of its interferers, take
one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seldbench.simulation.dry import DryBank
from seldbench.simulation.scenes.kinds import Kind
from seldbench.simulation.scenes.placing import Home

Rng = np.random.Generator


@dataclass(frozen=True)
class Part:
    """A sound that is not placed yet. person: who makes it, 0 for a thing, None where nobody asks;
    source: its place among those of its label; home: whose place it has."""

    label: str
    target: bool
    person: int | None
    source: int
    seconds: float
    home: Home | None = None


def cast(kind: Kind, bank: DryBank, group: str, layers: int, rng: Rng) -> list[Iterator[Part]]:
    """What each layer of targets takes, without end; nothing where it has no class."""
    labels = bank.labels(group)
    if kind.people:
        return _people(kind, bank, group, layers, rng)
    deck = _shuffled(_repeated(kind, labels), rng)  # one for all: classes come equally often
    return [_anyone(deck, bank, group, rng) for _ in range(layers)]


def interfering(bank: DryBank, group: str, rng: Rng) -> Iterator[Part]:
    """What is not annotated: the kinds of interferers in turn, each time another source."""
    kinds = bank.interferers(group)
    for label in _shuffled(list(kinds), rng):
        source = int(rng.integers(len(kinds[label])))
        yield Part(label, False, None, source, kinds[label][source].length(rng))


def _anyone(deck: Iterator[str], bank: DryBank, group: str, rng: Rng) -> Iterator[Part]:
    for label in deck:
        sources = bank.sources(group, label)
        source = int(rng.integers(len(sources)))
        yield Part(label, True, None, source, sources[source].length(rng))


def _people(kind: Kind, bank: DryBank, group: str, layers: int, rng: Rng) -> list[Iterator[Part]]:
    """A layer is a person, female or male, and some of the scene's things, which no other layer
    has: two things of one class never sound at once, as the files could not tell them apart."""
    labels = bank.labels(group)
    things = [label for label in labels if label not in kind.people]
    voices = [label for label in labels if label in kind.voices]
    owner = rng.integers(layers, size=len(things))
    found = []
    for layer in range(layers):
        other = voices[int(rng.integers(2))] if len(voices) == 2 else None
        own = [label for label in labels if label in kind.people and label != other]
        own += [label for label, of in zip(things, owner) if of == layer]
        deck = _shuffled(_repeated(kind, own), rng)
        found.append(_person(kind, layer + 1, deck, bank, group, rng))
    return found


def _person(
    kind: Kind, person: int, deck: Iterator[str], bank: DryBank, group: str, rng: Rng
) -> Iterator[Part]:
    """Each class has one source for the whole scene: a person's voice, a room's telephone."""
    chosen: dict[str, int] = {}
    for label in deck:
        sources = bank.sources(group, label)
        source = chosen.setdefault(label, int(rng.integers(len(sources))))
        human = label in kind.people
        home = Home(f"person {person}" if human else label, fixed=not human)
        number = person if human else 0
        yield Part(label, True, number, source, sources[source].length(rng), home)


def _repeated(kind: Kind, labels: Sequence[str]) -> list[str]:
    return [label for label in labels for _ in range(kind.often.get(label, 1))]


def _shuffled(cards: Sequence[str], rng: Rng) -> Iterator[str]:
    """The cards in random order, then again in another, without end; nothing of none."""
    while cards:
        yield from (cards[i] for i in rng.permutation(len(cards)))
