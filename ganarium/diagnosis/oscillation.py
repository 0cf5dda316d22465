r"""Oscillation: terms of the log that come back after a period, and a game that does not stay where it is.

Of the last two thirds of the log's last stage, each term is put on an even grid of rounds, freed of a cubic trend and
tapered (Hann). Games do not keep time like clocks, so the power of a period is that of its periodogram between four
fifths and five fourths of its frequency. The statistic is the largest ratio of that power to what it is in the mean
of surrogates: slow wandering with white noise on top,

.. math::

    x_t = s_t + w_t, \qquad s_t = \varphi s_{t-1} + e_t,

with the :math:`\varphi` and the share of :math:`s` in the variance that make the series' periodogram most
probable (Whittle, 1953), so that wandering is no period. Its chance is that of the same maximum among the surrogates,
times the number of terms. The amplitude is that of a sine of the same power.

Where two checkpoints are kept, samples of the same latents from both say how far the game moved between them, in
standard deviations of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ganarium.diagnosis.case import Case, Unknown
from ganarium.diagnosis.finding import Finding, Measure, State
from ganarium.diagnosis.remedies import advise
from ganarium.diagnosis.thresholds import OSCILLATION as T
from ganarium.running import checkpoint

__all__ = ["Period", "detrended", "examine", "period", "series", "without"]

NAME = "oscillation"
_LEAST = 40  # rows
_LAST = 2 / 3
_SURROGATES = 1000
_SHARE = 0.1  # of the power, that a period has at least
_WIDE = 1.25  # from the middle of a band to its ends
_CYCLES = 4  # in what is seen of the log, at least


@dataclass(frozen=True)
class Period:
    """A period of a series.

    Args:
        term: Of which term.
        rows: Its length in rows.
        amplitude: Of a sine of the same power.
        noise: The standard deviation of the rest.
        explained: Its share of the variance.
        excess: How many times its power is that in noise of the same colour.
        chance: How probable such an excess is there.
    """

    term: str
    rows: float
    amplitude: float
    noise: float
    explained: float
    excess: float
    chance: float


def examine(case: Case) -> Finding:
    """Whether the players chase each other around."""
    every, terms = series(case.log)
    if not terms or len(next(iter(terms.values()))) < _LEAST:
        raise Unknown(f"The log has too few rows of the last stage to see a period; it takes {_LEAST} of them.")
    found = [period(name, values, case.seed) for name, values in terms.items()]
    chance = {each.term: min(1.0, each.chance * len(found)) for each in found}
    best = min(found, key=lambda each: (chance[each.term] > T.chance, -each.explained * each.excess))
    seen = _seen_in_a_round(case)
    evidence = {
        f"period of {best.term}, in rounds": Measure(best.rows * every, "none"),
        "the same, in samples seen": Measure(best.rows * every * seen, "none"),
        "its amplitude": Measure(best.amplitude, f"small beside the noise, {best.noise:.2g}"),
        "its share of the variance": Measure(best.explained, f"below {T.explained_suspected:g}"),
        "its power over that of noise of the same colour": Measure(best.excess, "about 1"),
        "chance in noise of the same colour": Measure(chance[best.term], f"above {T.chance:g}"),
    }
    moved = _moved(case)
    if moved is not None:
        evidence["movement of samples between the last checkpoints, in sd of data"] = Measure(moved, "well below 1")
    state = _state(best, chance[best.term], moved)
    return Finding(NAME, state, _sentence(state, best, every, seen, moved), evidence, advise(case, NAME, state))


def _state(best: Period, chance: float, moved: float | None) -> State:
    explained = best.explained if chance <= T.chance else 0.0
    moved = moved or 0.0
    if explained >= T.explained_found:
        return "found"
    return "suspected" if explained >= T.explained_suspected or moved >= T.moved_suspected else "healthy"


def _sentence(state: State, best: Period, every: int, seen: float, moved: float | None) -> str:
    where = "" if moved is None else f" Between its last checkpoints samples moved by {moved:.2g} sd of the data."
    if state == "healthy":
        return f"No term of the log has a period that noise would not have.{where}"
    length = best.rows * every
    wave = (
        f"{best.term} comes back every {length:,.0f} rounds ({length * seen:,.0f} samples seen) with an amplitude of "
        f"{best.amplitude:.2g}, {best.explained:.0%} of its variance."
    )
    if best.explained < T.explained_suspected or best.chance > T.chance:
        wave = "The game does not stay where it is, though no term of the log has a clear period."
    return wave + where


def series(log: list[dict[str, Any]]) -> tuple[int, dict[str, np.ndarray]]:
    """The terms of the last two thirds of a log's last stage on an even grid: rounds between rows, and the values."""
    rows = [row for row in log if row.get("terms") and row["stage"] == log[-1]["stage"]]
    if len(rows) < 4:
        return 1, {}
    rounds = np.array([row["round"] for row in rows])
    every = int(np.median(np.diff(rounds))) or 1
    start = rounds[0] + round((1 - _LAST) * (rounds[-1] - rounds[0]))
    grid = np.arange(start, rounds[-1] + 1, every)
    found = {}
    for name in rows[-1]["terms"]:
        values = np.array([row["terms"].get(name, np.nan) for row in rows], dtype=float)
        good = np.isfinite(values)
        if good.sum() >= _LEAST:
            found[name] = np.interp(grid, rounds[good], values[good])
    return every, {name: values for name, values in found.items() if np.std(values) > 1e-9 * (1 + abs(values.mean()))}


def period(term: str, values: np.ndarray, seed: int = 0) -> Period:
    """The most striking period of a series.

    Args:
        term: What the series is called.
        values: The series, of shape (n,).
        seed: What the surrogates follow from.

    Example:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).normal(size=200)
        >>> found = period("x", 3 * np.sin(2 * np.pi * np.arange(200) / 25) + noise)
        >>> round(found.rows), round(found.amplitude), found.chance < 0.01
        (25, 3, True)
    """
    rest = detrended(values)
    fake = _surrogates(rest, seed)
    power, others = _periodogram(rest[None])[0], _periodogram(fake)
    # Shares of the power: what the cubic trend takes of slow wandering is no matter then.
    real, usual = _in_bands(power) / power.sum(), _in_bands(others) / others.sum(1)[:, None]
    mean = usual.mean(0)
    # Where there is hardly any power, a period would be of no account.
    excess, usual = (np.where(shares >= _SHARE, shares / mean, 0.0) for shares in (real, usual))
    place = int(excess.argmax())
    explained = float(real[place])
    variance = float(rest.var())
    return Period(
        term,
        len(values) / _centre(power, place + _CYCLES),
        (2 * explained * variance) ** 0.5,
        ((1 - explained) * variance) ** 0.5,
        explained,
        float(excess[place]),
        float((1 + (usual.max(1) >= excess[place]).sum()) / (1 + len(fake))),
    )


def detrended(values: np.ndarray) -> np.ndarray:
    """A series without its cubic trend."""
    along = np.linspace(-1, 1, len(values))
    return values - np.polynomial.Polynomial.fit(along, values, 3)(along)


def _periodogram(rows: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(rows * np.hanning(rows.shape[1]), axis=1)) ** 2


def _band(place: int) -> tuple[int, int]:
    """The first bin of the band around one, and the one after its last."""
    return round(place / _WIDE), round(place * _WIDE) + 1


def _in_bands(power: np.ndarray) -> np.ndarray:
    """The power in the band around each bin, from the one of the longest period on."""
    total = np.concatenate([np.zeros((*power.shape[:-1], 1)), power.cumsum(-1)], -1)
    bands = [_band(place) for place in range(_CYCLES, int((power.shape[-1] - 1) / _WIDE))]
    return np.stack([total[..., high] - total[..., low] for low, high in bands], -1)


def _centre(power: np.ndarray, place: int) -> float:
    """The mean bin of a band, by its power."""
    low, high = _band(place)
    return float((np.arange(low, high) * power[low:high]).sum() / max(power[low:high].sum(), 1e-300))


def _surrogates(rest: np.ndarray, seed: int) -> np.ndarray:
    """Slow wandering and white noise, of the colour of a series, without a cubic trend."""
    n = len(rest)
    slow, share = _colour(rest)
    noise = np.random.default_rng(seed).normal(size=(2, _SURROGATES, n))
    rows = noise[0]
    for place in range(1, n):
        rows[:, place] = slow * rows[:, place - 1] + (1 - slow**2) ** 0.5 * rows[:, place]
    rows = share**0.5 * rows + (1 - share) ** 0.5 * noise[1]
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, n), 4))
    return rows - rows @ basis @ basis.T


def _colour(rest: np.ndarray) -> tuple[float, float]:
    """The correlation of the wandering from row to row, and its share of the variance, by Whittle's likelihood."""
    # The trend has taken the lowest bins.
    power = _periodogram(rest[None])[0, 3:-1]
    angle = 2 * np.pi * np.arange(3, 3 + len(power)) / len(rest)
    best = (np.inf, 0.0, 0.0)
    for slow in 1 - np.geomspace(1, 0.01, 25):
        wander = (1 - slow**2) / (1 - 2 * slow * np.cos(angle) + slow**2)
        for share in np.linspace(0, 1, 21):
            shape = share * wander + (1 - share)
            # The best scale of a shape is the mean ratio.
            cost = np.log(shape).mean() + np.log(max((power / shape).mean(), 1e-300))
            best = min(best, (float(cost), float(slow), float(share)))
    return best[1], best[2]


def without(rest: np.ndarray, rows: float) -> np.ndarray:
    """A series without the band around a period of so many rows."""
    spectrum = np.fft.rfft(rest)
    low, high = _band(round(len(rest) / rows))
    spectrum[low:high] = 0
    return np.fft.irfft(spectrum, len(rest))


def _moved(case: Case) -> float | None:
    """How far samples of the same latents are apart between the last two checkpoints; None if there are not two."""
    folder = case.path / "checkpoints"
    kept = [round for round in checkpoint.rounds(folder) if 0 < round < case.state["round"]]
    if not kept:
        return None
    try:
        before = case.with_weights(checkpoint.load(checkpoint.named(folder, kept[-1]))["game"])
        spread = case.rows_of(case.data, 500, 1)["x"].double().flatten(1)
        one, other = (case.draw(game, 500).double().flatten(1) for game in (before, case.last))
    except (Unknown, ValueError, KeyError):
        return None
    return float((one.mean(0) - other.mean(0)).norm() / torch.clamp(spread.var(0).sum().sqrt(), min=1e-12))


def _seen_in_a_round(case: Case) -> float:
    return case.state["seen"] / max(case.state["round"], 1)
