// One case at least for each listed deviation.
import { el, elementCases, page, spec, text } from '../specs.mjs';

const md = (content) => el('Markdown', { content });

const cases = {
  'a javascript link': el('Link', { text: 'x', href: 'javascript:alert(1)' }),
  'a javascript link with blanks': el('Link', { text: 'x', href: ' java\nscript:alert(1)' }),
  'a data image': el('Image', { src: 'data:image/png;base64,AAAA', alt: 'x' }),
  'a file link from state': el('Button', { text: 'x', href: { $state: '/data/file' } }),
  'a style that fetches': text('x', {
    backgroundImage: 'url(https://evil.example/x.png)',
    color: 'red',
  }),
  'a style that leaves its declaration': text('x', { color: { $state: '/data/leave' } }),
  'an inherited property': text({ $state: '/data/constructor/name' }),
  'a function': text({ $computed: 'upper', args: { value: { $state: '/data/name' } } }),
  'a style of letters': text('x', 'ab'),
  'a column in a column': el('Row', {}, [
    el('Column', {}, [
      el('Column', {}, [el('Button', { text: 'x', href: 'https://a.example' })]),
    ]),
    el('Column'),
  ]),
  'code with markup': md('`<b>&`'),
  'a link title with a quote': md('[a](https://a.example "say \\"x\\"")'),
  'a link address with an ampersand': md('[a](https://a.example/?b=1&c=2)'),
  HTML: md('a <b>b</b> <script>alert(1)</script>'),
  'a block of HTML': md('<div>\n\ntext\n\n</div>'),
  'a list item with two paragraphs': md('* a\n\n  b\n* c'),
  'a list item with code': md('* a\n\n      code'),
  'a list item with a quote': md('* a\n  > b'),
  'a rare entity': md('&check; &hearts;'),
  'an address of four lines': text({ $state: '/data/postal' }),
  'lines of a value in Markdown': md({ $template: 'To:\n\n${/data/postal}' }),
  'two buttons': [
    el('Button', { text: 'Approve', href: 'https://example.com/yes' }),
    el('Button', { text: 'Reject', href: 'https://example.com/no' }),
  ],
  'two links in Markdown': md('[a](https://a.example)[b](https://b.example)'),
  'an address in a heading': el('Heading', { text: 'See https://shop.example/T?a=B' }),
  'a link in a heading of Markdown': md('## See [terms](https://shop.example/T?a=B)'),
  'a bare address in a heading of Markdown': md('## See https://shop.example/T?a=B'),
  'an email address in a heading of Markdown': md('## Ask <help@shop.example>'),
  'a table in Markdown': md('| a | b |\n|---|---|\n| c | d |'),
  'a value with marks in Markdown': md({ $template: 'size ${/data/size}' }),
  'a bare address with marks': md('Link: https://example.com/~sam~'),
  'tasks with text after': md('- [x] paid\n- [ ] *shipped*'),
  'an object in a template': text({ $template: 'To: ${/data/object}' }),
  'a value within an address': el('Link', {
    text: 'x',
    href: { $template: 'https://example.com/?who=${/data/who}&ok=1' },
  }),
  'a control character': text({ $state: '/data/control' }),
  'a preview that ends within an emoji': el('Preview', { text: `${'z'.repeat(149)}😀` }),
  'emphasis in an alternative text': md('![a *b*](https://a.example/x.png)'),
};
const state = {
  data: {
    file: 'file:///etc/passwd',
    leave: 'red;position:fixed',
    name: 'Alex',
    size: '4*5*6',
    object: { a: 1 },
    who: 'Tom & Co #1',
    control: 'a\u0001b',
    postal: 'Sam Reed\n1 Way\n\nTown\nLand',
  },
};

export default [
  ...elementCases('deviations', cases, state),
  {
    name: 'deviations: an element in itself',
    body: {
      root: 'h',
      elements: {
        h: { type: 'Html', props: {}, children: ['c'] },
        c: { type: 'Container', props: {}, children: ['t', 'c'] },
        t: { type: 'Text', props: { text: 'x' }, children: [] },
      },
    },
  },
  {
    name: 'deviations: too many items',
    body: page(el('Section', {}, [text('x')], { repeat: { statePath: '/data/many' } })),
    state: { data: { many: Array.from({ length: 10_001 }, () => 0) } },
  },
  {
    name: 'deviations: a preview in the head',
    body: spec(
      el('Html', {}, [
        el('Head', {}, [el('Preview', { text: 'p' })]),
        el('Body', {}, [text('x')]),
      ]),
    ),
  },
  {
    name: 'deviations: a head in a container',
    body: page(el('Container', {}, [el('Head'), text('x')])),
  },
];
