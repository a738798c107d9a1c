// Repeats, items, indexes, nesting.
import { el, page, text } from '../specs.mjs';

const data = {
  items: [
    { id: 'a', name: 'Mug', price: 3.5, tags: ['x', 'y'], on: true },
    { id: 'b', name: 'Pot', price: 12, tags: [], on: false },
    { id: 'b', name: null },
  ],
  words: ['one', 'two', 'three'],
  numbers: [1, 0, 2.5],
  mixed: [1, 'a', null, { name: 'o' }, [5]],
  empty: [],
  nothing: null,
  groups: [
    { title: 'G1', lines: [{ t: 'l1' }, { t: 'l2' }] },
    { title: 'G2', lines: [{ t: 'l3' }] },
  ],
};
const over = (statePath, ...children) => el('Section', {}, children, { repeat: { statePath } });
const keyed = (statePath, key, ...children) =>
  el('Section', {}, children, { repeat: { statePath, key } });
const item = (path) => text({ $item: path });

const cases = {
  names: over('/data/items', item('name')),
  'names without slash': over('data/items', item('name')),
  'names with slash': over('/data/items', item('/name')),
  'the item itself': over('/data/words', item('')),
  numbers: over('/data/numbers', item('')),
  mixed: over('/data/mixed', item('name')),
  'an array item': over('/data/mixed', item('0')),
  index: over('/data/words', text(['#', { $index: true }, ' ', { $item: '' }])),
  bind: over('/data/items', text({ $bindItem: 'name' })),
  'bind with slash': over('/data/items', text({ $bindItem: '/name' })),
  'bind the item': over('/data/words', text({ $bindItem: '' })),
  empty: over('/data/empty', item('name')),
  missing: over('/data/none', item('name')),
  null: over('/data/nothing', item('name')),
  'with key': keyed('/data/items', 'id', item('name')),
  'with a missing key': keyed('/data/items', 'none', item('name')),
  'key over words': keyed('/data/words', 'id', item('')),
  'visible items': over(
    '/data/items',
    el('Text', { text: { $item: 'name' } }, [], { visible: { $item: 'on' } }),
  ),
  'visible by price': over(
    '/data/items',
    el('Text', { text: { $item: 'name' } }, [], { visible: { $item: 'price', gt: 5 } }),
  ),
  'visible by index': over(
    '/data/words',
    el('Text', { text: { $item: '' } }, [], { visible: { $index: true, gt: 0 } }),
  ),
  'visible first': over(
    '/data/words',
    el('Text', { text: { $item: '' } }, [], { visible: { $index: true, eq: 0 } }),
  ),
  'visible not first': over(
    '/data/words',
    el('Text', { text: { $item: '' } }, [], { visible: { $index: true, not: true } }),
  ),
  'choice in an item': over(
    '/data/items',
    text({ $cond: { $item: 'on' }, $then: { $item: 'name' }, $else: 'off' }),
  ),
  'state in an item': over('/data/words', text([{ $state: '/data/numbers/2' }, { $item: '' }])),
  'template in an item': over('/data/items', text({ $template: '${/data/words/0}' })),
  'style by item': over('/data/items', text('s', { color: { $item: 'id' } })),
  'own props outside': el('Section', { style: { color: { $item: 'id' } } }, [item('name')], {
    repeat: { statePath: '/data/items' },
  }),
  'own visibility': el('Section', {}, [item('name')], {
    repeat: { statePath: '/data/items' },
    visible: { $state: '/data/words' },
  }),
  'own visibility false': el('Section', {}, [item('name')], {
    repeat: { statePath: '/data/items' },
    visible: { $state: '/data/nothing' },
  }),
  'a repeated text': el('Text', { text: 'again' }, [], { repeat: { statePath: '/data/words' } }),
  'rows of a table': el('Section', {}, [
    el('Row', {}, [el('Column', {}, [item('name')]), el('Column', {}, [item('price')])], {
      repeat: { statePath: '/data/items' },
    }),
  ]),
  'deep children': over(
    '/data/items',
    el('Container', {}, [el('Row', {}, [el('Column', {}, [item('name')])])]),
  ),
  'nested over state': over(
    '/data/words',
    el('Container', {}, [item('')], { repeat: { statePath: '/data/numbers' } }),
  ),
  'nested with index': over(
    '/data/words',
    text({ $index: true }),
    el('Container', {}, [text({ $index: true })], { repeat: { statePath: '/data/numbers' } }),
  ),
  'a group by index path': over('/data/groups/0/lines', item('t')),
  links: over(
    '/data/items',
    el('Link', { text: { $item: 'name' }, href: 'https://example.com' }),
  ),
  'hr between': over('/data/words', item(''), el('Hr')),
  'an image each': over(
    '/data/items',
    el('Image', { src: 'https://example.com/x.png', alt: { $item: 'name' } }),
  ),
};

export default [
  ...Object.entries(cases).map(([name, element]) => ({
    name: `repeat: ${name}`,
    body: page(element),
    state: { data },
  })),
  { name: 'repeat: the body', body: page(text('x')), state: { data } },
  {
    name: 'repeat: over a list of 200',
    body: page(over('/data/many', text(['n', { $item: 'n' }]))),
    state: { data: { many: Array.from({ length: 200 }, (_, n) => ({ n })) } },
  },
];
