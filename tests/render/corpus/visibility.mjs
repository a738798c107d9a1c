// Visibility conditions, and truth and comparison as JavaScript has them.
import { el, page, text } from '../specs.mjs';

const data = {
  t: true,
  f: false,
  z: 0,
  n: null,
  e: '',
  s: 'a',
  one: 1,
  two: 2,
  half: 1.5,
  list: [],
  full: [1],
  object: {},
  text1: '1',
  nan: 'x',
};
const on = (visible) => page(el('Text', { text: 'shown' }, [], { visible }), text('always'));
const s = (name, more = {}) => ({ $state: `/data/${name}`, ...more });

const conditions = {
  ...Object.fromEntries(
    [...Object.keys(data), 'missing'].flatMap((name) => [
      [`truth of ${name}`, s(name)],
      [`not ${name}`, s(name, { not: true })],
    ]),
  ),
  true: true,
  false: false,
  eq: s('one', { eq: 1 }),
  'eq other type': s('one', { eq: '1' }),
  'eq text': s('s', { eq: 'a' }),
  'eq null': s('n', { eq: null }),
  'eq null of missing': s('missing', { eq: null }),
  'neq null of missing': s('missing', { neq: null }),
  'eq true': s('t', { eq: true }),
  'eq object': s('object', { eq: {} }),
  'neq object': s('object', { neq: {} }),
  'eq not': s('one', { eq: 1, not: true }),
  neq: s('one', { neq: 2 }),
  'neq same': s('one', { neq: 1 }),
  gt: s('two', { gt: 1 }),
  'gt same': s('one', { gt: 1 }),
  'gt text': s('text1', { gt: 0 }),
  'gt by text': s('two', { gt: '1' }),
  gte: s('one', { gte: 1 }),
  lt: s('one', { lt: 2 }),
  lte: s('half', { lte: 1.5 }),
  'lt missing': s('missing', { lt: 2 }),
  'gt not': s('two', { gt: 1, not: true }),
  'gt text not': s('text1', { gt: 0, not: true }),
  'several operators': s('two', { eq: 2, gt: 100 }),
  'gt and lt': s('two', { gt: 1, lt: 0 }),
  'by state': s('two', { gt: s('one') }),
  'eq by state': s('one', { eq: s('text1') }),
  'eq by missing state': s('missing', { eq: s('missing2') }),
  'and of array': [s('t'), s('one', { eq: 1 })],
  'and of array false': [s('t'), s('f')],
  'empty array': [],
  $and: { $and: [s('t'), s('s')] },
  '$and false': { $and: [s('t'), s('f')] },
  'empty $and': { $and: [] },
  $or: { $or: [s('f'), s('s')] },
  '$or false': { $or: [s('f'), s('z')] },
  'empty $or': { $or: [] },
  nested: { $or: [{ $and: [s('t'), { $or: [s('f'), s('one', { gte: 1 })] }] }, s('f')] },
  nothing: {},
  'item outside': { $item: 'x' },
  'index outside': { $index: true },
  'index outside eq': { $index: true, eq: 0 },
  'not false': s('t', { not: false }),
  'a boolean in an array': [true, s('t')],
};

export default [
  ...Object.entries(conditions).map(([name, visible]) => ({
    name: `visibility: ${name}`,
    body: on(visible),
    state: { data },
  })),
  ...Object.entries(conditions)
    .filter(([name]) => !/array|nothing/.test(name))
    .map(([name, $cond]) => ({
      name: `choice: ${name}`,
      body: page(text({ $cond, $then: 'then', $else: 'else' })),
      state: { data },
    })),
  {
    name: 'visibility: of a container',
    body: page(
      el('Container', {}, [text('in')], { visible: s('f') }),
      el('Container', {}, [text('in')], { visible: s('t') }),
    ),
    state: { data },
  },
];
