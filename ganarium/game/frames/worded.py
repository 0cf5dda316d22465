r"""The frame of games in which a sentence can be asked for: ``game.sample(9, text="a red square")``.

An encoder :math:`\varphi` reads sentences into vectors, which are conditions of the game's networks. It comes first and
then rests: with a second encoder, of data, it learns to find, among the sentences of a batch, the one that belongs to a
datum, and among the data the one that belongs to a sentence. Where no sentence is asked for, one of the data is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ganarium.game.game import Game
from ganarium.game.options import follows, made
from ganarium.game.player import Player, Stage, Terms
from ganarium.ingredients import Adam, OptimizerChoice
from ganarium.nets.families.text import TextEncoder, matching
from ganarium.spec import Batch, Field

__all__ = ["Worded"]


class Worded(Game):
    r"""A game on data with sentences, which an encoder has learned to read in a first stage.

    Its networks are given sentence vectors, :meth:`read`; it has an ``architecture``, as adversarial games do.

    Players:
        matcher: in the first stage; ``matching``, the mean of the cross entropies of finding the sentence of a datum
            and the datum of a sentence in the batch, in nats; ``accuracy`` (watched), how often it finds the sentence.

    Batch:
        ``x`` (B, \*shape): data; ``text`` (B, T): tokens, with 0 to fill up.

    Args:
        text_size: Numbers of a sentence vector.
        matching: The first stage's share of the run.
        temperature: What similarities are divided by in the first stage.
        matching_optimizer: How the matcher descends.
        text_encoder: From tokens (B, T) to sentence vectors (B, text_size).
        image_encoder: From data to vectors (B, text_size), for the first stage only.
    """

    needs = {"x": (), "text": ("tokens",)}

    text_size: int = 1024
    matching: float = 0.1
    temperature: float = 0.1
    matching_optimizer: OptimizerChoice = Adam(1e-3, (0.9, 0.999))
    #: Sentences to draw for who asks for none; the first stage fills them in.
    captions: Tensor = follows(factory=lambda game: game.spec["text"].random(256, torch.Generator().manual_seed(0)))
    text_encoder: nn.Module = made(factory=lambda game: TextEncoder(game.spec["text"], game.text_size))
    image_encoder: nn.Module = made(factory=lambda game: game.architecture.encoder(game.spec["x"], game.text_size))

    def stages(self) -> list[Stage]:
        readers = [self.text_encoder, self.image_encoder]
        matcher = Player("matcher", self.matcher_loss, owns=readers, optimizer=self.matching_optimizer)
        return [
            Stage("match", [matcher], share=self.matching, begin=self.keep_captions),
            Stage("play", self.players(), share=1 - self.matching),
        ]

    def keep_captions(self, batches: Iterable[Batch]) -> None:
        """Keep some sentences of the data."""
        texts = torch.cat([batch["text"] for batch in batches])
        self.captions.copy_(texts[torch.randint(len(texts), (len(self.captions),), device=texts.device)])

    def matcher_loss(self, batch: Batch) -> Terms:
        code, read = self.image_encoder(batch["x"]), self.text_encoder(batch["text"])
        loss, found = matching(code, read, batch["text"], self.temperature)
        return {"matching": loss, "accuracy": found}

    @torch.no_grad()
    def read(self, text: Tensor) -> Tensor:
        """Sentence vectors (B, text_size) by the encoder, which rests."""
        return self.text_encoder(text)

    @property
    def conditions(self) -> Mapping[str, Field]:
        return {"text": self.spec["text"]}

    def choose(self, n: int, **condition: Tensor) -> dict[str, Tensor]:
        return condition if "text" in condition else {"text": self.any_text(n)}

    def any_text(self, n: int) -> Tensor:
        """``n`` of the kept sentences, drawn at random."""
        return self.captions[torch.randint(len(self.captions), (n,), device=self.captions.device)]
