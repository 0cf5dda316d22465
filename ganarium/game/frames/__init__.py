"""What many games share, as games without a paper: a game says what its paper changes.

.. code-block:: python

    class LSGAN(Adversarial): ...      # another objective
    class CGAN(Conditional): ...       # a class can be asked for
    class CCGAN(Discriminating, Labelled): ...      # what is told from data is no draw; classes are learned on the way
"""
