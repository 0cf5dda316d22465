"""The Wasserstein GAN: its critic's box, and its bursts."""

from __future__ import annotations

import torch
from zoo import play, toy


def test_the_generator_meets_a_critic_whose_weights_are_in_their_box():
    game = toy("wgan")
    with torch.no_grad():
        for parameter in game.critic.parameters():
            parameter.mul_(10)
    seen = []
    loss = game.generator_loss

    def watched(batch):
        seen.append(max(p.abs().max() for p in game.critic.parameters()))
        return loss(batch)

    game.generator_loss = watched
    play(game, 3)
    assert len(seen) == 3
    assert max(seen) <= game.bound


def test_the_critic_moves_in_bursts_at_first_and_every_500th_round():
    game = toy("wgan")
    game.burst, game.critic_moves = 100, 5
    assert [game.turn(round) for round in (0, 24, 25, 499, 500, 501)] == [100, 100, 5, 5, 100, 5]
