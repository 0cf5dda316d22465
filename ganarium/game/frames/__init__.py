"""What many games share, as games without a paper: a game says what its paper changes.

.. code-block:: python

    class LSGAN(Adversarial): ...      # another objective
    class CGAN(Conditional): ...       # a class can be asked for
"""
