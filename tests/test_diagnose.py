"""Why a game behaves as it does: runs made to fail in each way, healthy ones, and the parts with closed forms."""

from __future__ import annotations

import json
import math
import shutil

import numpy as np
import pytest
import torch
import yaml

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.diagnosis import AILMENTS, Diagnosis, collapse, memorisation, oscillation, overfitting, vanishing
from ganarium.diagnosis.case import Case, Unknown
from ganarium.diagnosis.remedies import possible
from ganarium.ingredients import Minimax
from ganarium.nets import Flat, Plain
from ganarium.randomness import seeded

CPU = torch.device("cpu")
COLLAPSE, OVERFITTING, VANISHING, OSCILLATION, MEMORISATION = AILMENTS


def played(game_class, data, out, settings, **options):
    """A short run, and its folder."""
    with seeded(CPU, 1):
        game = game_class(data.spec, **options)
    ga.fit(game, data, ga.Settings(**settings), out=out, quiet=True)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def healthy(folder):
    data = ga.data.load("ring")
    settings = {"rounds": 500, "batch_size": 128, "average": 10_000, "seed": 1}
    return played(ga.GAN, data, folder / "healthy", settings, **ga.GAN.recipe(data.spec))


@pytest.fixture(scope="module")
def well(healthy):
    return ga.diagnose(healthy)


@pytest.fixture(scope="module")
def collapsed(folder):
    data, settings = ga.data.load("ring"), {"rounds": 250, "batch_size": 64, "seed": 1}
    fast = ga.optimizers.Adam(2e-3, (0.5, 0.99))
    options = {"latent": 4, "architecture": Plain(), "optimizer": fast, "simultaneous": True, "objective": Minimax()}
    return played(ga.GAN, data, folder / "collapsed", settings, **options)


@pytest.fixture(scope="module")
def vanished(folder):
    data, slow = ga.data.load("ring"), ga.optimizers.Adam(1e-4, (0.0, 0.99))
    options = {"latent": 4, "architecture": Plain(), "optimizer": slow, "objective": Minimax()}
    settings = {"rounds": 60, "lr": {"discriminator": 5e-3}, "seed": 1}
    return played(ga.GAN, data, folder / "vanished", settings, discriminator_moves=10, **options)


@pytest.fixture(scope="module")
def circling(folder):
    data = ga.data.load("ring", modes=1, radius=1.0, sd=0.5)
    options = {"latent": 2, "architecture": Plain(32), "optimizer": ga.SGD(0.05), "simultaneous": True}
    return played(ga.GAN, data, folder / "circling", {"rounds": 900, "seed": 1}, **options)


@pytest.fixture(scope="module")
def digits():
    every = ga.data.load("digits")
    return every.train.subset(torch.arange(64)), every.test


@pytest.fixture(scope="module")
def overfitted(folder, digits):
    options = {"latent": 16, "architecture": Flat(128, generator_norm="batch")}
    adam = ga.Adam(1e-3, (0.0, 0.99))
    return played(ga.GAN, digits[0], folder / "over", {"rounds": 250, "batch_size": 32}, optimizer=adam, **options)


def test_a_healthy_run_raises_no_alarm(well):
    assert [finding.ailment for finding in well.findings] == list(AILMENTS)
    assert {finding.state for finding in well.findings} == {"healthy"}
    assert all(not finding.advice for finding in well.findings)
    assert well[COLLAPSE].evidence["modes missing"].value == 0
    with pytest.raises(ValueError, match="There is no ailment 'flu'; there are mode collapse"):
        well["flu"]


def test_a_collapse_is_found_and_missing_modes_are_named(collapsed):
    finding = ga.diagnose(collapsed, save=False)[COLLAPSE]
    assert finding.state == "found"
    assert finding.evidence["modes missing"].value >= 2
    assert f"{finding.evidence['modes missing'].value:.0f} of 8 modes are missing" in finding.sentence
    advised = [each.options for each in finding.advice]
    assert "--penalties r1 --penalties.r1.weight 0.1" in advised
    assert "--no-simultaneous" in advised


def test_a_partial_collapse_names_what_is_missing(healthy):
    case = Case(healthy)
    kept = ~(torch.cdist(case.features.embed(case.x)[0].double(), case.data.truth["centres"].double()).argmin(1) == 2)
    case.x = case.x[kept]
    finding = collapse.examine(case)
    assert finding.state == "found"
    assert "Samples are less varied than the data" in finding.sentence
    assert "1 of 8 modes are missing: 2 at (" in finding.sentence


def test_an_overfitted_discriminator_is_found(overfitted, digits):
    found = ga.diagnose(overfitted, data=digits[0], held_out=digits[1], save=False)
    finding = found[OVERFITTING]
    assert finding.state == "found"
    assert finding.evidence["training above held-out scores (AUC)"].value > 0.75
    assert "64 training samples" in finding.sentence
    assert finding.advice[0].options == "--augment adaptive"


def test_without_held_out_data_nobody_can_tell(overfitted, digits):
    with pytest.raises(Unknown, match=r"--data\.split train"):
        overfitting.examine(Case(overfitted, data=digits[0]))
    finding = ga.diagnose(overfitted, save=False)[OVERFITTING]
    assert finding.state == "cannot tell"
    assert "data that has no name" in finding.sentence


def test_energies_and_scores_say_the_same(healthy):
    case = Case(healthy)
    before = case.scores(case.last)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(case.last), "energy", True)
        after = case.scores(case.last)
    assert all(torch.equal(before[name], -after[name]) for name in before)


def test_the_statistics_of_scores_have_closed_forms():
    one, two = torch.arange(4.0), torch.arange(4.0) + 10
    assert overfitting.above(one, two)[0] == 0
    assert overfitting.above(one, one)[0] == 0.5
    assert overfitting.above(one, two)[1] == pytest.approx(math.sqrt(9 / (12 * 16)))
    assert overfitting.heuristic(two, one, one - 10) == pytest.approx(0.5)
    assert overfitting.heuristic(one, two, one) == 0  # samples score like data: there is nothing to divide by


def test_a_vanished_gradient_is_found(vanished):
    finding = ga.diagnose(vanished, save=False)[VANISHING]
    assert finding.state == "found"
    assert finding.evidence["pull of the loss at a score"].value < 0.02
    assert finding.evidence["data's score above a sample's (AUC)"].value > 0.9
    advised = [each.options for each in finding.advice]
    assert advised[:2] == ["--objective non-saturating", "--discriminator-moves 1"]


def test_the_pull_is_the_slope_of_the_loss():
    with seeded(CPU, 0):
        games = [ga.GAN(ga.GAN.toy().spec, latent=2, architecture=Plain(8), objective=o) for o in _objectives()]
    batch = {"x": torch.zeros(16, 2)}
    pulls = []
    for game in games:
        torch.nn.init.zeros_(list(game.discriminator.parameters())[-2])
        torch.nn.init.constant_(list(game.discriminator.parameters())[-1], -3.0)
        pulls.append(vanishing.signal(game, 0, [batch]).pull)
    sigmoid = 1 / (1 + math.exp(3))
    assert pulls == pytest.approx([sigmoid, 1 - sigmoid, 1.0], rel=1e-5)


def _objectives():
    from ganarium.ingredients import NonSaturating, Wasserstein

    return [Minimax(), NonSaturating(), Wasserstein()]


def test_a_signal_leaves_the_game_as_it_was(healthy):
    game = Case(healthy).last
    before = {name: value.clone() for name, value in game.state_dict().items()}
    outer = torch.get_rng_state()
    vanishing.signal(game, 0, [{"x": torch.zeros(8, 2)}])
    assert all(torch.equal(before[name], value) for name, value in game.state_dict().items())
    assert torch.equal(outer, torch.get_rng_state())
    assert not game.training


@pytest.fixture(scope="module")
def stopped(collapsed, folder):
    """The collapsed run, as if more rounds had been planned than were played."""
    out = folder / "stopped"
    shutil.copytree(collapsed, out)
    config = yaml.safe_load((out / "config.yaml").read_text())
    config["settings"]["rounds"] = 1000
    (out / "config.yaml").write_text(yaml.safe_dump(config))
    return out


def test_a_run_that_is_not_done_has_no_verdict(stopped, capsys):
    found = ga.diagnose(stopped)
    assert {finding.state for finding in found.findings} <= {"not done yet", "cannot tell"}
    assert found[COLLAPSE].state == found[VANISHING].state == "not done yet"
    assert found[COLLAPSE].sentence.startswith("After 250 of 1,000 rounds: Samples are less varied than the data.")
    assert found[COLLAPSE].evidence["modes missing"].value >= 2
    assert not any(finding.advice for finding in found.findings)
    assert (found.facts["round"], found.facts["rounds"], found.facts["done"]) == (250, 1000, False)
    assert Diagnosis.read(stopped) == found
    assert cli.main(["diagnose", str(stopped)]) == 0
    text = capsys.readouterr().out
    assert "mode collapse: not done yet. After 250 of" in text
    assert f"ganarium resume {stopped}" in text
    assert "The collapse is total" not in text
    assert "to try" not in text


def test_the_same_run_has_one_when_its_rounds_are_played(collapsed):
    assert Case(collapsed).done
    assert Case(collapsed).planned == 250


def test_circles_are_found(circling):
    finding = ga.diagnose(circling, save=False)[OSCILLATION]
    assert finding.state == "found"
    (rounds,) = (each.value for name, each in finding.evidence.items() if name.endswith("in rounds"))
    assert 10 < rounds < 60
    assert "comes back every" in finding.sentence
    assert any(each.options == "--no-simultaneous" for each in finding.advice)


@pytest.mark.parametrize("colour", ["white", "red", "both"])
def test_noise_of_any_colour_has_no_period(colour):
    chances = []
    for seed in range(12):
        noise = np.random.default_rng(seed).normal(size=(2, 240))
        slow = np.zeros(240)
        for place in range(1, 240):
            slow[place] = 0.95 * slow[place - 1] + noise[0, place]
        values = {"white": noise[1], "red": slow, "both": slow + 3 * noise[1]}[colour]
        chances.append(oscillation.period("x", values).chance)
    assert sum(chance <= 0.05 for chance in chances) <= 2


def test_a_period_is_found_in_noise():
    along = np.arange(240)
    values = 0.02 * along + 2 * np.sin(2 * np.pi * along / 30) + np.random.default_rng(1).normal(size=240)
    found = oscillation.period("x", values)
    assert found.rows == pytest.approx(30, rel=0.05)
    assert found.amplitude == pytest.approx(2, rel=0.15)
    assert found.noise == pytest.approx(1, rel=0.2)
    assert found.chance < 0.01


def test_a_game_that_gives_training_data_back_is_found(overfitted, digits):
    case = Case(overfitted, data=digits[0], held_out=digits[1])
    generator = torch.Generator().manual_seed(0)
    rows = digits[0]["x"]
    case.x = rows[torch.randint(64, (500,), generator=generator)] + 0.02 * torch.randn(500, 1, 8, 8)
    finding = memorisation.examine(case)
    assert finding.state == "found"
    samples, nearest = memorisation.pairs(case)
    assert (samples - nearest).abs().mean() < 0.1
    alone = Case(overfitted, data=digits[0])
    alone.x = case.x
    assert memorisation.examine(alone).state == "suspected"


def test_what_is_advised_is_taken_by_the_command_line(collapsed, vanished):
    for run in (collapsed, vanished):
        case = Case(run)
        assert all(possible(case, each.options) for f in ga.diagnose(run, save=False).findings for each in f.advice)
        # Images only; no such option; no such member.
        assert not possible(case, "--augment adaptive")
        assert not possible(case, "--gamma 1")
        assert not possible(case, "--objective kindness")


@pytest.fixture(scope="module")
def vae(folder):
    return played(ga.VAE, ga.data.load("ring", count=400), folder / "vae", {"rounds": 60})


def test_a_game_of_one_player_has_no_judge_to_overfit(vae):
    found = ga.diagnose(vae, save=False)
    assert found[OVERFITTING].state == "cannot tell"
    assert "VAE has no discriminator" in found[OVERFITTING].sentence
    assert found[VANISHING].state == "cannot tell"
    assert "no player who judges" in found[VANISHING].sentence
    assert found[COLLAPSE].state != "cannot tell"
    assert found[MEMORISATION].state in ("healthy", "cannot tell")  # few rounds, few different samples


def test_data_without_distances_and_games_without_samples_cannot_be_told(folder):
    with seeded(CPU, 0):
        toys = ga.CycleGAN.toy(), ga.CSGAN.toy()
    for game in toys:
        out = folder / type(game).__name__
        ga.fit(game, ga.data.random(game.spec), ga.Settings(rounds=2, batch_size=8), out=out, quiet=True)
        found = ga.diagnose(out, game=game, data=ga.data.random(game.spec))
        assert {finding.state for finding in found.findings} <= {"cannot tell", "healthy"}
        assert found[COLLAPSE].state == "cannot tell"
        assert (out / "diagnosis.png").stat().st_size > 1000


def test_a_diagnosis_is_written_and_read(healthy, well):
    assert Diagnosis.read(healthy) == well
    assert json.loads((healthy / "diagnosis.json").read_text())["findings"][0]["ailment"] == COLLAPSE
    before = (healthy / "diagnosis.png").read_bytes()
    assert ga.diagnose(healthy).plain() == well.plain()
    assert (healthy / "diagnosis.png").read_bytes() == before


def test_the_command(circling, capsys):
    assert cli.main(["diagnose", str(circling)]) == 0
    text = capsys.readouterr().out
    assert "oscillation: found." in text
    assert "  try --no-simultaneous" in text
    assert "diagnosis.png" in text
    assert cli.main(["diagnose", str(circling), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [finding["ailment"] for finding in row["findings"]] == list(AILMENTS)


def test_the_report_shows_the_diagnosis(circling, healthy, folder):
    from ganarium.pages.findings import findings

    ga.diagnose(circling)
    html = findings(circling)
    assert "oscillation: found." in html
    assert "--no-simultaneous" in html
    assert "data:image/png" in html
    assert findings(folder) == ""
    (folder / "diagnosis.json").write_text("{")
    assert "is damaged" in findings(folder)


def test_errors_of_the_command(healthy, folder, capsys):
    assert cli.main(["diagnose", str(folder / "none")]) == 2
    assert "There is no run" in capsys.readouterr().err
    assert cli.main(["diagnose", str(healthy), "--checkpoint", "3"]) == 2
    assert "has no checkpoint 3" in capsys.readouterr().err
    assert cli.main(["diagnose", str(healthy), "--held-out", "digits"]) == 2
    assert "The run plays on 'x' of points 2; digits has image 1x8x8" in capsys.readouterr().err.replace(" x ", "x")
    assert cli.main(["diagnose"]) == 2
    assert "Which run?" in capsys.readouterr().err
    hollow = folder / "hollow"
    shutil.copytree(healthy, hollow, ignore=shutil.ignore_patterns("0*", "latest"))
    assert cli.main(["diagnose", str(hollow)]) == 2
    assert "no checkpoint" in capsys.readouterr().err


def test_a_clipped_critic_says_how_many_weights_are_at_the_clip(folder):
    data = ga.data.load("ring", count=400)
    out = played(ga.WGAN, data, folder / "clipped", {"rounds": 3}, latent=2, bound=0.001, burst=5, architecture=Plain())
    evidence = ga.diagnose(out, save=False)[VANISHING].evidence
    critic = [p for name, p in Case(out).last.named_parameters() if name.startswith("critic")]
    weights = torch.cat([p.detach().flatten().abs() for p in critic])
    share = (weights > 0.000999).double().mean().item()
    assert 0.5 < share < 1
    assert evidence["weights of the critic at the clip"].value == pytest.approx(share)


def test_the_average_hides_no_collapse(healthy, collapsed):
    case, other = Case(healthy), Case(collapsed)
    case.last = other.last
    finding = collapse.examine(case)
    assert finding.state == "suspected"
    assert "But the average hides what happens" in finding.sentence
