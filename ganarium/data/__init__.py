"""What games learn from.

.. code-block:: python

    data = load("ring")                          # a world of points whose law is known
    data = load("digits", size=16)               # real handwritten digits
    data = load("./photos", size=64)             # a folder of images, or a zip file; class folders give labels
    data = load("mnist:./MNIST")                 # MNIST's files, or cifar10:PATH
    data = load("mine.npz")                      # arrays x, y, ...
    print(examine("./photos"))                   # what would be used, converted and skipped of a folder
    data = from_tensors(images, labels)          # arrays and tensors
    data = from_dataset(dataset, workers=4)      # any map-style PyTorch dataset

    for batch in data.batches(64, seed=0): ...   # without end, in an order that follows from the seed
    data.spec, data.train, data.test, data.truth
"""

from ganarium.data.base import Data, InMemory
from ganarium.data.datasets import from_dataset
from ganarium.data.files.examine import examine
from ganarium.data.loading import LOADERS, READERS, Loader, from_source, load, loader, maker, mention, reader
from ganarium.data.matching import difference, like
from ganarium.data.stream import Stream
from ganarium.data.tensors import from_tensors, random

__all__ = [
    "LOADERS",
    "READERS",
    "Data",
    "InMemory",
    "Loader",
    "Stream",
    "difference",
    "examine",
    "from_dataset",
    "from_source",
    "from_tensors",
    "like",
    "load",
    "loader",
    "maker",
    "mention",
    "random",
    "reader",
]
