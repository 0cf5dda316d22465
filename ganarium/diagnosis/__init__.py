"""Why a GAN behaves as it does: five ailments, each with its evidence and what usually helps.

.. code-block:: python

    found = ga.diagnose("runs/gan-ring-001")
    print(found)                                     # a paragraph for each ailment
    found["mode collapse"].state, found["mode collapse"].advice
"""

from ganarium.diagnosis.examination import AILMENTS, diagnose
from ganarium.diagnosis.finding import FILE, Advice, Diagnosis, Finding, Measure

__all__ = ["AILMENTS", "FILE", "Advice", "Diagnosis", "Finding", "Measure", "diagnose"]
