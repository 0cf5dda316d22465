"""Claims: the rule, what is kept and whether it stands, the command, and the echoes of every claim of the library."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

import ganarium as ga
from ganarium.cli import dispatch as cli
from ganarium.games.adversarial.gan import GAN
from ganarium.ingredients import Adam, GradientPenalty
from ganarium.jobs.team import Job, Outcome, Watcher, _alone
from ganarium.nets import Plain
from ganarium.proving import checking, proving, stale
from ganarium.proving import store as store_module
from ganarium.proving.answers import Answer
from ganarium.proving.arm import Arm
from ganarium.proving.echo import Echo, binds, differences, listen, measures
from ganarium.proving.measures import agreement, digit_classes, points
from ganarium.proving.store import Store
from ganarium.proving.verdict import Verdict
from ganarium.proving.words import frozen, markdown
from ganarium.terminal.signals import Interrupted
from ganarium.zoo import index
from ganarium.zoo.claim import ANSWERS, ARMS, Claim, interval

#: The results of the library's own claims.
KEPT = Path(__file__).parents[1] / "docs" / "claims"
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
#: What trivial answers score by the measure of the claim above.
SCORES = {"data": 9.0, "copies": 2.0, "repeated": 1.5, "noise": 0.0, "prototype": 0.5}


def play(arm: Arm) -> dict[str, float]:
    """The arm of the claim above: a trained game's picture, and numbers that are known."""
    if Path("told").exists() and Path("told").read_text() == f"{arm.name} {arm.seed}":
        raise ValueError("this one was told to fail")
    if Path("told").exists() and Path("told").read_text() == "nan":
        return {"height": math.nan}
    if not isinstance(arm, Echo):
        with Path("played").open("a") as file:
            file.write(f"{arm.name} {arm.seed} {arm.share}\n")
    rate = 2e-4 if Path("slower").exists() and Path("slower").read_text() == arm.name else 4e-4
    data = ga.data.load("ring", count=200)
    game = arm.played(lambda: GAN(data.spec, latent=4, architecture=Plain(8), optimizer=Adam(rate)), data, seen=640)
    arm.show(game.sample(50, seed=0), data.spec["x"])
    return {"height": arm.among(game=3.0, baseline=1.0, control=0.5) + arm.seed / 10, "age": 1.0}


def trivial(answer: Answer) -> dict[str, float]:
    """What the trivial answers of the claim above score; another number where that was told."""
    with Path("scored").open("a") as file:
        file.write(f"{answer.name}\n")
    return {"height": SCORES[answer.name] + Path("taller").exists()}


def verdict(game, baseline, control=(0, 0, 0), better="higher", **changes) -> Verdict:
    arms = dict(zip(ARMS, (game, baseline, control), strict=True))
    found = {arm: {seed: {"height": float(v)} for seed, v in enumerate(values)} for arm, values in arms.items()}
    trivial = {"data": {"height": 9.0}, "noise": {"height": -9.0 if better == "higher" else 9.0}}
    return Verdict(replace(CLAIM, better=better, **changes), tuple(range(len(game))), found, trivial=trivial)


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """The command line knows one claim, the one above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(index, "claims", lambda: {"tiny": CLAIM})
    return tmp_path


@pytest.fixture
def alone(tiny, monkeypatch):
    """The same, and jobs are done one by one in this process: there is no server to wait for."""

    def run(jobs: list[Job], workers: int | None, watcher: Watcher, ahead: object = ()) -> list[Outcome]:
        return [_alone(job, watcher) for job in jobs]

    for module in (proving, checking):
        monkeypatch.setattr(module, "run", run)
    return tiny


def test_seeds_beyond_those_that_the_pilot_fixed_count_for_nothing():
    fewer, more = verdict((2, 2, 1.5), (1, 1, 1)), verdict((2, 2, 1.5, 9, 9), (1,) * 5, (0,) * 5)
    assert len(more.seeds) == 5
    assert more.gains() == fewer.gains()
    assert not more.holds


def test_a_claim_holds_where_the_interval_of_its_gain_is_above_zero_and_its_mean_half_of_the_pilots():
    assert CLAIM.needed == 1.0
    assert (found := verdict((2, 2, 2.5), (1, 1, 1))).holds
    # Gains of 1, 1 and 1.5: mean 7/6, deviation 0.2887, t = 4.303 with two degrees of freedom.
    gain, control = (
        "the mean gain is +1.17 [+0.45, +1.88], needed 1",
        "the control fails, as it should (-1, -86% of the game's)",
    )
    assert found.why == f"{gain}; {control}"
    assert not (near := verdict((2, 2, 1.5), (1, 1, 1))).holds
    assert "+0.833 [+0.116, +1.55], needed 1" in near.why
    # Each seed favours the game, and the spread of three could be chance.
    assert not (wide := verdict((9, 2, 1.5), (1, 1, 1))).holds
    assert "+3.17 [-7.25, +13.6], needed 1, and an interval above zero" in wide.why


def test_intervals_are_those_of_scipy():
    from scipy.stats import t

    gains = [0.3, 1.2, -0.4, 0.9, 0.7]
    wanted = t.interval(0.95, 4, loc=0.54, scale=torch.tensor(gains).double().std().item() / math.sqrt(5))
    assert interval(gains) == pytest.approx(wanted)
    assert interval([1.0]) is None


def piloted(gains, **changes) -> Claim:
    return replace(CLAIM, pilot={"game": gains, "baseline": [0.0] * len(gains), "control": gains}, **changes)


def test_the_number_of_seeds_follows_from_the_pilots_spread():
    from scipy.stats import t

    assert piloted([1.0, 1.0, 1.0]).seeds == 3
    assert piloted([1.0, 1.0, 1.0], chance="now and then it collapses").seeds == 10
    assert piloted([1.0, 9.0, 2.0], chance="now and then it collapses").seeds == 12
    assert piloted([0.1, 2.0, 0.1]).seeds == 12
    # Deviation 0.5 around 1: t / sqrt(n) has to be at most 1.
    assert t.ppf(0.975, 5) / math.sqrt(6) > 1 > t.ppf(0.975, 6) / math.sqrt(7)
    assert piloted([0.5, 1.0, 1.5]).seeds == 7
    assert replace(CLAIM, pilot={}).seeds == piloted([-1.0, -1.0, -1.0]).seeds == 3


def test_fewer_seeds_than_the_pilot_asks_for_never_hold():
    found = verdict((2, 2, 2), (1, 1, 1), chance="now and then it collapses")
    assert found.passes("game")
    assert not found.holds
    assert found.why.startswith("3 of 10 seeds played; the mean gain is +1")
    assert verdict((2,) * 10, (1,) * 10, (0,) * 10, chance="now and then it collapses").holds


def test_lower_is_better_where_the_claim_says_so():
    pilot = {"game": [1.0, 1.0], "baseline": [3.0, 3.0], "control": [3.0, 3.0]}
    assert verdict((1, 1, 1), (3, 3, 3), (3, 3, 3), "lower", pilot=pilot).holds
    assert not verdict((3, 3, 3), (1, 1, 1), (3, 3, 3), "lower", pilot=pilot).holds


def test_a_control_that_passes_or_gains_a_third_breaks_the_claim():
    found = verdict((2, 2, 2.5), (1, 1, 1), (2, 2, 2))
    assert not found.holds
    assert "the control passes too (+1, 86% of the game's)" in found.why
    # It does not pass, for its seeds do not agree; a third of the gain without the ingredient is too much all the same.
    third = verdict((4, 4, 4.3), (1, 1, 1), (1, 1, 6))
    assert not third.passes("control")
    assert not third.holds
    assert "the control gains a third or more (+1.67, 54% of the game's)" in third.why


@pytest.mark.parametrize("name", ["copies", "repeated", "noise", "prototype"])
def test_a_trivial_answer_as_good_as_the_game_breaks_the_claim_and_is_named(name):
    found = verdict((2, 2, 2), (1, 1, 1))
    assert replace(found, trivial={name: {"height": 1.9}}).holds
    beaten = replace(found, trivial={"data": {"height": 9.0}, name: {"height": 2.0}})
    assert not beaten.holds
    assert beaten.why.endswith(f"as good as the game without learning: {name}")
    assert [row["mean"] for row in beaten.rows() if row["arm"] == name] == ["2"]


def test_without_scores_of_trivial_answers_nothing_holds_but_where_there_can_be_none():
    found = replace(verdict((2, 2, 2), (1, 1, 1)), trivial={})
    assert not found.holds
    assert found.why.endswith("trivial answers are still to be measured")
    assert replace(found, claim=replace(found.claim, no_trivial="times are measured")).holds


def test_without_a_pilot_or_with_a_missing_run_nothing_holds():
    assert not (none := verdict((9, 9, 9), (1, 1, 1), pilot={})).holds
    assert "the mean gain is +8 [+8, +8]; the pilot, which says how much is needed, is still to come" in none.why
    found = verdict((9, 9, 9), (1, 1, 1)).found
    part = Verdict(CLAIM, (0, 1, 2), {**found, "control": {0: {"height": 0.0}}})
    assert not part.holds
    assert part.why == "not measured: control, seed 1; control, seed 2"


def test_where_the_pilot_found_no_gain_nothing_holds():
    worse = verdict((9, 9, 9), (1, 1, 1), pilot={"game": [1.0], "baseline": [3.0], "control": [0.0]})
    assert worse.claim.needed is None
    assert not worse.holds
    assert "the mean gain is +8 [+8, +8]; the pilot, which says how much is needed, found no gain" in worse.why


def test_a_claim_is_played_kept_and_not_played_again(tiny):
    (found,) = ga.prove(["tiny"], quiet=True)
    assert found.holds
    assert found.values("game") == pytest.approx([3.0, 3.1, 3.2])
    assert {name: row["height"] for name, row in found.trivial.items()} == SCORES
    assert len(Path("played").read_text().splitlines()) == 9
    assert (tiny / "claims" / "pictures" / "tiny-control.png").stat().st_size > 500
    (again,) = ga.prove(["tiny"], quiet=True)
    assert again.plain() == found.plain()
    assert Path("scored").read_text().split() == list(ANSWERS)
    assert len(Path("played").read_text().splitlines()) == 9
    ga.prove(["tiny"], seeds=4, quiet=True)
    assert len(Path("played").read_text().splitlines()) == 12
    ga.prove(["tiny"], seeds=1, fresh=True, quiet=True)
    assert len(Path("played").read_text().splitlines()) == 15


def kept(**changes: Any) -> dict[str, Any]:
    """What is kept of the claim above; with other fields of its control, written down."""
    file = Path("claims/tiny.json")
    whole = json.loads(file.read_text())
    if changes:
        whole["arms"]["control"] |= changes
        file.write_text(json.dumps(whole))
    return whole["arms"]


def plays() -> list[str]:
    return Path("played").read_text().splitlines()


def test_every_arm_that_is_played_has_its_echo(alone):
    ga.prove(["tiny"], seeds=1, quiet=True)
    for arm, row in kept().items():
        numbers = row["echo"]["steady"]
        assert binds(row["echo"])
        assert {"GAN, round 1: discriminator/real", "GAN: way of generator", "found: height"} <= set(numbers)
        assert numbers["found: height"] == CLAIM.pilot[arm][0] + 10 + (arm == "control") / 2
        assert row["seeds"]["0"].keys() == {"found", "seconds", "date", "machine", "commit"}


def test_code_that_changes_no_number_repeats_nothing(alone, capsys):
    ga.prove(["tiny"], seeds=1, quiet=True)
    before = kept()
    kept(digest="another")
    (found,) = ga.prove(["tiny"], seeds=1, quiet=True)
    assert found.whole
    assert len(plays()) == 3
    assert kept() == before
    kept(digest="another")
    assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 0
    assert "3 arms: 2 unchanged, 1 agrees" in capsys.readouterr().out
    assert kept() == before


def test_only_the_arm_whose_numbers_change_is_named_and_played_again(alone, capsys):
    ga.prove(["tiny"], seeds=2, quiet=True)
    before = kept()
    Path("slower").write_text("control")
    assert cli.main(["claim", "tiny", "--check", "--fresh", "--quiet"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"control +differs +GAN, round \d+: discriminator/\w+ was [\d.]+, is .* \(and \d+ more\)", said)
    assert "3 arms: 2 agrees, 1 differs" in said
    assert kept() == before, "a check plays nothing again"
    for arm in before:
        file = Path("claims/tiny.json")
        file.write_text(file.read_text().replace(before[arm]["digest"], "another"))
    ga.prove(["tiny"], seeds=2, quiet=True)
    assert sorted(plays()[6:]) == ["control 0 1.0", "control 1 1.0"]
    assert {arm: row["digest"] for arm, row in kept().items()} == {arm: row["digest"] for arm, row in before.items()}
    assert [arm for arm in ARMS if kept()[arm]["echo"] != before[arm]["echo"]] == ["control"]


def test_an_echo_of_another_machine_is_compared_and_proves_nothing(alone, capsys):
    ga.prove(["tiny"], seeds=1, quiet=True)
    echo = {**kept()["control"]["echo"], "where": "an abacus"}
    kept(echo=echo)
    assert cli.main(["claim", "tiny", "--check", "--fresh", "--quiet"]) == 0
    assert "3 arms: 3 agrees" in capsys.readouterr().out
    Path("slower").write_text("control")
    assert cli.main(["claim", "tiny", "--check", "--fresh", "--quiet"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not bound" in said
    assert "recorded on an abacus" in said


def test_a_first_echo_is_recorded_where_the_code_is_the_same(alone, capsys):
    ga.prove(["tiny"], seeds=1, quiet=True)
    before = kept()
    kept(echo=None)
    assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 0
    assert "3 arms: 2 unchanged, 1 recorded" in capsys.readouterr().out
    assert kept() == before
    kept(echo=None, digest="another")
    assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 0
    assert "no echo yet" in capsys.readouterr().out
    ga.prove(["tiny"], seeds=1, quiet=True)
    assert plays()[3:] == ["control 0 1.0"]
    assert kept() == before | {"control": kept()["control"]}
    assert kept()["control"]["echo"] == before["control"]["echo"]


def test_an_echo_that_cannot_be_played_is_no_agreement(alone, capsys):
    ga.prove(["tiny"], seeds=1, quiet=True)
    Path("told").write_text("game 100")
    assert cli.main(["claim", "tiny", "--check", "--fresh", "--quiet"]) == 1
    assert "this one was told to fail" in capsys.readouterr().out


def scored() -> dict[str, Any]:
    return json.loads(Path("claims/tiny.json").read_text())["trivial"]


@pytest.fixture
def measured_anew(alone, monkeypatch):
    """What is kept was found by code that measured otherwise, or so its digests say."""
    ga.prove(["tiny"], quiet=True)
    for module in (checking, store_module):
        monkeypatch.setattr(module, "measuring", lambda name: "of today")
    file = Path("claims/tiny.json")
    file.write_text(
        file.read_text().replace(scored()["digest"], "trivial then").replace(kept()["game"]["digest"], "then")
    )
    return alone


def test_where_trivial_answers_score_alike_a_measure_that_changed_repeats_nothing(measured_anew, capsys):
    assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 0
    assert "3 arms: 3 agrees" in capsys.readouterr().out
    assert {row["measuring"] for row in kept().values()} == {"of today"}
    assert scored()["digest"] == stale.digest(CLAIM.module, "trivial")
    assert len(Path("scored").read_text().split()) == 2 * len(ANSWERS)


def test_where_trivial_answers_score_otherwise_every_arm_is_measured_otherwise(measured_anew, capsys):
    Path("taller").touch()
    for _ in range(2):  # a check moves nothing: the second says the same
        assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 1
        said = capsys.readouterr().out
        assert "3 arms: 3 measured otherwise" in said
        assert "data: height was 9, is 10 (and 4 more)" in said
    ga.prove(["tiny"], quiet=True)
    assert len(plays()) == 18
    assert scored()["found"]["copies"]["height"] == 3.0


def test_without_trivial_answers_echoes_speak_for_the_measure_if_they_measure_anything(
    measured_anew, monkeypatch, capsys
):
    monkeypatch.setattr(checking, "defines", lambda module, name: False)
    file = Path("claims/tiny.json")
    before, text = kept()["game"]["echo"]["steady"]["found: height"], file.read_text()
    file.write_text(text.replace(f'"found: height": {before}', '"found: height": 0.5'))
    assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 1
    assert "game measured otherwise found: height was 0.5, is 13" in " ".join(capsys.readouterr().out.split())
    assert [row["measuring"] for row in kept().values()].count("of today") == 2
    file.write_text(text)
    assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 0
    assert not measures({"steady": {"a": 1.0, "found: modes": 0.0}, "shaky": {}}, {})
    assert not measures({"steady": {}, "shaky": {"a": 1.0, "found: modes": 2.0}}, {"a": 2.0})
    assert measures({"steady": {}, "shaky": {"a": 1.0, "found: modes": 2.0}}, {"a": 1.0})


def test_another_version_of_a_library_is_a_reason_to_play_the_echo(alone, capsys):
    ga.prove(["tiny"], seeds=1, quiet=True)
    before = kept()
    assert before["game"]["libraries"]["torch"] == torch.__version__.split("+")[0]
    kept(libraries={"torch": "1.0"})
    assert cli.main(["claim", "tiny", "--check", "--quiet"]) == 0
    assert "3 arms: 2 unchanged, 1 agrees" in capsys.readouterr().out
    assert kept() == before
    assert set(stale.libraries("ganarium.claims.modes")) >= {"torch", "sklearn"}


def test_what_is_shaky_counts_only_where_nothing_was_rounded():
    echo = {"steady": {"a": 1.0}, "shaky": {"GAN, round 24: b": 0.5, "found: modes": 3.0}}
    assert not differences(echo, {"a": 1.0, "GAN, round 24: b": 0.6, "found: modes": 4.0})
    assert differences(echo, {"a": 1.0, "GAN, round 24: b": 0.5, "found: modes": 4.0}) == ["found: modes was 3, is 4"]
    assert differences(echo, {"a": 1.1, "GAN, round 24: b": 0.6, "found: modes": 4.0}) == ["a was 1, is 1.1"]
    assert differences(echo, {"GAN, round 24: b": 0.5, "found: modes": 3.0}) == ["a was 1, and is gone"]


def test_where_nothing_is_kept_nothing_is_checked(alone, capsys):
    assert cli.main(["claim", "tiny", "--check"]) == 2
    assert "claims holds no results of these claims" in capsys.readouterr().err
    assert [each.said for each in ga.check_claims(["tiny"])] == ["not measured"] * 3
    assert not (alone / "claims").exists()


def test_results_of_one_file_for_all_are_read(alone):
    ga.prove(["tiny"], seeds=1, quiet=True)
    rows = {f"{arm} 0": {"digest": row["digest"], **row["seeds"]["0"]} for arm, row in kept().items()}
    (alone / "claims" / "tiny.json").unlink()
    (alone / "claims" / "claims.json").write_text(json.dumps({"results": {"tiny": rows}}))
    (found,) = ga.prove(["tiny"], seeds=1, quiet=True)
    assert found.whole
    assert len(plays()) == 3
    assert all(row["echo"] for row in kept().values())


def test_what_failed_is_named_and_the_rest_is_kept(tiny, capsys):
    Path("told").write_text("baseline 1")
    assert cli.main(["claim", "tiny", "--quiet"]) == 1
    said = capsys.readouterr().out
    assert "failed: baseline, seed 1: this one was told to fail" in said
    assert "not measured: baseline, seed 1" in said
    Path("told").unlink()
    assert cli.main(["claim", "tiny", "--quiet"]) == 0
    assert Path("played").read_text().splitlines()[8:] == ["baseline 1 1.0"]


def test_an_interrupted_claim_keeps_what_it_found(tiny, monkeypatch):
    def stopped(jobs, workers, watcher, ahead):
        from ganarium.jobs.team import Outcome

        watcher.ended(Outcome(jobs[0], {"found": {"height": 5.0}, "seconds": 1.0}, "", 1.0))
        raise Interrupted(15, Path())

    monkeypatch.setattr(proving, "run", stopped)
    with pytest.raises(Interrupted):
        ga.prove(["tiny"], quiet=True)
    store = Store("claims")
    assert store.arm(CLAIM, "game", stale.digest(CLAIM.module))["seeds"]["0"]["found"] == {"height": 5.0}


def test_a_quick_look_and_a_pilot_keep_nothing(tiny, capsys):
    assert cli.main(["claim", "tiny", "--quick", "--quiet"]) == 0
    assert "tiny: a quick look: 10% of the budget, with one seed, which proves nothing" in capsys.readouterr().out
    assert sorted(Path("played").read_text().splitlines()) == sorted(f"{arm} 100 0.1" for arm in ARMS)
    assert cli.main(["claim", "tiny", "--pilot", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert '"game": [13.0, 13.1, 13.2],' in said
    assert "3 seeds follow, and a mean gain of 1 is needed." in said
    assert not (tiny / "claims").exists()


def test_the_page_says_all(tiny, capsys):
    assert cli.main(["claim", "--all", "--quiet", "--out", "docs"]) == 0
    page = (tiny / "docs" / "claims.md").read_text()
    for words in (
        "**1 of 1 hold.**",
        "| hold | 1 | tiny |",
        "larger is better",
        "nowhere, table 1",
        "seed 1",
        "needed 1",
        "half of its gain is needed, of 3 seeds",
        "| prototype |",
    ):
        assert words in page
    for target in re.findall(r"!\[\w+\]\(([^)]+)\)", page):
        assert (tiny / "docs" / target).exists()
    failing = markdown([replace(verdict((1, 1, 1), (3, 3, 3)), claim=replace(CLAIM, tried="twice the rounds"))])
    assert "**does not hold**" in failing
    assert "| too small or too uncertain a gain | 1 | tiny |" in failing
    assert "*Tried*: twice the rounds" in failing


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Which claim?"),
        (["tiny", "--all"], "Which claim?"),
        (["tyni"], "There is no claim 'tyni'. Did you mean tiny?"),
        (["tiny", "--seeds", "0"], "at least one seed; got 0"),
        (["tiny", "--quick", "--pilot"], "ask for one of them"),
        (["tiny", "--pilot", "--seeds", "2"], "A pilot has 3 to 100 seeds, from 100 on; got 2."),
        (["tiny", "--quick", "--check"], "--check plays echoes alone"),
        (["tiny", "--sedes", "1"], "--sedes"),
    ],
)
def test_misuse_is_said(tiny, capsys, words, said):
    assert cli.main(["claim", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tiny / "claims").exists()


DAMAGED = [
    "{",
    "[]",
    '{"arms": []}',
    '{"claim": "tiny", "arms": []}',
    '{"claim": "tiny", "arms": {"game": {"digest": ""}}}',
    '{"claim": "gan", "arms": {}}',
    '{"claim": "tiny", "arms": {"game": {"digest": "", "measuring": "", "seeds": {}, "echo": '
    '{"where": "", "steady": {"a": "b"}, "shaky": {}}}}}',
    "\x80",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_not_overwritten(tiny, capsys, text):
    (tiny / "claims").mkdir()
    (tiny / "claims" / "tiny.json").write_text(text, encoding="latin-1")
    assert cli.main(["claim", "tiny"]) == 2
    assert "holds no results of claims" in capsys.readouterr().err
    assert (tiny / "claims" / "tiny.json").read_text(encoding="latin-1") == text


def test_two_who_keep_results_lose_none(tiny):
    one, other = Store("claims"), Store("claims")
    row = {"found": {"height": 1.0}, "seconds": 1.0}
    one.keep(CLAIM, "a", "game", 0, row)
    other.keep(CLAIM, "a", "control", 0, row)
    assert set(kept()) == {"game", "control"}


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

    code = "from ganarium.proving.arm import Arm\nfrom ganarium.games.adversarial.gan import GAN\n\n"
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
        ("ganarium.engine.trainer", "Trainer"),
        ("ganarium.ingredients.objectives", "NonSaturating"),
        ("ganarium.engine.seat", "Seat"),
    } <= found
    assert ("ganarium.ingredients.objectives", "Hinge") not in found  # what a game does not play cannot make it stale
    assert not any(where.startswith("ganarium.pictures") for where, _ in found)


def test_data_that_is_named_counts():
    found = [where for where, _ in stale.definitions("ganarium.claims.wgan_gp")]
    assert "ganarium.data.worlds.points" in found
    assert "ganarium.data.worlds.sprites" not in found


def test_what_is_measured_of_points():
    data = ga.data.load("ring", count=4000)
    row = points(data, data["x"][:2000])
    assert row["modes"] == 8
    assert row["good"] > 0.97
    assert row["coverage"] > 0.9
    lost = points(data, data["x"][:1].expand(2000, 2) + 0)
    assert lost["coverage"] < 0.05


def test_classes_are_read_and_matched():
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
    assert ("ganarium.engine.trainer", "Trainer") in stale.definitions(claim.module)
    # Without a pilot a claim is not proved, and says so.
    assert tuple(claim.pilot) in (ARMS, ())
    # Three seeds or more, of all arms alike.
    assert not claim.pilot or len({len(values) for values in claim.pilot.values()}) == 1
    assert not claim.pilot or len(claim.pilot["game"]) >= 3
    assert 3 <= claim.seeds <= 12
    # Trivial answers are measured, or the claim says why they cannot be.
    assert stale.defines(claim.module, "trivial") != bool(claim.no_trivial)
    assert claim.about.endswith(".")
    for words in (claim.says, claim.source, claim.world, claim.measure, claim.plays):
        assert words
        assert not words.endswith(".")


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("name", list(index.claims()))
def test_every_arm_gives_its_echo(name, arm):
    claim = index.claims()[name]
    echo, numbers = Store(KEPT).arms(claim)[arm]["echo"], listen(claim.module, arm)
    assert all(math.isfinite(value) for value in numbers.values())
    assert any(place.startswith("found: ") for place in numbers)
    if differs := differences(echo, numbers):
        if not binds(echo):
            pytest.skip(f"recorded on {echo['where']}, where sums are rounded in another way: {differs[0]}")
        pytest.fail(f"{name}, {arm}: " + "\n".join(differs))


def test_a_targets_thousandth_moves_the_arm_that_has_it_alone(monkeypatch):
    module = index.claim("wgan-gp").module
    before = {arm: {"steady": listen(module, arm), "shaky": {}} for arm in ARMS}
    monkeypatch.setattr(GradientPenalty, "value", penalised(GradientPenalty.value, 1.001))
    found = {arm: differences(before[arm], listen(module, arm)) for arm in ARMS}
    assert [arm for arm in ARMS if found[arm]] == ["game"]
    assert found["game"][0].startswith("WGANGP, round 1: critic/penalty was ")


def penalised(value: Any, factor: float) -> Any:
    """A penalty with a larger target."""
    return lambda self, *args: value(replace(self, target=self.target * factor), *args)
