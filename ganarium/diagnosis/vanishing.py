r"""A vanishing generator gradient: a judge that tells all samples from data, and a loss that no longer answers.

A small gradient alone is no ailment, for at rest it is zero. It is one if the judge tells samples from data all the
same. The player whose networks samples depend on plays its loss on a few fixed batches, without a step, and three
things are measured: the norm of its gradient over that of its parameters; the norm of the loss's gradient at a sample;
and the *pull*, how much the loss changes with a score,

.. math::

    \mathbb E\, |c'(F(G(z)))|,

1 for a Wasserstein critic, :math:`D(G(z))` for the minimax loss, which vanishes where the judge is sure (Arjovsky,
Bottou, 2017), and :math:`1 - D(G(z))` for the non-saturating one. Norms are compared with those of an early checkpoint,
if one is kept, else of the untrained game.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganarium.diagnosis.case import Case, Unknown, training
from ganarium.diagnosis.finding import Finding, Measure, State
from ganarium.diagnosis.overfitting import above
from ganarium.diagnosis.remedies import advise
from ganarium.diagnosis.thresholds import VANISHING as T
from ganarium.game import Game, Player, Samples, Scores
from ganarium.randomness import mix, seeded
from ganarium.running import checkpoint

__all__ = ["Signal", "examine", "makers", "signal"]

NAME = "vanishing generator gradient"
_BATCHES = 4
_CPU = torch.device("cpu")
_EARLY = 0.1  # of the rounds, up to which a checkpoint is early


@dataclass(frozen=True)
class Signal:
    """What reaches a player.

    Args:
        own: The norm of its gradient over that of its parameters.
        others: The same of the players against it.
        sample: The norm of its loss's gradient at a sample, times the samples in a batch.
        pull: How much its loss changes with a score; None if no score was met.
    """

    own: float
    others: float
    sample: float
    pull: float | None


def examine(case: Case) -> Finding:
    """Whether the generator still hears from its judge."""
    makers(case.last, players_of(case.last, case.state["stage"]))
    batches = [case.rows_of(case.data, _size(case), 10 + place) for place in range(_BATCHES)]
    early, of = _early(case)
    now, then = (_signal(case, game, batches) for game in (case.last, early))
    ratio = now.own / max(then.own, 1e-30)
    told, evidence = None, {}
    if isinstance(case.last, Scores) and isinstance(case.last, Samples):
        scores = case.scores(case.last)
        told, _ = above(scores["training data"], scores["samples"])
        evidence["data's score above a sample's (AUC)"] = Measure(told, "0.5 at rest, more while training")
        sure = float((scores["samples"].sigmoid() < 0.01).double().mean())
        evidence["samples that D gives less than 0.01"] = Measure(sure, "few; for scores that are logits")
    if now.pull is not None:
        evidence["pull of the loss at a score"] = Measure(now.pull, f"well above {T.pull_suspected:g}")
    evidence |= {
        "norm of gradient / norm of parameters": Measure(now.own, f"{of}: {then.own:.2g}"),
        "the same of the players against it": Measure(now.others, f"{of}: {then.others:.2g}"),
        "norm of gradient at a sample": Measure(now.sample, f"{of}: {then.sample:.2g}"),
        "gradient over what it was": Measure(ratio, f"above {T.ratio_suspected:g}, or at rest"),
    }
    if (share := _clipped(case)) is not None:
        evidence["weights of the critic at the clip"] = Measure(share, "below 0.5")
    state = _state(told, now.pull, ratio)
    return Finding(NAME, state, _sentence(state, now, ratio, told, of), evidence, advise(case, NAME, state))


def _state(told: float | None, pull: float | None, ratio: float) -> State:
    if told is None:
        return "suspected" if pull is not None and pull < T.pull_found else "healthy"
    if told < T.told_apart:
        return "healthy"
    pull = 1.0 if pull is None else pull
    if pull < T.pull_found or ratio < T.ratio_found:
        return "found"
    return "suspected" if pull < T.pull_suspected or ratio < T.ratio_suspected else "healthy"


def _sentence(state: State, now: Signal, ratio: float, told: float | None, of: str) -> str:
    how = f"the generator's gradient is {ratio:.2g} times that of the {of}"
    how += "" if now.pull is None else f", and its loss pulls at a score with {now.pull:.2g}"
    if state == "healthy":
        rest = " The judge does not tell samples from data: the game is near rest." if told and told < 0.6 else ""
        return f"The generator hears from its judge: {how}.{rest}"
    if told is None:
        return f"{how[0].upper()}{how[1:]}."
    return f"The judge scores data above a sample with a probability of {told:.3f}; {how}."


# -- who plays --------------------------------------------------------------------------------------------------


def players_of(game: Game, stage: int) -> Sequence[Player]:
    """The players of a stage."""
    return game.stages()[max(stage, 0)].players


def makers(game: Game, players: Sequence[Player]) -> tuple[list[Player], list[Player]]:
    """The players whose parameters samples depend on, and the others.

    Raises:
        Unknown: if there are not both, or the makers follow no gradient.
    """
    parameters = [p.requires_grad_() for p in game.parameters()]
    with seeded(_CPU, 0), torch.enable_grad():
        made = _made(game)
        if not made.requires_grad:
            raise Unknown(f"{type(game).__name__}'s samples have no gradient that could be followed to a player.")
        gradients = torch.autograd.grad(made.double().sum(), parameters, allow_unused=True)
    moved = {p for p, gradient in zip(parameters, gradients, strict=True) if gradient is not None}
    own = [player for player in players if moved & set(player.parameters())]
    others = [player for player in players if player not in own and player.step is None]
    if stepping := [player.name for player in own if player.step is not None]:
        raise Unknown(f"{type(game).__name__}'s samples are made by {stepping[0]}, who follows no gradient.")
    if not own or not others:
        raise Unknown(f"{type(game).__name__} has no player who judges another's samples: its loss is its own.")
    return own, others


def _made(game: Any) -> Tensor:
    if isinstance(game, Samples):
        return game.draw(4)
    raise Unknown(f"{type(game).__name__} draws no samples, whose makers could be found.")


# -- what reaches it --------------------------------------------------------------------------------------------


def _signal(case: Case, game: Game, batches: Sequence[dict[str, Tensor]]) -> Signal:
    return signal(game, case.state["stage"], batches, case.seed)


def signal(game: Game, stage: int, batches: Sequence[dict[str, Tensor]], seed: int = 0) -> Signal:
    """What reaches the maker of samples on some batches, in the mean over them; nothing moves.

    Args:
        game: The game.
        stage: The number of its stage.
        batches: What the players see.
        seed: What noise follows from.
    """
    players = players_of(game, stage)
    own, others = makers(game, players)
    found = []
    with training(game):
        for place, batch in enumerate(batches):
            norms, heard = {}, _Heard(game, own, others)
            for number, player in enumerate(players):
                if player.step is not None:
                    continue
                with seeded(_CPU, mix(seed, place, number)), heard.listening(player in own):
                    norms[player.name] = _norm(player, batch)
            mine = max(norms[player.name] for player in own)
            theirs = max(norms[player.name] for player in others)
            found.append((mine, theirs, heard.at_samples, heard.at_scores))
    means = [sum(column) / len(found) for column in zip(*(row[:3] for row in found), strict=True)]
    pulls = [row[3] for row in found if row[3] is not None]
    return Signal(*means, pull=sum(pulls) / len(pulls) if pulls else None)


def _norm(player: Player, batch: dict[str, Tensor]) -> float:
    """The norm of a player's gradient over that of its parameters."""
    parameters = player.parameters()
    live = [term for term in player.loss(batch).values() if term.requires_grad]
    if not live:
        return 0.0
    gradients = torch.autograd.grad(sum(live[1:], start=live[0]), parameters, allow_unused=True)
    squares = sum(float(g.double().square().sum()) for g in gradients if g is not None)
    return (squares / max(sum(float(p.detach().double().square().sum()) for p in parameters), 1e-30)) ** 0.5


class _Heard:
    """Listens at the networks: to gradients of what the makers make, and of the scores that they get.

    Args:
        game: The game.
        own: The makers.
        others: Their judges.
    """

    def __init__(self, game: Game, own: Sequence[Player], others: Sequence[Player]):
        self.shape = game.spec["x"].shape if "x" in game.spec else None
        self.makers = [network for player in own for network in player.owns]
        self.judges = [network for player in others for network in player.owns]
        self._samples: list[Tensor] = []
        self._scores: list[Tensor] = []

    @contextmanager
    def listening(self, really: bool) -> Iterator[None]:
        """Inside, gradients are listened to, if ``really``."""
        hooks = [
            network.register_forward_hook(hook)
            for networks, hook in ((self.makers, self._made), (self.judges, self._judged))
            for network in networks
            if really
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @property
    def at_samples(self) -> float:
        """The mean norm of the loss's gradient at a sample, times the samples in the batch."""
        return sum(float(g.flatten(1).norm(dim=1).sum()) for g in self._samples)

    @property
    def at_scores(self) -> float | None:
        """How much the loss changes if all scores do."""
        return max((float(g.abs().sum()) for g in self._scores), default=None)

    def _made(self, network: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.requires_grad and output.shape[1:] == self.shape:
            output.register_hook(self._samples.append)

    def _judged(self, network: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.requires_grad and output[0].numel() == 1:
            output.register_hook(self._scores.append)


def _size(case: Case) -> int:
    return min(case.config["settings"]["batch_size"], len(case.data))


def _early(case: Case) -> tuple[Game, str]:
    """The game at the earliest checkpoint that is kept, if it is early; else untrained."""
    kept = checkpoint.rounds(case.path / "checkpoints")
    total = case.config["settings"]["rounds"] or 1
    if kept and 0 < kept[0] <= _EARLY * total and kept[0] < case.state["round"]:
        state = checkpoint.load(checkpoint.named(case.path / "checkpoints", kept[0]))
        if state["stage"] == case.state["stage"]:
            return case.with_weights(state["game"]), f"game after round {kept[0]:,}"
    return case.untrained().float(), "untrained game"


def _clipped(case: Case) -> float | None:
    """The share of the judges' weights at the bounds of their box; None if there is no box."""
    _, judges = makers(case.last, players_of(case.last, case.state["stage"]))
    weights = torch.cat([p.detach().flatten().abs() for player in judges for p in player.parameters()])
    share = float((weights >= weights.max() * (1 - 1e-3)).double().mean())
    return share if share > 0.01 else None
