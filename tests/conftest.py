"""What all tests share."""

import pytest
import torch


@pytest.fixture
def in_process(monkeypatch):
    """Jobs side by side one after the other in this process, as where there is no fork: no server is started."""
    monkeypatch.delattr("os.fork")


@pytest.fixture(autouse=True)
def one_thread():
    """Toys are so small that a second thread only costs time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
