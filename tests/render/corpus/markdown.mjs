// The Markdown component.
import { el, elementCases } from '../specs.mjs';

const md = (content, more = {}) => el('Markdown', { content, ...more });

const contents = {
  'a paragraph': 'Hello world',
  'two paragraphs': 'one\n\ntwo',
  'a soft break': 'one\ntwo',
  'a hard break': 'one  \ntwo',
  'a hard break by backslash': 'one\\\ntwo',
  headings: '# one\n\n## two\n\n### three\n\n#### four\n\n##### five\n\n###### six',
  'a heading in setext': 'one\n===\n\ntwo\n---',
  bold: 'a **bold** b',
  italic: 'a *italic* b',
  'bold italic': '***both***',
  underscores: '__b__ _i_',
  strike: '~~gone~~',
  code: 'a `code` b',
  'a code block': '```\nlet x = 1;\nlet y = 2;\n```',
  'a code block with a language': '```js\nlet x\n```',
  'indented code': '    code',
  'a list': '* a\n* b\n* c',
  'a list with dashes': '- a\n- b',
  'a numbered list': '1. a\n2. b\n3. c',
  'a numbered list from four': '4. a\n5. b',
  'a loose list': '* a\n\n* b',
  'a nested list': '* a\n  * b\n  * c\n* d',
  'a nested list after text': 'x\n\n* a\n  * b',
  'a nested list in the second item': 'x\n\n* c\n* a\n  * b\n* d',
  'a loose list after text': 'x\n\n* a\n\n* b',
  'a nested numbered list': '1. a\n   1. b\n2. c',
  'a list of links': '* [a](https://a.example)\n* b',
  'ten items': Array.from({ length: 11 }, (_, n) => `${n + 1}. item ${n + 1}`).join('\n'),
  'a quote': '> quoted',
  'a quote of two': '> one\n>\n> two',
  'a rule': 'a\n\n---\n\nb',
  'a link': '[text](https://example.com)',
  'a link with a title': '[text](https://example.com "title")',
  'a bare link': 'see https://example.com now',
  'an autolink': '<https://example.com>',
  'a mail autolink': '<a@example.com>',
  'an image': '![alt](https://example.com/a.png)',
  'an image with a title': '![alt](https://example.com/a.png "t")',
  'a table': '| a | b |\n|---|---|\n| c | d |',
  'an aligned table': '| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |',
  'emphasis in a heading': '# a *b* `c`',
  'a link in bold': '**[a](https://a.example)**',
  'bold in a link': '[**a**](https://a.example)',
  characters: '5 > 3 & 2 < 4 "quotes" \'single\'',
  escapes: '\\*not\\* \\_it\\_',
  entities: '&amp; &lt; &copy; &#65;',
  unicode: 'Größe 日本 😀',
  empty: '',
  blanks: '   ',
  'trailing newline': 'a\n',
  'windows lines': 'a\r\nb\r\n\r\nc',
  tabs: 'a\tb',
  'task list': '* [ ] open\n* [x] done',
  'code with markup': '`<b>&`',
  'a code block with markup': '```\n<b>&\n```',
  'a list after a paragraph': 'text\n\n* a\n* b',
  'a paragraph after a list': '* a\n\ntext',
  'a heading and a list': '# h\n* a',
  'emphasis across': '**a** and **b** and *c*',
  'nested emphasis': '*a **b** c*',
  'a reference link': '[a][1]\n\n[1]: https://a.example',
  'a number and a dot': '2026. was a year',
  'an underscore in a word': 'snake_case_name',
  'stars in numbers': '2*3*4',
};

const styled = {
  'a container style': md('text', {
    markdownContainerStyles: { padding: '12px', border: 'solid 1px black' },
  }),
  'custom heading style': md('# a\n\ntext', {
    markdownCustomStyles: { h1: { color: 'red' }, p: { fontSize: 20 } },
  }),
  'custom link style': md('[a](https://a.example)', {
    markdownCustomStyles: { link: { color: 'green' } },
  }),
  'custom code style': md('`a`\n\n```\nb\n```', {
    markdownCustomStyles: {
      codeInline: { background: '#eee' },
      codeBlock: { background: '#ddd' },
    },
  }),
  'custom list style': md('* a\n\n1. b', {
    markdownCustomStyles: { li: { margin: 0 }, ul: { padding: 1 }, ol: { padding: 2 } },
  }),
  'custom table style': md('| a |\n|---|\n| b |', {
    markdownCustomStyles: {
      table: { width: '100%' },
      td: { border: '1px' },
      th: { color: 'red' },
      tr: { height: 2 },
    },
  }),
  'null styles': md('# a', { markdownContainerStyles: null, markdownCustomStyles: null }),
  'empty styles': md('# a', { markdownContainerStyles: {}, markdownCustomStyles: {} }),
  'content from state': md({ $state: '/data/md' }),
  'content of a template': md({ $template: 'Hi **${/data/name}**' }),
  'beside texts': [el('Text', { text: 'a' }), md('b'), el('Text', { text: 'c' })],
};

export default [
  ...elementCases(
    'markdown',
    Object.fromEntries(Object.entries(contents).map(([name, content]) => [name, md(content)])),
  ),
  ...elementCases('markdown', styled, { data: { md: '# From **state**', name: 'Alex' } }),
];
