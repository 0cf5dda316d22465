"""Melodies made from key, mode, contour and rhythm; and the statistics that melodies are judged by."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ganarium.data.base import InMemory
from ganarium.data.loading import loader
from ganarium.data.worlds.checks import at_least
from ganarium.spec import Field

__all__ = ["CONTOURS", "FEATURES", "KEYS", "MODES", "RHYTHMS", "compose", "melodies", "scale_consistency", "span"]

#: What the numbers of a note are: beats, MIDI pitch (60 is middle C), MIDI velocity, beats since the note before began.
FEATURES = ("length", "pitch", "intensity", "gap")
#: The keys, by the pitch class of their tonic.
KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
#: The modes and their seven steps above the tonic, in semitones. Minor is harmonic: so no two scales are the same.
MODES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 11)}
#: The contours: the way that a melody takes through its range.
CONTOURS = ("rise", "fall", "arch", "wave")
#: The rhythms: how many beats lie between the beginnings of notes, over and over.
RHYTHMS = {
    "even": (1.0, 1.0, 1.0, 1.0),
    "dotted": (1.5, 0.5, 1.5, 0.5),
    "short-short-long": (0.5, 0.5, 1.0, 2.0),
    "long-short-short": (1.0, 0.5, 0.5, 1.0),
}

_SHIFT, _SCALE = (1.0, 62.0, 63.5, 1.0), (1.0, 22.0, 63.5, 1.0)  # beats 0 to 2, pitches 40 to 84, velocities 0 to 127


@loader("melodies", title="melodies in a key", fields=("x",), kinds={"x": "sequence"})
def melodies(length: int = 32, count: int = 2000, seed: int = 0) -> InMemory:
    """Melodies of four numbers a note: length, pitch, intensity, and time since the note before began.

    Batches hold them in [-1, 1]; ``spec["x"].restore`` gives them in :data:`FEATURES`' units. Each melody keeps to one
    of the 24 scales, follows a contour with a random walk around it, and repeats a rhythm. The factors are those of
    :func:`compose`.

    Args:
        length: How many notes a melody has.
        count: How many samples are drawn.
        seed: What they follow from.
    """
    at_least(2, "melodies", length=length)
    at_least(1, "melodies", count=count)
    generator = torch.Generator().manual_seed(seed)
    choices = {"key": len(KEYS), "mode": len(MODES), "contour": len(CONTOURS), "rhythm": len(RHYTHMS)}
    factors = {name: torch.randint(number, (count,), generator=generator) for name, number in choices.items()}
    factors["articulation"] = 0.5 + 0.5 * torch.rand(count, generator=generator)
    steps = torch.randint(-1, 2, (count, length), generator=generator)
    touch = 3 * torch.randn(count, length, generator=generator)
    notes = compose(factors, steps, touch)
    x = (notes - torch.tensor(_SHIFT)) / torch.tensor(_SCALE)
    field = Field((length, len(FEATURES)), "sequence", names=FEATURES, scale=_SCALE, shift=_SHIFT)
    truth = {"keys": KEYS, "modes": tuple(MODES), "contours": CONTOURS, "rhythms": tuple(RHYTHMS)}
    return InMemory({"x": x}, {"x": field}, factors=factors, truth=truth)


def compose(factors: Mapping[str, Tensor], steps: Tensor, touch: Tensor) -> Tensor:
    """Melodies in their own units, of shape (n, T, 4).

    Args:
        factors: ``key`` (0 to 11), ``mode``, ``contour`` and ``rhythm`` (places in the tables above), and
            ``articulation`` (how much of the time to the next note a note sounds), each of shape (n,).
        steps: -1, 0 or 1: how the walk around the contour goes on at each note, in degrees of the scale, of shape
            (n, T).
        touch: What is added to the intensity of each note, of shape (n, T).
    """
    count, length = steps.shape
    curve = _curves(length)[factors["contour"]]
    # A walk that is drawn back: it strays about two degrees.
    age = torch.arange(length)[:, None] - torch.arange(length)
    walk = steps.float() @ (0.7 ** age.clamp(min=0)).tril().T
    degree = (5 * curve + walk).round().long().clamp(-7, 9)
    scale = torch.tensor(tuple(MODES.values()))[factors["mode"]]
    tonic = 60 + (factors["key"] + 6) % 12 - 6
    pitch = tonic[:, None] + 12 * degree.div(7, rounding_mode="floor") + scale.gather(1, degree % 7)
    beats = torch.tensor(tuple(RHYTHMS.values()))[factors["rhythm"]].repeat(1, math.ceil(length / 4))[:, :length]
    gap = torch.cat([torch.zeros(count, 1), beats[:, :-1]], 1)
    accent = 16.0 * (gap.cumsum(1) % 2 == 0)
    intensity = (68 + accent + 20 * curve + touch).clamp(1, 127)
    return torch.stack([beats * factors["articulation"][:, None], pitch.float(), intensity, gap], 2)


def span(x: Tensor) -> Tensor:
    """The distance from the least to the greatest number of each sequence: (n, T, ...) to (n, ...).

    Example:
        >>> span(torch.tensor([[60.0, 67.0, 64.0]]))
        tensor([7.])
    """
    return x.amax(1) - x.amin(1)


def scale_consistency(pitches: Tensor) -> Tensor:
    """The share of notes in the best one of the 24 major and minor scales, of shape (n,).

    For 32 notes drawn at random it is 0.74: compare with that, not with zero.

    Args:
        pitches: MIDI pitches, rounded to semitones here, of shape (n, T).

    Example:
        >>> scale_consistency(torch.tensor([[60, 62, 64, 65], [60, 61, 62, 63]]))
        tensor([1.0000, 0.7500])
    """
    classes = pitches.round().long() % 12
    return _scales()[:, classes].mean(2).amax(0)


def _scales() -> Tensor:
    """Which pitch classes belong to which scale, of shape (24, 12)."""
    members = torch.zeros(len(MODES), 12)
    for row, steps in zip(members, MODES.values(), strict=True):
        row[list(steps)] = 1.0
    return torch.cat([members.roll(key, 1) for key in range(12)])


def _curves(length: int) -> Tensor:
    """The contours, from -1 to 1, of shape (4, length)."""
    time = torch.linspace(0, 1, length)
    arch = (math.pi * time).sin() * 2 - 1
    return torch.stack([2 * time - 1, 1 - 2 * time, arch, (4 * math.pi * time).sin()])
