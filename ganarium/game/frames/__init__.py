"""What many games share, as games without a paper: a game says what its paper changes.

.. code-block:: python

    class LSGAN(Adversarial): ...                   # another objective
    class CGAN(Conditional): ...                    # a class can be asked for
    class CCGAN(Discriminating, Labelled): ...      # what is told from data is no draw; classes are learned on the way
    class BEGAN(FromNoise, Decodes): ...            # players and noise; both losses are its own
    class CycleGAN(Translating): ...                # two domains; what ties a translation to where it came from
    class VAE(Likelihood, Decodes, Encodes): ...    # one player; the terms of a bound
"""
