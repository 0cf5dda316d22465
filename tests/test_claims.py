"""Claims: the rule, what is kept and what is stale, the command, and that every claim of the library plays."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import ganarium as ga
from ganarium import cli, index
from ganarium.claiming import proving, stale
from ganarium.claiming.arm import Arm
from ganarium.claiming.measures import agreement, digit_classes, points
from ganarium.claiming.statement import ARMS, PILOT, Claim
from ganarium.claiming.store import Store
from ganarium.claiming.verdict import Verdict
from ganarium.claiming.words import frozen, markdown
from ganarium.games.adversarial.gan import GAN
from ganarium.signals import Interrupted

CLAIM = Claim(
    "tiny",
    says="larger is better",
    source="nowhere, table 1",
    world="numbers",
    measure="height: in metres",
    better="higher",
    arms={"game": "tall", "baseline": "short", "control": "shorter"},
    pilot={"game": [3.0, 3.0, 3.0], "baseline": [1.0, 1.0, 1.0], "control": [0.0, 0.0, 0.0]},
    module="tests.test_claims",
)


def play(arm: Arm) -> dict[str, float]:
    """The arm of the claim above: a trained game's picture, and numbers that are known."""
    if Path("told").exists() and Path("told").read_text() == f"{arm.name} {arm.seed}":
        raise ValueError("this one was told to fail")
    if Path("told").exists() and Path("told").read_text() == "nan":
        return {"height": math.nan}
    with Path("played").open("a") as file:
        file.write(f"{arm.name} {arm.seed} {arm.share}\n")
    data = ga.data.load("ring", count=200)
    game = arm.played(lambda: GAN(data.spec, latent=4), data, seen=640)
    arm.show(game.sample(50, seed=0), data.spec["x"])
    return {"height": arm.among(game=3.0, baseline=1.0, control=0.5) + arm.seed / 10, "age": 1.0}


def verdict(game, baseline, control=(0, 0, 0), better="higher", **changes) -> Verdict:
    arms = dict(zip(ARMS, (game, baseline, control), strict=True))
    found = {arm: {seed: {"height": float(v)} for seed, v in enumerate(values)} for arm, values in arms.items()}
    return Verdict(replace(CLAIM, better=better, **changes), (0, 1, 2), found)


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """The command line knows one claim, the one above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(index, "claims", lambda: {"tiny": CLAIM})
    return tmp_path


def test_a_claim_holds_where_every_seed_favours_the_game_by_half_the_pilots_gain():
    assert CLAIM.needed == 1.0
    assert verdict((2, 2, 2.5), (1, 1, 1)).holds
    assert not (near := verdict((2, 2, 1.5), (1, 1, 1))).holds
    assert "+0.833, needed 1" in near.why
    assert not (one := verdict((9, 9, 0.9), (1, 1, 1))).holds
    assert "seed 2 favours the baseline" in one.why


def test_lower_is_better_where_the_claim_says_so():
    pilot = {"game": [1.0], "baseline": [3.0], "control": [3.0]}
    assert verdict((1, 1, 1), (3, 3, 3), (3, 3, 3), "lower", pilot=pilot).holds
    assert not verdict((3, 3, 3), (1, 1, 1), (3, 3, 3), "lower", pilot=pilot).holds


def test_a_control_that_passes_breaks_the_claim():
    found = verdict((2, 2, 2.5), (1, 1, 1), (2, 2, 2))
    assert not found.holds
    assert "the control passes too (+1)" in found.why


def test_without_a_pilot_or_with_a_missing_run_nothing_holds():
    assert not (none := verdict((9, 9, 9), (1, 1, 1), pilot={})).holds
    assert none.why == "the pilot, which says how much is needed, is still to come; the mean gain is +8"
    found = verdict((9, 9, 9), (1, 1, 1)).found
    part = Verdict(CLAIM, (0, 1, 2), {**found, "control": {0: {"height": 0.0}}})
    assert not part.holds
    assert part.why == "not measured: control, seed 1; control, seed 2"


def test_where_the_pilot_found_no_gain_nothing_holds():
    worse = verdict((9, 9, 9), (1, 1, 1), pilot={"game": [1.0], "baseline": [3.0], "control": [0.0]})
    assert worse.claim.needed is None
    assert not worse.holds
    assert worse.why == "the pilot, which says how much is needed, found no gain; the mean gain is +8"


def test_a_claim_is_played_kept_and_not_played_again(tiny):
    (found,) = ga.prove(["tiny"], quiet=True)
    assert found.holds
    assert found.values("game") == pytest.approx([3.0, 3.1, 3.2])
    assert len(Path("played").read_text().splitlines()) == 9
    assert (tiny / "claims" / "pictures" / "tiny-control.png").stat().st_size > 500
    (again,) = ga.prove(["tiny"], quiet=True)
    assert again.plain() == found.plain()
    assert len(Path("played").read_text().splitlines()) == 9
    ga.prove(["tiny"], seeds=4, quiet=True)
    assert len(Path("played").read_text().splitlines()) == 12
    ga.prove(["tiny"], seeds=1, fresh=True, quiet=True)
    assert len(Path("played").read_text().splitlines()) == 15


def test_what_is_stale_is_shown_and_said_to_be(tiny):
    ga.prove(["tiny"], quiet=True)
    file = tiny / "claims" / "claims.json"
    file.write_text(file.read_text().replace(stale.digest(CLAIM.module), "another"))
    found = proving.kept()["tiny"]
    assert found.whole
    assert found.stale
    page = proving.write_page().read_text()
    assert "holds (stale)" in page
    assert "Measured before its code last changed" in page


def test_only_what_is_stale_is_played_again(tiny):
    ga.prove(["tiny"], seeds=1, quiet=True)
    file = tiny / "claims" / "claims.json"
    rows = json.loads(file.read_text())
    rows["results"]["tiny"]["control 0"]["digest"] = "another"
    file.write_text(json.dumps(rows))
    (found,) = ga.prove(["tiny"], seeds=1, quiet=True)
    assert found.whole
    assert Path("played").read_text().splitlines()[3:] == ["control 0 1.0"]


def test_what_failed_is_named_and_the_rest_is_kept(tiny, capsys):
    Path("told").write_text("baseline 1")
    assert cli.main(["claim", "tiny", "--seeds", "2", "--quiet"]) == 1
    said = capsys.readouterr().out
    assert "failed: baseline, seed 1: this one was told to fail" in said
    assert "not measured: baseline, seed 1" in said
    Path("told").unlink()
    assert cli.main(["claim", "tiny", "--seeds", "2", "--quiet"]) == 0
    assert Path("played").read_text().splitlines()[5:] == ["baseline 1 1.0"]


def test_an_interrupted_claim_keeps_what_it_found(tiny, monkeypatch):
    def stopped(jobs, workers, watcher):
        from ganarium.side_by_side import Outcome

        watcher.ended(Outcome(jobs[0], {"found": {"height": 5.0}, "seconds": 1.0}, "", 1.0))
        raise Interrupted(15, Path())

    monkeypatch.setattr(proving, "run", stopped)
    with pytest.raises(Interrupted):
        ga.prove(["tiny"], quiet=True)
    store = Store("claims")
    assert store.get(CLAIM, stale.digest(CLAIM.module), "game", 0)["found"] == {"height": 5.0}  # type: ignore[index]


def test_a_quick_look_and_a_pilot_keep_nothing(tiny, capsys):
    assert cli.main(["claim", "tiny", "--quick", "--quiet"]) == 0
    assert "tiny: a quick look: 10% of the budget, with one seed, which proves nothing" in capsys.readouterr().out
    assert sorted(Path("played").read_text().splitlines()) == sorted(f"{arm} 100 0.1" for arm in ARMS)
    assert cli.main(["claim", "tiny", "--pilot", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert '"game": [13.0, 13.1, 13.2],' in said
    assert not (tiny / "claims").exists()


def test_the_page_says_all(tiny, capsys):
    assert cli.main(["claim", "--all", "--seeds", "2", "--quiet", "--out", "docs"]) == 0
    page = (tiny / "docs" / "claims.md").read_text()
    for words in (
        "**1 of 1 hold.**",
        "larger is better",
        "nowhere, table 1",
        "seed 1",
        "needed 1",
        "half of its gain is needed",
    ):
        assert words in page
    for target in re.findall(r"!\[\w+\]\(([^)]+)\)", page):
        assert (tiny / "docs" / target).exists()
    failing = markdown([replace(verdict((1, 1, 1), (3, 3, 3)), claim=replace(CLAIM, tried="twice the rounds"))])
    assert "**does not hold**" in failing
    assert "*Tried*: twice the rounds" in failing


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Which claim?"),
        (["tiny", "--all"], "Which claim?"),
        (["tyni"], "There is no claim 'tyni'. Did you mean tiny?"),
        (["tiny", "--seeds", "0"], "at least one seed; got 0"),
        (["tiny", "--quick", "--pilot"], "ask for one of them"),
        (["tiny", "--sedes", "1"], "--sedes"),
    ],
)
def test_misuse_is_said(tiny, capsys, words, said):
    assert cli.main(["claim", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tiny / "claims").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"results": []}', '{"results": {"tiny": {"game 0": {}}}}', "\x80"])
def test_a_damaged_file_is_not_overwritten(tiny, capsys, text):
    (tiny / "claims").mkdir()
    (tiny / "claims" / "claims.json").write_text(text, encoding="latin-1")
    assert cli.main(["claim", "tiny"]) == 2
    assert "holds no results of claims" in capsys.readouterr().err
    assert (tiny / "claims" / "claims.json").read_text(encoding="latin-1") == text


def test_two_who_keep_results_lose_none(tiny):
    one, other = Store("claims"), Store("claims")
    row = {"found": {"height": 1.0}, "seconds": 1.0}
    one.keep(CLAIM, "a", "game", 0, row)
    other.keep(CLAIM, "a", "control", 0, row)
    assert set(json.loads(Path("claims/claims.json").read_text())["results"]["tiny"]) == {"game 0", "control 0"}


def test_a_measure_that_is_not_finite_is_a_failure(tiny, monkeypatch, capsys):
    Path("told").write_text("nan")
    assert cli.main(["claim", "tiny", "--seeds", "1", "--quiet"]) == 1
    assert "failed: game, seed 0: What was measured is not finite: height is nan." in capsys.readouterr().out


def test_arms_begin_alike():
    data = ga.data.load("ring", count=200)
    weights = [
        next(Arm(name, seed).begun(lambda: GAN(data.spec, latent=4)).generator.parameters())
        for name, seed in (("game", 0), ("control", 0), ("game", 1))
    ]
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])


def test_a_digest_follows_code_and_not_words(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def digest(code: str) -> str:
        (tmp_path / "mine.py").write_text(code)
        for cached in (stale._read, stale._needs, stale._code):
            cached.cache_clear()
        return stale.digest("mine")

    code = "from ganarium.claiming.arm import Arm\nfrom ganarium.games.adversarial.gan import GAN\n\n"
    code += "@claim('x', says='this')\ndef play(arm: Arm):\n    return 1, GAN\n"
    first = digest(code)
    assert (
        digest(code.replace("'this'", "'that'").replace("    return", "    'why'\n    # because\n    return")) == first
    )
    assert digest(code.replace("return 1", "return 2")) != first
    assert digest(code.replace("gan import GAN", "wgan import WGAN as GAN")) != first
    digest(code)
    found = set(stale.definitions("mine"))
    assert {
        ("mine", "play"),
        ("ganarium.games.adversarial.gan", "GAN"),
        ("ganarium.trainer", "Trainer"),
        ("ganarium.objectives", "NonSaturating"),
        ("ganarium.seat", "Seat"),
    } <= found
    assert ("ganarium.objectives", "Hinge") not in found  # what a game does not play cannot make it stale
    assert not any(where.startswith("ganarium.pictures") for where, _ in found)


def test_data_that_is_named_counts():
    found = [where for where, _ in stale.definitions("ganarium.claims.wgan_gp")]
    assert "ganarium.data.points" in found
    assert "ganarium.data.sprites" not in found


def test_what_is_measured_of_points():
    data = ga.data.load("ring", count=4000)
    row = points(data, data["x"][:2000])
    assert row["modes"] == 8
    assert row["good"] > 0.97
    assert row["coverage"] > 0.9
    lost = points(data, data["x"][:1].expand(2000, 2) + 0)
    assert lost["coverage"] < 0.05


def test_classes_are_read_and_matched():
    import torch

    test = ga.data.load("digits", split="test")
    assert (digit_classes(test["x"]) == test["y"]).float().mean() > 0.95
    true = torch.tensor([0, 0, 1, 1, 2, 2])
    assert agreement(torch.tensor([5, 5, 3, 3, 0, 1]), true, 3) == pytest.approx(5 / 6)


def test_a_pilots_figures_are_printed_as_a_file_holds_them():
    text = frozen(verdict((1.23456, 2, 3.21e-7), (0, 0, 0)))
    assert text.splitlines()[1] == '        "game": [1.235, 2.0, 3.21e-07],'


@pytest.mark.parametrize("name", list(index.claims()))
def test_every_claim_is_whole(name):
    claim = index.claims()[name]
    assert claim.module.rsplit(".", 1)[1] == Path(import_module(claim.module).__file__ or "").stem
    if name in index.games():
        assert claim.module.rsplit(".", 1)[1] == index.game(name).module.rsplit(".", 1)[1]
    assert tuple(claim.arms) == ARMS
    assert ("ganarium.trainer", "Trainer") in stale.definitions(claim.module)
    # Without a pilot a claim is not proved, and says so.
    assert tuple(claim.pilot) in (ARMS, ())
    assert {len(values) for values in claim.pilot.values()} <= {len(PILOT)}
    assert claim.about.endswith(".")
    for words in (claim.says, claim.source, claim.world, claim.measure):
        assert words
        assert not words.endswith(".")


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("name", list(index.claims()))
def test_every_arm_plays(name, arm):
    played = Arm(arm, PILOT[-1], 0.002)
    found = import_module(index.claims()[name].module).play(played)
    assert found
    assert all(math.isfinite(value) for value in found.values())
    assert played.shown is None or played.shown[0].shape[1:] == played.shown[1].shape
