// Specs that are odd or broken, and what the reference still makes of them.
import { el, page, text } from '../specs.mjs';

const raw = (elements, root = 'html', more = {}) => ({ root, elements, ...more });
const html = (children) => ({ type: 'Html', props: {}, children });

export default [
  {
    name: 'structure: a missing child',
    body: raw({
      html: html(['body', 'gone']),
      body: { type: 'Body', props: {}, children: ['t', 'nope'] },
      t: { type: 'Text', props: { text: 'x' }, children: [] },
    }),
  },
  {
    name: 'structure: an unknown component',
    body: page(el('Carousel', { a: 1 }, [text('lost')]), text('kept')),
  },
  {
    name: 'structure: an orphan',
    body: raw({
      html: html(['body']),
      body: { type: 'Body', props: {}, children: [] },
      orphan: { type: 'Text', props: { text: 'o' }, children: [] },
    }),
  },
  {
    name: 'structure: without children members',
    body: raw({
      html: { type: 'Html', props: {}, children: ['b'] },
      b: { type: 'Body', props: {} },
    }),
  },
  {
    name: 'structure: one child twice',
    body: raw({
      html: html(['b']),
      b: { type: 'Body', props: {}, children: ['t', 't'] },
      t: { type: 'Text', props: { text: 'twice' }, children: [] },
    }),
  },
  {
    name: 'structure: a root that is no Html',
    body: raw({ t: { type: 'Text', props: { text: 'alone' }, children: [] } }, 't'),
  },
  {
    name: 'structure: a root that is a Container',
    body: raw(
      {
        c: { type: 'Container', props: {}, children: ['t'] },
        t: { type: 'Text', props: { text: 'alone' }, children: [] },
      },
      'c',
    ),
  },
  {
    name: 'structure: a hidden root',
    body: raw({
      html: { ...html(['b']), visible: false },
      b: { type: 'Body', props: {}, children: [] },
    }),
  },
  {
    name: 'structure: an unknown root type',
    body: raw({ html: { type: 'Nothing', props: {}, children: [] } }),
  },
  {
    name: 'structure: unknown props',
    body: page(el('Text', { text: 'x', className: 'c', onClick: 'alert(1)', 'data-x': 1 })),
  },
  { name: 'structure: visible in props', body: page(el('Text', { text: 'x', visible: false })) },
  {
    name: 'structure: on and watch',
    body: page(el('Text', { text: 'x' }, [], { on: { press: {} }, watch: {} })),
  },
  {
    name: 'structure: keys with odd names',
    body: raw(
      {
        'a b': html(['ü/~']),
        'ü/~': { type: 'Body', props: {}, children: ['1'] },
        1: { type: 'Text', props: { text: 'x' }, children: [] },
      },
      'a b',
    ),
  },
  {
    name: 'structure: an Html in a Body',
    body: page(el('Html', {}, [el('Body', {}, [text('inner')])])),
  },
  {
    name: 'structure: a Body in a Container',
    body: page(el('Container', {}, [el('Body', {}, [text('inner')])])),
  },
  {
    name: 'structure: a Head in a Container',
    body: page(el('Container', {}, [el('Head'), text('x')])),
  },
  { name: 'structure: a Row without columns', body: page(el('Row', {}, [text('x')])) },
  { name: 'structure: a Column alone', body: page(el('Column', {}, [text('x')])) },
  {
    name: 'structure: thirty deep',
    body: page(
      Array.from({ length: 30 }).reduce((inner) => el('Container', {}, [inner]), text('deep')),
    ),
  },
  { name: 'structure: an object as text', body: page(text({ a: 1 })), state: {} },
  {
    name: 'structure: an object from state as text',
    body: page(text({ $state: '/data/o' })),
    state: { data: { o: { a: 1 } } },
  },
  {
    name: 'structure: a repeat over an object',
    body: page(el('Section', {}, [text('x')], { repeat: { statePath: '/data/o' } })),
    state: { data: { o: { a: 1 } } },
  },
  {
    name: 'structure: a repeat over a string',
    body: page(el('Section', {}, [text('x')], { repeat: { statePath: '/data/s' } })),
    state: { data: { s: 'abc' } },
  },
  { name: 'structure: a preview that is null', body: page(el('Preview', { text: null })) },
  { name: 'structure: a preview that is a number', body: page(el('Preview', { text: 5 })) },
  {
    name: 'structure: a style on a section that is a string',
    body: page(el('Section', { style: 'color:red' }, [text('x')])),
  },
  { name: 'structure: a style on a text that is a string', body: page(text('x', 'color:red')) },
  {
    name: 'structure: an empty heading level',
    body: page(el('Heading', { text: 'x', as: 'h1', style: {} })),
  },
];
