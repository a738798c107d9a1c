// Compares a case with both renderers, and says which listed deviation, or which of them together,
// explain a difference.
import { compareResults } from './compare.mjs';
import { deviations } from './deviations.mjs';
import { renderWithOracle } from './oracle.mjs';

/** Gives null when both agree, {deviation} for a listed difference, {difference} for another. */
export async function explain(own, { body, state = {} }) {
  const given = {
    body,
    state,
    oracle: await renderWithOracle({ body, state }),
    own: await own.render({ body, state }),
  };
  const difference = compareResults(given.oracle, given.own);
  if (difference === null) return null;
  const applying = deviations.filter((each) => each.applies(given));
  const explains = (ignore) =>
    ignore === undefined || compareResults(given.oracle, given.own, ignore) === null;
  const deviation = applying.find(({ ignore }) => explains(ignore));
  if (deviation) return { deviation: deviation.id };
  const partial = applying.filter(({ ignore }) => ignore !== undefined);
  const together = Object.assign({}, ...partial.map(({ ignore }) => ignore), {
    attributes: partial.flatMap(({ ignore }) => ignore.attributes ?? []),
  });
  return partial.length > 1 && explains(together)
    ? { deviation: partial.map(({ id }) => id).join(' and ') }
    : { difference };
}
