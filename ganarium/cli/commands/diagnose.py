"""``ganarium diagnose``: why a game behaves as it does."""

from __future__ import annotations

from ganarium.cli.commands.base import as_json, verb

__all__ = ["diagnose"]


@verb(
    "diagnose",
    says="RUN",
    about="why it behaves as it does: collapse, overfitting, no gradient, circles, copies",
    group="how good it is",
    takes="run",
)
def diagnose(
    run: str,
    checkpoint: str = "latest",
    data: str = "",
    held_out: str = "",
    seed: int = 0,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Say why a game behaves as it does: mode collapse, an overfitted discriminator, a vanishing gradient, more.

    A run that was stopped, or is being played, before all of its rounds are played has no verdicts: all of them are
    "not done yet", with what is seen so far.

    Args:
        run: The run's folder, or its name under ./runs.
        checkpoint: Of which checkpoint: latest, best, or a round.
        data: What the run learned from, if its data has no name.
        held_out: Data of the same law that it did not learn from; the test part of data that was split, or another
            draw of a made-up world, if left out.
        seed: What samples and every choice follow from.
        json: Print JSON.
        quiet: Show no progress.
    """
    from ganarium import diagnosis
    from ganarium.terminal.progress import silent

    with silent(quiet or json):
        found = diagnosis.diagnose(run, data=data or None, held_out=held_out or None, checkpoint=checkpoint, seed=seed)
    if json:
        print(as_json([found.plain()]))
        return 0
    print(found)
    print(f"\n  picture     {found.facts['run']}/diagnosis.png")
    if not found.facts["done"]:
        print(f"  to go on    ganarium resume {found.facts['run']}")
    if any(finding.advice for finding in found.findings):
        command = f"ganarium train {found.facts['game']} --config {found.facts['run']}/config.yaml"
        print(f"  to try      {command} --out DIR OPTIONS")
    return 0
