"""What a paper says, proved in miniature: against a baseline it must beat, and with a control that must fail.

.. code-block:: python

    (found,) = ga.prove(["wgan-gp"])      # every seed of three arms, side by side; kept in ./claims
    print(found)
    found.holds

The claims themselves are the files of :mod:`ganarium.claims`, one each, named as their game.
"""
