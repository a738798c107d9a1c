// Compares a case with both renderers, and says which listed deviation explains a difference.
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
  const deviation = deviations.find(
    (each) =>
      each.applies(given) &&
      (each.ignore === undefined ||
        compareResults(given.oracle, given.own, each.ignore) === null),
  );
  return deviation ? { deviation: deviation.id } : { difference };
}
