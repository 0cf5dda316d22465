"""The made-up worlds: what they say about themselves is true."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

from ganarium import data as gd
from ganarium.data.worlds import captions, melodies, overlap, pairs, shapes, sprites, translation, voxels
from ganarium.zoo.index import loaders

WORLDS = {
    "overlap": {"x": (2,), "y": ()},
    "sprites": {"x": (3, 16, 16), "y": (), "c": (3,), "text": (captions.LENGTH,)},
    "shape-pairs": {"a": (3, 16, 16), "b": (3, 16, 16)},
    "voxels": {"x": (1, 16, 16, 16), "y": ()},
    "melodies": {"x": (32, 4)},
    "translation": {"a": (9,), "b": (9,)},
}


def factors_of(data: gd.Data) -> dict[str, Tensor]:
    assert data.factors is not None
    return data.factors


def same(one: gd.Data, other: gd.Data) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one.spec)


# All of them


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_found_and_holds_what_it_says(name: str):
    entry = loaders()[name]
    data = gd.load(name, count=64)
    assert {field: data.spec[field].shape for field in entry.fields} == WORLDS[name]
    assert dict(entry.kinds) == {field: data.spec[field].kind for field in entry.fields}
    for field in entry.fields:
        values, kind = data[field], data.spec[field]
        assert values.shape == (64, *kind.shape)
        if kind.counts:
            assert values.dtype == torch.int64
            assert 0 <= values.min() <= values.max() < kind.classes
            assert len(kind.names) == kind.classes
        else:
            assert values.dtype == torch.float32
            assert values.isfinite().all()
            assert kind.kind == "points" or values.abs().max() <= 1


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_follows_from_its_seed_alone(name: str):
    torch.manual_seed(5)
    one = gd.load(name, count=50, seed=3)
    assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(5)))
    assert same(one, gd.load(name, count=50, seed=3))
    assert not same(one, gd.load(name, count=50, seed=4))
    assert one.source is not None
    assert same(gd.from_source(one.source), one)


@pytest.mark.parametrize("name", WORLDS)
def test_parts_of_a_world_keep_their_factors(name: str):
    data = gd.load(name, count=40)
    part = data.test.subset([3, 1])
    places = [
        (data[next(iter(data.spec))] == row).flatten(1).all(1).nonzero()[0, 0] for row in part[next(iter(data.spec))]
    ]
    for factor, value in factors_of(part).items():
        assert torch.equal(value, factors_of(data)[factor][torch.stack(places)])


@pytest.mark.parametrize("name", WORLDS)
def test_worlds_document_every_option_and_refuse_to_be_empty(name: str):
    loader = gd.LOADERS[name]
    assert {"count", "seed"} <= set(loader.options)
    for option in loader.options:
        assert f"    {option}:" in (inspect.getdoc(loader.make) or "")
    with pytest.raises(ValueError, match=f"'count' of {name} is 1 or more; got 0"):
        gd.load(name, count=0)


@pytest.mark.parametrize("name", ["overlap", "sprites", "voxels"])
def test_classes_are_balanced(name: str):
    for count in (60, 83):
        numbers = gd.load(name, count=count)["y"].bincount()
        assert numbers.max() - numbers.min() <= (1 if name != "sprites" else 3)


# Overlap


def test_overlap_has_the_law_that_it_says():
    data = gd.load("overlap")
    x, y = data.spec["x"].restore(data["x"]), data["y"]
    assert torch.cdist(data.truth["centres"], data.truth["centres"])[0, 1:] == pytest.approx([2, 2], abs=1e-4)
    for mode, (centre, sd) in enumerate(zip(data.truth["centres"], data.truth["sds"], strict=True)):
        assert torch.allclose(x[y == mode].mean(0), centre, atol=0.06)
        assert x[y == mode].std(0).tolist() == pytest.approx([float(sd)] * 2, rel=0.03)
    best = overlap.posterior(x)
    assert torch.allclose(best.sum(1), torch.ones(len(x)), atol=1e-5)
    right = (best.argmax(1) == y).float().mean()
    # What the best classifier believes is how often it is right.
    assert right.item() == pytest.approx(best.amax(1).mean().item(), abs=0.01)
    assert 0.6 < right < 0.85
    assert right > (torch.cdist(x, data.truth["centres"]).argmin(1) == y).float().mean()


# Sprites


def test_a_sprite_is_drawn_from_its_factors_alone():
    data = gd.load("sprites", count=40)
    factors = factors_of(data)
    assert torch.equal(sprites.render(factors), data["x"])
    assert torch.equal(factors["shape"], data["y"])
    assert torch.equal(sprites.attributes(factors), data["c"])
    few = {name: value[7:9] for name, value in factors.items()}
    assert torch.equal(sprites.render(few), data["x"][7:9])
    assert data.spec["y"].names == shapes.SHAPES


def test_a_sprite_shows_its_factors():
    factors = sprites.draw_factors(300, seed=2)
    x = sprites.render(factors, 32)
    paper = x[0, :, 0, 31]
    shown = (x - paper[None, :, None, None]).abs().sum(1)
    assert (shown[:, 0].amax(1) == 0).float().mean() > 0.9
    weight = shown / shown.sum((1, 2), keepdim=True)
    along = (torch.arange(32) + 0.5) / 16 - 1
    right, down = (weight.sum(1) * along).sum(1), (weight.sum(2) * along).sum(1)
    assert torch.allclose(right, factors["x"], atol=0.03)
    assert torch.allclose(down, factors["y"], atol=0.15)  # the middle of a triangle is not its centre
    area = (shown > 0.5).sum((1, 2))
    for shape in range(4):
        of = factors["shape"] == shape
        assert area[of & (factors["size"] == 1)].min() > area[of & (factors["size"] == 0)].max()


def test_edges_are_smooth_and_large_images_are_the_small_ones():
    factors = sprites.draw_factors(60)
    small, large = sprites.render(factors, 16), sprites.render(factors, 32)
    halved = torch.nn.functional.avg_pool2d(large, 2)
    assert (halved - small).abs().mean() < 0.01
    between = (small[:, 0] - small[:, 0].amin((1, 2), keepdim=True)).abs()
    assert ((between > 0.05) & (between < between.amax((1, 2), keepdim=True) - 0.05)).any()


def test_covers_have_the_areas_of_their_shapes():
    n, ones = 4, torch.ones(4)
    filled = shapes.cover(torch.arange(n), 0 * ones, 0 * ones, 0.5 * ones, 256).sum((1, 2)) / 128**2
    expected = [3.14159 / 4, 0.88**2, 0.25 * 1.85 * 1.85 / 2, 0.25 * (2 * 2 * 0.68 - 0.68**2)]
    assert filled.tolist() == pytest.approx(expected, rel=0.02)
    lines = shapes.cover(torch.arange(n), 0 * ones, 0 * ones, 0.5 * ones, 256, line=0.1).sum((1, 2)) / 128**2
    assert lines[1].item() == pytest.approx(0.88**2 - 0.68**2, rel=0.03)
    assert (lines < filled).all()


def test_captions_agree_with_their_factors():
    data = gd.load("sprites", count=500)
    factors, names = factors_of(data), data.spec["text"].names
    assert names == captions.VOCABULARY
    assert names[0] == "<pad>"
    words = [[names[token] for token in row if token] for row in data["text"].tolist()]
    for place, said in enumerate(words):
        value = {name: int(factor[place]) for name, factor in factors.items() if name not in ("x", "y")}
        assert len({*captions._SHAPE_WORDS[value["shape"]]} & {*said}) == 1
        assert len({*captions._COLOUR_WORDS[value["colour"]]} & {*said}) == 1
        assert len({*captions._SIZE_WORDS[value["size"]]} & {*said}) == 1
        others = [
            word for number, pair in enumerate(captions._SHAPE_WORDS) if number != value["shape"] for word in pair
        ]
        assert not {*others} & {*said}
        assert ("left" in said) == (factors["x"][place] < -0.2)
        assert ("right" in said) == (factors["x"][place] > 0.2)
        assert ("top" in said) == (factors["y"][place] < -0.2)
        assert ("bottom" in said) == (factors["y"][place] > 0.2)
    again = captions.tokenise(captions.caption(factors, factors["template"]))
    assert torch.equal(again, data["text"])


def test_templates_kept_for_testing_say_nothing_new():
    one = {name: torch.tensor([1]) for name in ("shape", "colour", "size")} | {"x": torch.zeros(1), "y": torch.zeros(1)}
    said = {t: captions.caption(one, t)[0] for t in range(captions.TEMPLATES)}
    assert len(set(said.values())) == captions.TEMPLATES == 32
    assert (len(captions.TRAIN_TEMPLATES), len(captions.UNSEEN_TEMPLATES)) == (24, 8)
    words = [
        {word for t in half for word in said[t].split()}
        for half in (captions.TRAIN_TEMPLATES, captions.UNSEEN_TEMPLATES)
    ]
    assert words[1] <= words[0]
    assert set(factors_of(gd.load("sprites", count=900))["template"].tolist()) == set(captions.TRAIN_TEMPLATES)
    with pytest.raises(ValueError, match="from 0 to 31; got 32"):
        captions.caption(one, 32)


def test_sentences_that_are_refused():
    with pytest.raises(ValueError, match=r"'dog' in 'a big dog' is not in the vocabulary"):
        sprites.tokenise(["a big dog"])
    with pytest.raises(ValueError, match=r"has 3 words, and a row holds 2"):
        sprites.tokenise(["a big box"], length=2)
    assert sprites.tokenise([]).shape == (0, captions.LENGTH)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.6])
def test_combinations_that_are_held_out_are_absent(share: float):
    data = gd.load("sprites", held_out=share, count=200)
    shown = {(int(s), int(c)) for s, c in zip(*(factors_of(data)[name] for name in ("shape", "colour")), strict=True)}
    left_out = {tuple(row) for row in data.truth["held_out"].tolist()}
    assert len(left_out) == round(20 * share)
    assert shown == {(s, c) for s in range(4) for c in range(5)} - left_out
    assert {s for s, _ in shown} == set(range(4))
    assert {c for _, c in shown} == set(range(5))
    assert torch.equal(data.truth["held_out"], gd.load("sprites", held_out=share, count=20, seed=1).truth["held_out"])


@pytest.mark.parametrize(("positions", "cells"), [(2, 2), (4, 4), (9, 9)])
def test_sprites_stand_in_their_cells(positions: Any, cells: int):
    factors = sprites.draw_factors(400, positions=positions)
    places = captions.place_words(factors["x"], factors["y"])
    assert len(set(places)) == cells
    assert {2: "left", 4: "top left", 9: "middle"}[positions] in places
    clear = torch.stack([factors["x"], factors["y"]]).abs()
    assert (((clear < 0.11) | (clear > 0.31)) & (clear < 0.53)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"held_out": 0.7}, "a share between 0 and 0.6; got 0.7"),
        ({"size": 4}, "'size' of sprites is 8 or more"),
        ({"positions": 3}, "one of 2, 4, 9; got 3"),
    ],
)
def test_sprites_that_are_refused(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        gd.load("sprites", **options)


# Pairs


def test_the_true_translation_is_the_same_world_drawn_again():
    data = gd.load("shape-pairs", count=60)
    worlds = {domain: pairs.factors_of(factors_of(data), domain) for domain in ("a", "b")}
    assert torch.equal(pairs.translate_truth(worlds["b"]), data["b"])
    assert torch.equal(pairs.translate_truth(worlds["a"], to="a"), data["a"])
    there = pairs.translate_truth(worlds["a"])
    assert there.shape == data["a"].shape
    assert (there - data["b"]).flatten(1).abs().mean(1).min() > 0.01  # not aligned
    assert torch.equal(pairs.translate_truth(pairs.factors_of(factors_of(data.test), "a"), to="a"), data.test["a"])


def test_domains_look_as_they_say_and_show_independent_worlds():
    data = gd.load("shape-pairs", count=1500)
    a, b = data["a"], data["b"]
    assert a.mean() < -0.5 < 0.5 < b.mean()
    most = a.flatten(2).amax(2)
    assert (most[:, 0] > most[:, 2]).all()  # warm on dark
    least = b.flatten(2).amin(2)
    assert (least[:, 2] > least[:, 0]).all()  # cool on light
    worlds = {domain: pairs.factors_of(factors_of(data), domain) for domain in ("a", "b")}
    for name in ("tint", "radius", "x", "y"):
        both = torch.stack([worlds["a"][name], worlds["b"][name]])
        assert torch.corrcoef(both)[0, 1].abs() < 0.08
    shares = worlds["a"]["shape"].bincount() / 1500
    assert torch.allclose(shares, torch.tensor(data.truth["shares"]), atol=0.04)
    assert worlds["a"]["tint"].median() < 0.45


def test_a_translation_keeps_what_both_domains_show():
    factors = pairs.draw_factors(200, seed=1)
    masks = [
        (x - x[:, :, :1, :1].amax(0, keepdim=True)).abs().sum(1) > 0.2
        for x in (pairs.render(factors, "a", 32), pairs.render(factors, "b", 32))
    ]
    for axis in (1, 2):
        edges = [mask.any(axis).float().argmax(1) for mask in masks]
        assert (edges[0] - edges[1]).abs().max() <= 1
    hollow = masks[1].sum((1, 2)) < 0.9 * masks[0].sum((1, 2))
    assert hollow[(factors["shape"] < 2) & (factors["radius"] > 0.4)].all()


# Voxels


def test_volumes_are_built_from_their_factors_alone():
    data = gd.load("voxels", count=80)
    factors = factors_of(data)
    assert torch.equal(voxels.build(factors), data["x"])
    assert torch.equal(factors["class"], data["y"])
    assert set(data["x"].unique().tolist()) == {-1.0, 1.0}
    turned = dict(factors, orientation=(factors["orientation"] + 1) % 4)
    assert torch.equal(voxels.build(turned), data["x"].rot90(1, (2, 4)))


def test_furniture_stands_on_the_floor_upright_and_in_the_middle():
    data = gd.load("voxels", count=200)
    solid = data["x"][:, 0] > 0
    assert solid[:, :, -1].any(2).any(1).all()
    for axes in ((1, 1), (3, 2)):  # from above, along and across
        below = solid.any(axes[0]).any(axes[1])
        assert torch.equal(below, below.flip(1))
    heights = solid.any(3).any(1).sum(1)
    assert heights.min() >= 7
    assert heights.max() == 16


def test_larger_factors_make_larger_furniture():
    small = voxels.draw_factors(40)
    for name, axes in (("width", (1, 2)), ("depth", (2, 3)), ("height", (1, 3))):
        low, high = (
            voxels.build(small | {"orientation": torch.zeros(40).long(), name: torch.full((40,), size)})[:, 0] > 0
            for size in (0.0, 1.0)
        )
        sides = [volume.any(axes[1]).any(axes[0]).sum(1) for volume in (low, high)]
        grows = torch.ones(40, dtype=torch.bool) if name == "height" else small["class"] != 2
        assert (sides[1] > sides[0])[grows].all()


def test_the_nearest_neighbour_knows_the_class():
    data = gd.load("voxels", count=700)
    rows, y = data["x"].flatten(1), data["y"]
    nearest = torch.cdist(rows[:200], rows[200:]).argmin(1)
    assert (y[200:][nearest] == y[:200]).float().mean() > 0.95
    assert len(rows.unique(dim=0)) > 350


# Melodies


def test_melodies_keep_to_their_scale():
    data = gd.load("melodies", count=300)
    notes = data.spec["x"].restore(data["x"])
    pitches, factors = notes[..., 1], factors_of(data)
    assert torch.allclose(pitches, pitches.round(), atol=1e-4)
    assert 40 <= pitches.min() < 50 < 74 < pitches.max() <= 84
    assert torch.equal(melodies.scale_consistency(pitches), torch.ones(300))
    steps = (pitches.round().long() - factors["key"][:, None]) % 12
    modes = torch.zeros(2, 12).bool()
    for row, scale in zip(modes, melodies.MODES.values(), strict=True):
        row[list(scale)] = True
    assert modes[factors["mode"][:, None], steps].all()


def test_random_notes_keep_to_no_scale():
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(40, 85, (2000, 32), generator=generator)
    assert melodies.scale_consistency(drawn).mean().item() == pytest.approx(0.74, abs=0.01)
    assert torch.equal(melodies.scale_consistency(drawn), melodies.scale_consistency(drawn + 12))
    assert len(melodies._scales().unique(dim=0)) == 24
    assert melodies.scale_consistency(torch.arange(60, 72)[None]).item() == pytest.approx(7 / 12)


def test_melodies_have_the_rhythm_and_the_shape_that_they_say():
    data = gd.load("melodies", count=400)
    notes, factors = data.spec["x"].restore(data["x"]), factors_of(data)
    lengths, pitches, intensity, gaps = notes.unbind(2)
    beats = torch.tensor(list(melodies.RHYTHMS.values()))[factors["rhythm"]].repeat(1, 8)
    assert torch.allclose(gaps[:, 1:], beats[:, :-1], atol=1e-5)
    assert (gaps[:, 0] == 0).all()
    assert torch.allclose(lengths, beats * factors["articulation"][:, None], atol=1e-5)
    rising, falling = (pitches[factors["contour"] == place] for place in (0, 1))
    assert (rising[:, -1] > rising[:, 0]).all()
    assert (falling[:, -1] < falling[:, 0]).all()
    assert (intensity.min() >= 1) & (intensity.max() <= 127)
    centred = pitches - pitches.mean(1, keepdim=True)
    assert (centred[:, 1:] * centred[:, :-1]).mean() / centred.square().mean() > 0.8


def test_span_and_other_lengths():
    x = torch.tensor([[[1.0, 5.0], [4.0, 5.0], [2.0, 9.0]]])
    assert melodies.span(x).tolist() == [[3.0, 4.0]]
    assert melodies.span(x[..., 0]).tolist() == [3.0]
    assert gd.load("melodies", length=10, count=3)["x"].shape == (3, 10, 4)
    with pytest.raises(ValueError, match="'length' of melodies is 2 or more"):
        gd.load("melodies", length=1)


# Translation


def words(row: Tensor, names: tuple[str, ...]) -> list[str]:
    said = [names[token] for token in row.tolist()]
    assert set(said[said.index("<end>") + 1 :]) <= {"<pad>"}
    return said[: said.index("<end>")]


def by_the_rules(sentence: list[str]) -> list[str]:
    """The rules of the module's docstring, written down a second time, word by word."""
    feminine, animals = ("cow", "bee", "house", "moon"), ("dog", "cat", "cow", "bee")
    said = []
    for place, word in enumerate(sentence):
        noun = next((other for other in sentence[place + 1 :] if other in translation._NOUNS), "")
        out = translation._LEXICON[word]
        if word in ("the", "a") and noun in feminine:
            out = {"the": "la", "a": "una"}[word]
        if word == "wants":
            out = "quiere" if noun in animals else "desea"
        said.append(out)
    for place in range(len(sentence) - 1):
        if sentence[place] in translation._ADJECTIVES and sentence[place + 1] in translation._NOUNS:
            said[place : place + 2] = said[place + 1], said[place]
    return said


def test_the_reference_follows_the_rules():
    data = gd.load("translation", noise=0.0)
    assert torch.equal(translation.translate_truth(data["a"]), data["b"])
    seen = set()
    for source, target in zip(data["a"], data["b"], strict=True):
        sentence = words(source, translation.SOURCE)
        assert words(target, translation.TARGET) == by_the_rules(sentence)
        assert 4 <= len(sentence) <= 8
        seen |= {*sentence}
    assert seen == {*translation.SOURCE[3:]}
    assert {*data["b"].unique().tolist()} == {*range(len(translation.TARGET))} - {translation.START}
    assert (len(translation.SOURCE), len(translation.TARGET)) == (23, 26)
    assert len(data.train) == 400
    assert set(factors_of(data)["length"].tolist()) == {4, 5, 6, 7, 8}


def test_noise_strikes_words_and_says_which():
    data = gd.load("translation", noise=0.1, count=3000)
    truth, noisy = translation.translate_truth(data["a"]), factors_of(data)["noisy"]
    assert torch.equal(data["b"] != truth, noisy)
    assert (noisy & (truth <= translation.END)).sum() == 0
    assert data["b"].min() == translation.PAD
    assert ((data["b"] > translation.END) == (truth > translation.END)).all()
    share = noisy.sum() / factors_of(data)["length"].sum()
    assert share.item() == pytest.approx(0.1, abs=0.01)
    assert torch.equal(data["a"], gd.load("translation", noise=0.0, count=3000)["a"])
    with pytest.raises(ValueError, match=r"between 0 and 1; got 1.5"):
        gd.load("translation", noise=1.5)
