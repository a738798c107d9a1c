// formatNumber beside JavaScript's toFixed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { OwnRenderer } from './own.mjs';
import { page, text } from './specs.mjs';

const isFull = process.env.SEGMENTFLOW_TEST_FULL === '1';
const rounds = isFull ? 100 : 10;
const perRound = 500;
const seed = Number(process.env.SEGMENTFLOW_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));

const own = new OwnRenderer();
after(() => own.close());

// mulberry32
let state = seed >>> 0;
function random32() {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}

// JSON has these with all digits, and they keep them; JavaScript rounds them to a double.
const isWholeBeyondSafe = (number) =>
  Number.isInteger(number) && !Number.isSafeInteger(number) && Math.abs(number) < 1e21;

const bits = new DataView(new ArrayBuffer(8));
function randomNumber() {
  const kind = random32() % 4;
  if (kind === 0) {
    bits.setUint32(0, random32());
    bits.setUint32(4, random32());
    const any = bits.getFloat64(0);
    return Number.isFinite(any) && !isWholeBeyondSafe(any) ? any : 0.5;
  }
  const signed = random32() | 0;
  // Halves of the last place, prices, and numbers with many decimals.
  if (kind === 1) return signed / 2 ** (1 + (random32() % 21));
  return kind === 2 ? signed / 1000 : signed / 7;
}

test(`formatNumber is toFixed, seed ${seed}`, async () => {
  for (let round = 0; round < rounds; ++round) {
    const numbers = Array.from({ length: perRound }, randomNumber);
    const decimals = random32() % 21;
    const args = (at) => ({ value: { $state: `/data/${at}` }, decimals });
    const body = page(
      text({
        $computed: 'join',
        args: {
          value: numbers.map((_, at) => ({ $computed: 'formatNumber', args: args(at) })),
          separator: ' ',
        },
      }),
    );
    const rendered = await own.render({ body, state: { data: numbers } });
    assert.equal(rendered.error, undefined);
    assert.deepEqual(
      rendered.text.split(' '),
      numbers.map((number) => number.toFixed(decimals)),
    );
  }
});
