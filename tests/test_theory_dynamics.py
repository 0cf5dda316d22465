"""Dynamics of games of two numbers: rules, Jacobians, the Dirac GAN, the bilinear game; against closed forms."""

import math

import numpy as np
import pytest
import torch

import ganarium as ga
from ganarium.cli import main
from ganarium.ingredients import (
    R1,
    R2,
    GradientPenalty,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticPairs,
    Wasserstein,
)
from ganarium.theory import bilinear, dirac, rotation
from ganarium.theory.dynamics import (
    Alternating,
    Consensus,
    Extragradient,
    Optimistic,
    Simultaneous,
    agreeing,
    descent,
    eigenvalues,
    jacobian,
    leading,
    trajectory,
    update,
)
from ganarium.theory.remedies import Remedy, remedies

CENTRE = (0.0, 0.0)


def cubic(x, y):
    """A game whose velocity and Jacobian are known everywhere."""
    return (x**3 * y).sum(), (x * y**2 - x).sum()


def test_players_descend_their_own_losses():
    x, y = 2.0, 3.0
    velocity = descent(cubic)
    assert velocity(torch.tensor([x, y])).tolist() == [-3 * x**2 * y, -2 * x * y]
    exact = torch.tensor([[-6 * x * y, -3 * x**2], [-2 * y, -2 * x]], dtype=torch.float64)
    assert jacobian(velocity, [x, y]).allclose(exact)
    grid = torch.rand(4, 5, 2, dtype=torch.float64)
    assert velocity(grid).allclose(-torch.stack([3 * grid[..., 0] ** 2 * grid[..., 1], 2 * grid.prod(-1)], -1))
    # Consensus: v - gamma J^T v.
    plain = velocity(torch.tensor([x, y], dtype=torch.float64))
    both = agreeing(velocity, 0.3)(torch.tensor([x, y], dtype=torch.float64))
    assert both.allclose(plain - 0.3 * exact.mT @ plain)
    assert not both.requires_grad


def test_of_simultaneous_steps_the_update_is_one_and_the_jacobian():
    game = dirac.DiracGAN(NonSaturating(), Remedy(R1(0.3)))
    exact = torch.eye(2, dtype=torch.float64) + 0.1 * jacobian(game.velocity, CENTRE)
    assert update(game.velocity, Simultaneous(), CENTRE, 0.1).allclose(exact)


def test_a_trajectory_is_the_linear_recursion():
    matrix = torch.tensor([[-0.3, 1.0], [-0.7, 0.1]], dtype=torch.float64)
    start = torch.tensor([[1.0, 1.0], [0.3, -2.0]], dtype=torch.float64)
    passed = trajectory(lambda w: w @ matrix.mT, Simultaneous(), start, 0.1, 50)
    power = torch.linalg.matrix_power(torch.eye(2, dtype=torch.float64) + 0.1 * matrix, 50)
    assert passed.shape == (51, 2, 2)
    assert passed[-1].allclose(start @ power.mT, atol=1e-12)
    ahead = torch.eye(2, dtype=torch.float64) + 0.1 * matrix @ (torch.eye(2, dtype=torch.float64) + 0.1 * matrix)
    assert update(lambda w: w @ matrix.mT, Extragradient(), CENTRE, 0.1).allclose(ahead)


def test_eigenvalues_begin_with_the_one_that_decides():
    matrix = torch.diag(torch.tensor([-3.0, 2.0, 1.0]))
    assert eigenvalues(matrix).tolist() == [2, 1, -3]
    assert leading(matrix) == 3


@pytest.mark.parametrize(("rate", "steps"), [(0.0, 5), (-1.0, 5), (0.1, 0)])
def test_a_trajectory_needs_steps(rate, steps):
    with pytest.raises(ValueError, match="positive rate"):
        trajectory(bilinear.turning, Simultaneous(), [1.0, 1.0], rate, steps)


@pytest.mark.parametrize(
    ("rule", "distance", "average"),
    [
        (Simultaneous(), 204.74, 2.05),
        (Alternating(first=0), 1.40, 0.0068),
        (Extragradient(), 0.0098, 0.014),
        (Optimistic(), 0.0089, 0.014),
        (Consensus(1.0), 1.14e-43, 0.0091),
    ],
)
def test_the_bilinear_game_ends_where_it_must(rule, distance, average):
    passed = trajectory(bilinear.turning, rule, (1.0, 1.0), 0.1, 1000)
    exact = bilinear.solution(rule, (1.0, 1.0), 0.1, 1000)
    assert passed.allclose(exact, rtol=1e-9, atol=1e-12)
    assert float(passed[-1].norm()) == pytest.approx(distance, rel=0.006)
    assert float(passed[1:].mean(0).norm()) == pytest.approx(average, rel=0.02)
    assert leading(update(bilinear.turning, rule, CENTRE, 0.1)) == pytest.approx(bilinear.radius(rule, 0.1), abs=1e-9)


def test_closed_forms_of_the_bilinear_game():
    passed = trajectory(bilinear.turning, Simultaneous(), (1.0, 1.0), 0.1, 1000)
    assert float(passed[-1].norm()) == pytest.approx(math.sqrt(2) * 1.01**500, rel=1e-12)
    h = 0.3
    assert bilinear.radius(Alternating(), h) == pytest.approx(1, abs=1e-12)
    assert bilinear.radius(Extragradient(), h) == pytest.approx(math.sqrt(1 - h**2 + h**4))
    assert bilinear.radius(Optimistic(), h) == pytest.approx(math.sqrt((1 + math.sqrt(1 - 4 * h**2)) / 2))
    assert bilinear.radius(Consensus(2.0), h) == pytest.approx(math.hypot(1 - 2 * h, h))
    for first in (0, 1):
        rule = Alternating(first)
        assert trajectory(bilinear.turning, rule, (2.0, -1.0), h, 40).allclose(
            bilinear.solution(rule, (2.0, -1.0), h, 40)
        )


@pytest.mark.parametrize("objective", dirac.EVERY, ids=lambda each: type(each).__name__)
def test_eigenvalues_of_the_dirac_gan_are_the_closed_forms(objective):
    for name, remedy in remedies(gamma=0.3, noise=0.7).items():
        game = dirac.DiracGAN(objective, remedy)
        exact = torch.tensor(game.exact(), dtype=torch.complex128)
        found = eigenvalues(jacobian(game.velocity, CENTRE))
        assert (found - exact).abs().max() < 1e-6 * max(1, float(exact.abs().max())), name


def test_eigenvalues_of_the_dirac_gan_are_the_papers():
    def decides(**remedy):
        game = dirac.DiracGAN(NonSaturating(), Remedy(**remedy))
        return complex(eigenvalues(jacobian(game.velocity, CENTRE))[0])

    assert decides() == pytest.approx(0.5j, abs=1e-9)
    for gamma in (0.3, 2.0):
        for penalty in (R1(gamma), R2(gamma)):
            assert decides(penalty=penalty) == pytest.approx(-gamma / 2 + np.emath.sqrt(gamma**2 / 4 - 0.25), abs=1e-6)
        assert decides(consensus=gamma) == pytest.approx(-gamma / 4 + 0.5j, abs=1e-6)
    assert decides(noise=0.7).real == pytest.approx(-(0.7**2) / 4, abs=1e-6)
    assert decides(clip=0.1) == pytest.approx(0.5j, abs=1e-9)
    # Codes of 0 and 1 give D no slope at the data: nothing pulls.
    plain = dirac.DiracGAN(LeastSquares())
    assert eigenvalues(jacobian(plain.velocity, CENTRE)).abs().max() == pytest.approx(0, abs=1e-7)
    assert plain.exact() == (0, 0)


def followed(objective, rule, steps, **remedy):
    """The distances along the path from the paper's (1, 1), whose critic has the other sign."""
    game = dirac.DiracGAN(objective, Remedy(**remedy))
    return trajectory(game.velocity, rule, (1.0, -1.0), 0.1, steps, game.allowed).norm(dim=-1)


def test_simulations_of_the_dirac_gan_without_a_remedy():
    assert float(followed(Minimax(), Simultaneous(), 2000)[-200:].mean()) == pytest.approx(3.10, abs=0.005)
    assert float(followed(Minimax(), Alternating(0), 500)[-100:].mean()) == pytest.approx(1.40, abs=0.01)
    assert float(followed(NonSaturating(), Alternating(0), 500)[-1]) == pytest.approx(0.39, abs=0.005)
    # Straight losses turn as the bilinear game does.
    distances = followed(Wasserstein(), Simultaneous(), 300)
    assert float(distances[-1]) == pytest.approx(math.sqrt(2) * 1.01**150)


def test_simulations_of_the_dirac_gan_with_a_remedy():
    assert followed(NonSaturating(), Simultaneous(), 500, penalty=R1(0.3))[-1] < 2e-3
    assert followed(NonSaturating(), Alternating(), 250, penalty=R1(1.0))[-1] < 1e-3
    assert followed(Minimax(), Simultaneous(), 350, consensus=1.0)[-1] < 1e-3
    assert followed(Minimax(), Simultaneous(), 350, noise=1.0)[-1] < 1e-3
    assert followed(Wasserstein(), Alternating(), 400, clip=0.3)[-100:].mean() == pytest.approx(0.30, abs=0.03)
    cycle = followed(NonSaturating(), Alternating(), 500, penalty=GradientPenalty(0.3, 0.3))[-200:]
    assert 0.35 < cycle.mean() < 0.45


def test_the_velocity_of_the_dirac_gan_is_the_papers():
    theta, psi = torch.randn(2, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    points, belief = torch.stack([theta, psi], -1), torch.sigmoid(theta * psi)
    found = dirac.DiracGAN(Minimax()).velocity(points)
    assert found.allclose(torch.stack([psi * belief, -theta * belief], -1))
    found = dirac.DiracGAN(NonSaturating(), Remedy(R1(0.4))).velocity(points)
    assert found.allclose(torch.stack([psi * (1 - belief), -theta * belief - 0.4 * psi], -1))
    found = dirac.DiracGAN(RelativisticPairs()).velocity(points)
    # A pair's loss is that of the sample alone where the data's score is zero.
    assert found.allclose(torch.stack([psi * (1 - belief), -theta * belief], -1))
    assert dirac.DiracGAN(Minimax()).allowed(points).equal(points)
    assert dirac.DiracGAN(Minimax(), Remedy(clip=0.1)).allowed(points)[:, 1].abs().max() == 0.1


def test_a_penalty_that_draws_leaves_the_random_state():
    before = torch.random.get_rng_state()
    game = dirac.DiracGAN(NonSaturating(), Remedy(GradientPenalty(1.0, 0.3), noise=0.7))
    game.velocity(torch.ones(2))
    assert torch.random.get_rng_state().equal(before)


def test_what_the_dirac_lesson_found():
    shown = ga.teach("dirac-gan", objectives=(Wasserstein(),), rate=0.2, steps=150)
    near = {row["remedy"]: row["distance"] for row in shown.rows}
    assert near["R1"] == near["R2"] < 0.05
    assert near["none"] == pytest.approx(math.sqrt(2) * 1.04**75)
    assert "R1, R2, consensus had brought every objective" in shown.found
    for row in shown.rows:
        assert row["real"] == pytest.approx(row["exact real"], abs=1e-6, rel=1e-6)
        assert row["imaginary"] == pytest.approx(row["exact imaginary"], abs=1e-6)


def test_the_radius_tells_what_happens():
    game = dirac.DiracGAN(NonSaturating(), Remedy(consensus=0.5))
    assert rotation.growth(game.velocity, 0.4, 40) == pytest.approx(
        leading(update(game.velocity, Simultaneous(), CENTRE, 0.4)), rel=2e-3
    )
    assert rotation.longest(game.exact()[0]) == pytest.approx(0.25 / 0.265625)
    assert rotation.factor(game.exact()[0], 0.25 / 0.265625) == pytest.approx(1)
    shown = ga.teach("rotation", steps=60)
    assert len(shown.rows) == 24
    for row in shown.rows:
        assert row["radius of a step"] == pytest.approx(row["exact"], abs=1e-9)
        assert row["growth seen"] == pytest.approx(row["exact"], rel=0.02)
        assert (row["exact"] < 1) == (row["longest step"] > 0.4)
    assert "the radius told it of 24" in shown.found
    # R1's best weight is twice the slope.
    radii = [
        max(rotation.factor(each, 0.4) for each in dirac.DiracGAN(Wasserstein(), Remedy(R1(gamma))).exact())
        for gamma in (1.9, 2.0, 2.1)
    ]
    assert min(radii) == radii[1] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dirac-gan --rule sideways", "--rule"),
        ("dirac-gan --gamma -1", "gamma=-1"),
        ("dirac-gan --steps 0", "at least one step"),
        ("bilinear --rate 0.5", "between 0 and 1/2"),
        ("bilinear --gamma 0", "gamma is positive"),
        ("rotation --rate 0", "rate=0"),
        ("rotation --noise 0", "noise=0"),
    ],
)
def test_misuse_of_these_lessons_is_told(line, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["theory", *line.split()]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("numbers", [{"gamma": 0.0}, {"noise": -1.0}, {"target": 0.0}, {"clip": 0.0}])
def test_remedies_have_positive_numbers(numbers):
    with pytest.raises(ValueError, match="positive"):
        remedies(**numbers)


def test_objectives_can_be_named_on_the_command_line(tmp_path, capsys):
    line = f"theory dirac-gan --objectives hinge least-squares --steps 5 --rule optimistic --out {tmp_path / 'x.png'}"
    assert main(line.split()) == 0
    assert "least-squares" in capsys.readouterr().out
    with pytest.raises(ValueError, match="At least one"):
        ga.teach("dirac-gan", objectives=())


def test_an_objective_without_a_closed_form_is_refused():
    class Other(Objective):
        def discriminator(self, real, fake):
            return Wasserstein().discriminator(real, fake)

        def generator(self, fake, real=None):
            return Wasserstein().generator(fake)

    with pytest.raises(ValueError, match="Other"):
        dirac.DiracGAN(Other()).exact()
