"""What all tests share."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganarium import pictures

plot = pictures.plot


@pytest.fixture(autouse=True)
def one_thread():
    """Toys are so small that a second thread only costs time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def in_process(monkeypatch):
    """Jobs side by side one after the other in this process, as where there is no fork: no server is started."""
    monkeypatch.delattr("os.fork")


@pytest.fixture(autouse=True, scope="session")
def sketches():
    """Runs draw points as dots without axes: a plot takes longer to draw than a hundred rounds to play."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "plot", sketch)
        yield


@pytest.fixture
def plots(monkeypatch):
    """Points are drawn as they are everywhere else: for tests of pictures and pages."""
    monkeypatch.setattr(pictures, "plot", plot)


def sketch(samples, field, data, scale=1):
    """A picture of the size of a plot, which follows from the points alone."""
    pixels = np.full((600 * scale, 600 * scale, 3), 255, dtype=np.uint8)
    for points, colour in ((data, 180), (samples, 60)):
        if points is not None:
            x = torch.nan_to_num(points.flatten(1).double())
            places = ((x / (1 + x.abs()) + 1) / 2 * (len(pixels) - 1)).long().numpy()
            pixels[places[:, -1], places[:, 0]] = colour
    return Image.fromarray(pixels)
