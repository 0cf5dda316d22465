"use strict";

// What was locked in the page: one "0" (fake) or "1" (real) for each picture.
function unlock(text, key) {
  const locked = atob(text), keys = atob(key);
  return Array.from(locked, (c, i) => (c.charCodeAt(0) ^ keys.charCodeAt(i % keys.length)) & 1);
}

// The 95 % interval of a share, k of n (Wilson, 1927).
function wilson(k, n) {
  if (n === 0) return [0, 1];
  const z = 1.959964, p = k / n, d = 1 + (z * z) / n;
  const middle = (p + (z * z) / (2 * n)) / d;
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / d;
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

// How many errors of n a guesser makes: the range that leaves out at most 2.5 % on each side.
function guesses(n) {
  let probability = Math.pow(0.5, n), below = 0;
  for (let k = 0; k <= n; k++) {
    if (below + probability > 0.025) return [k, n - k];
    below += probability;
    probability *= (n - k) / (k + 1);
  }
  return [0, n];
}

// What was got wrong: in all, real taken for fake, fake taken for real.
function tally(truth, said) {
  const wrong = truth.map((real, i) => real !== said[i]);
  const count = (kind) => truth.filter((real) => real === kind).length;
  const errors = (kind) => wrong.filter((w, i) => w && truth[i] === kind).length;
  return {
    all: [wrong.filter(Boolean).length, truth.length],
    real: [errors(1), count(1)],
    fake: [errors(0), count(0)],
    fooled: truth.map((_, i) => i).filter((i) => wrong[i]),
  };
}

function percent(share) {
  return (100 * share).toFixed(0) + " %";
}

function rate([k, n]) {
  const [low, high] = wilson(k, n);
  return `${k} of ${n}: ${percent(n ? k / n : 0)}, 95 % interval ${percent(low)} to ${percent(high)}`;
}

function play(quiz) {
  const at = (id) => document.getElementById(id);
  const pictures = Array.from(document.querySelectorAll("#pictures img"));
  const said = [];
  let timer = 0, open = false;

  function show(id) {
    for (const part of ["start", "ask", "end"]) at(part).hidden = part !== id;
  }

  function next() {
    const place = said.length;
    if (place === pictures.length) return finish();
    at("count").textContent = `${place + 1} of ${pictures.length}`;
    at("picture").src = pictures[place].src;
    at("picture").style.visibility = "visible";
    open = true;
    if (quiz.seconds) timer = setTimeout(() => (at("picture").style.visibility = "hidden"), 1000 * quiz.seconds);
  }

  function answer(real) {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    said.push(real);
    // A short blank, so that two pictures are never seen as one that changes.
    at("picture").style.visibility = "hidden";
    setTimeout(next, 150);
  }

  function row(words, text) {
    const line = document.createElement("tr");
    for (const part of [words, text]) line.appendChild(document.createElement("td")).textContent = part;
    at("result").appendChild(line);
  }

  function finish() {
    const truth = unlock(quiz.answers, quiz.key), found = tally(truth, said);
    const [low, high] = guesses(truth.length);
    row("errors", rate(found.all));
    row("real taken for fake", rate(found.real));
    row("fake taken for real", rate(found.fake));
    row("by guessing", `50 %; mostly ${low} to ${high} errors of ${truth.length}`);
    for (const i of found.fooled) {
      const box = at("fooled").appendChild(document.createElement("figure"));
      const image = box.appendChild(document.createElement("img"));
      image.src = pictures[i].src;
      image.alt = "";
      const text = truth[i] ? "real, taken for fake" : "fake, taken for real";
      box.appendChild(document.createElement("figcaption")).textContent = text;
    }
    at("none").hidden = found.fooled.length > 0;
    show("end");
  }

  at("go").onclick = () => (show("ask"), next());
  at("again").onclick = () => {
    said.length = 0;
    at("result").replaceChildren();
    at("fooled").replaceChildren();
    show("start");
  };
  at("real").onclick = () => answer(1);
  at("fake").onclick = () => answer(0);
  document.addEventListener("keydown", (event) => {
    if (at("ask").hidden || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "r" || event.key === "ArrowLeft") answer(1);
    if (event.key === "f" || event.key === "ArrowRight") answer(0);
  });
}

if (typeof document !== "undefined") play(QUIZ);
