// The renderer beside its reference: the hand-made corpus, and specs from a generator.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';

import { deviations } from './deviations.mjs';
import { explain } from './explain.mjs';
import { Generator } from './generate.mjs';
import { OwnRenderer } from './own.mjs';
import { shrink } from './shrink.mjs';

const isFull = process.env.SEGMENTFLOW_TEST_FULL === '1';
const generated = isFull ? 5_000 : 600;
// The same sample each time, unless all are wanted or a seed is given.
const seed = Number(
  process.env.SEGMENTFLOW_TEST_SEED ?? (isFull ? Math.floor(Math.random() * 2 ** 32) : 20261126),
);

const own = new OwnRenderer();
const used = new Set();
after(() => own.close());

const corpus = [];
for (const file of readdirSync(new URL('corpus/', import.meta.url)).sort()) {
  corpus.push(...(await import(`./corpus/${file}`)).default);
}

async function differenceOf(given) {
  const explained = await explain(own, given);
  if (explained?.deviation) used.add(explained.deviation);
  return explained?.difference ?? null;
}

test('the corpus has 300 cases or more, each with a name of its own', () => {
  assert.ok(corpus.length >= 300, `${corpus.length}`);
  assert.equal(new Set(corpus.map(({ name }) => name)).size, corpus.length);
});

for (const { name, body, state } of corpus) {
  test(name, async () => assert.equal(await differenceOf({ body, state }), null));
}

test('each listed deviation is seen in the corpus', () => {
  assert.deepEqual(
    deviations.map(({ id }) => id).filter((id) => !used.has(id)),
    [],
  );
});

test(`${generated} generated specs, seed ${seed}`, async () => {
  const generator = new Generator(seed);
  for (let number = 1; number <= generated; ++number) {
    const given = generator.next();
    if ((await differenceOf(given)) === null) continue;
    const small = await shrink(given, async (each) => (await differenceOf(each)) !== null);
    assert.fail(
      `spec ${number} of seed ${seed}, made smaller: ${JSON.stringify(small)}\n` +
        JSON.stringify(await differenceOf(small), null, 2),
    );
  }
  console.log(
    `${corpus.length} hand-made and ${generated} generated specs (seed ${seed}): ` +
      `0 unlisted differences; listed ones seen: ${[...used].sort().join(', ')}`,
  );
});
