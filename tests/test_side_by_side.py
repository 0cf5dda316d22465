"""Jobs side by side: results, failures, kills, signals, and no process left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.patience import finish, until
from ganarium.jobs.team import Job, Outcome, Tell, Watcher, cores, run
from ganarium.terminal.signals import Interrupted, Stop

HERE = "tests.test_side_by_side"


def add(a: int, b: int, tell: Tell) -> int:
    tell(1, 2, "half")
    tell(2, 2, "whole")
    print("adding")
    return a + b


def learn(tell: Tell) -> list[float]:
    """A backward pass, which a process cannot do that was forked from one with threads."""
    import torch

    x = torch.ones(300, 300, requires_grad=True)
    (x @ x).sum().backward()
    assert x.grad is not None
    return [float(x.grad[0, 0]), float(torch.get_num_threads())]


def fail(how: str, tell: Tell) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        os._exit(3)
    raise ValueError("the data is green")


def wait(place: str, tell: Tell) -> str:
    """Until somebody asks to stop; says so in a file."""
    Path(place).write_text(str(os.getpid()))
    with Stop() as stop:
        while not stop.asked:
            time.sleep(0.05)
    Path(place).write_text("stopped")
    raise Interrupted(stop.asked, Path(place))


def heavy(tell: Tell) -> str:
    return "x" * 3_000_000


class Notes(Watcher):
    def __init__(self) -> None:
        self.words: list[tuple] = []
        self.ends: list[str] = []

    def told(self, job: Job, done: int, total: int, text: str) -> None:
        self.words.append((job.name, done, total, text))

    def ended(self, outcome: Outcome) -> None:
        self.ends.append(outcome.job.name)


def test_jobs_come_back_in_order_and_failures_stop_nobody_else(tmp_path):
    log = tmp_path / "log.txt"
    jobs = [
        Job("sum", f"{HERE}:add", {"a": 1, "b": 2}, log=str(log)),
        Job("raises", f"{HERE}:fail", {"how": "raise"}, log=str(tmp_path / "why.txt")),
        Job("killed", f"{HERE}:fail", {"how": "kill"}),
        Job("exits", f"{HERE}:fail", {"how": "exit"}),
        Job("learns", f"{HERE}:learn"),
        Job("nowhere", "ganarium.nothing:here"),
        Job("heavy", f"{HERE}:heavy"),
    ]
    notes = Notes()
    found = run(jobs, workers=2, watcher=notes)
    assert [outcome.job.name for outcome in found] == [job.name for job in jobs]
    assert [found[place].result for place in (0, 4)] == [3, [600.0, 1.0]]
    assert len(found[6].result) == 3_000_000
    assert [outcome.error for outcome in found[:4]] == [
        "",
        "the data is green",
        "The process was killed by signal 9.",
        "The process ended with code 3.",
    ]
    assert "ganarium.nothing" in found[5].error
    assert notes.words[-1] == ("sum", 2, 2, "whole")
    assert sorted(notes.ends) == sorted(job.name for job in jobs)
    assert log.read_text() == "adding\n"
    assert "Traceback" in (tmp_path / "why.txt").read_text()
    assert cores() >= 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_jobs_and_leaves_no_process(tmp_path, number):
    places = [tmp_path / name for name in ("one", "two")]
    program = (
        "from ganarium.jobs.team import Job, run\n"
        f"run([Job(p, '{HERE}:wait', {{'place': p}}) for p in {[str(p) for p in places]}], workers=2)\n"
    )
    process = started(program, cwd=Path(__file__).parents[1])
    until(lambda: all(place.exists() and place.read_text() for place in places), "jobs that began")
    children = [int(place.read_text()) for place in places]
    process.send_signal(number)
    _, said = finish(process)
    assert process.returncode != 0
    assert b"Interrupted" in said
    assert [place.read_text() for place in places] == ["stopped", "stopped"]
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_children_stop_when_their_parent_is_killed(tmp_path):
    place = tmp_path / "one"
    program = f"from ganarium.jobs.team import Job, run\nrun([Job('one', '{HERE}:wait', {{'place': '{place}'}})])\n"
    process = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[1])
    until(lambda: place.exists() and place.read_text(), "a job that began")
    process.kill()
    process.wait()
    until(lambda: place.read_text() == "stopped", "a job that stopped")


def started(program: str, **options) -> subprocess.Popen:
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, env=environment, **options)


def test_a_signal_before_anything_has_begun_ends_at_once(tmp_path):
    """The server waits for what it is to import, and who started it is told as soon as it heeds signals."""
    (tmp_path / "sklearn.py").write_text("import signal\nsignal.pause()\n")
    program = (
        "import sys\nfrom ganarium.jobs import team\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "class Told(team.Stop):\n    def __enter__(self):\n        super().__enter__()\n"
        "        print('here', flush=True)\n        return self\n"
        f"team.Stop = Told\nteam.run([team.Job('one', '{HERE}:wait', {{'place': '{tmp_path / 'one'}'}})])\n"
    )
    process = started(program, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGINT)
    _, said = finish(process)
    assert b"Interrupted" in said
    assert not (tmp_path / "one").exists()


def test_a_server_that_is_killed_is_said_and_takes_its_children_with_it(tmp_path):
    place = tmp_path / "one"
    (tmp_path / "sklearn.py").write_text("raise SystemExit('files of the folder that one is in are not imported')\n")
    program = (
        "import sys\nsys.path.remove('')\nfrom ganarium.jobs.team import Job, run\n"
        f"try:\n    run([Job('one', '{HERE}:wait', {{'place': '{place}'}})])\n"
        "except OSError as error:\n    sys.exit(str(error))\n"
    )
    process = started(program, cwd=tmp_path)
    until(lambda: place.exists() and place.read_text(), "a job that began")
    child = int(place.read_text())
    os.kill(parent_of(child), signal.SIGKILL)
    _, said = finish(process)
    assert said.strip() == b"The process that starts jobs side by side was killed, or could not start."
    until(lambda: not alive(child), "the end of a job")


def test_what_comes_after_a_signal_does_not_begin(tmp_path):
    """A job that the server has not read yet when it is asked to stop."""
    job = {"id": 7, "function": f"{HERE}:wait", "arguments": {"place": str(tmp_path / "one")}, "log": ""}
    command = [sys.executable, "-m", "ganarium.jobs.server"]
    root = Path(__file__).parents[1]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, cwd=root)
    assert server.stdin is not None
    assert server.stdout is not None
    assert json.loads(server.stdout.readline()) == {"ready": True}
    os.killpg(server.pid, signal.SIGTERM)
    server.stdin.write(json.dumps(job).encode() + b"\n")
    server.stdin.close()
    assert json.loads(server.stdout.readline()) == {"id": 7, "error": "stopped"}
    server.stdout.close()
    until(lambda: server.poll() is not None, "the end of the server")
    assert server.returncode == 0
    assert not (tmp_path / "one").exists()


def parent_of(process: int) -> int:
    if not Path("/proc").is_dir():
        pytest.skip("there is no /proc here")
    return int(Path(f"/proc/{process}/stat").read_text().split()[3])


def alive(process: int) -> bool:
    """Whether it runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
