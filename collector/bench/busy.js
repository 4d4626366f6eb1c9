// Keeps a CPU busy the way Node programs do: node busy.js PERCENT (of one CPU; 100 never rests).
const percent = Number(process.argv[2] ?? 100);

function words(count) {
  const seen = new Map();
  for (let i = 0; i < count; i++) {
    const word = `word-${(i * 7919) % 211}`;
    seen.set(word, (seen.get(word) ?? 0) + 1);
  }
  return [...seen.entries()].sort((a, b) => b[1] - a[1]);
}

function round() {
  const start = performance.now();
  while (performance.now() - start < 10) JSON.parse(JSON.stringify(words(500)));
  setTimeout(round, percent < 100 ? (10 * (100 - percent)) / percent : 0);
}

round();
