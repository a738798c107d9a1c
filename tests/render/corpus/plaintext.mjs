// What stands in the plain text.
import { el, elementCases, text } from '../specs.mjs';

const link = (label, href) => el('Link', { text: label, href });
const row = (...cells) =>
  el('Section', {}, [
    el(
      'Row',
      {},
      cells.map((cell) => el('Column', {}, [cell])),
    ),
  ]);

const cases = {
  'two texts': [text('a'), text('b')],
  'an empty text between': [text('a'), text(''), text('b')],
  'empty texts first': [text(''), text(''), text('a')],
  'empty texts last': [text('a'), text(''), text('')],
  'a text of blanks': [text('a'), text('   '), text('b')],
  'a heading between': [text('a'), el('Heading', { text: 'Über uns' }), text('b')],
  'two headings': [
    el('Heading', { text: 'one', as: 'h1' }),
    el('Heading', { text: 'two', as: 'h3' }),
  ],
  'links side by side': [link('a', 'https://a.example'), link('b', 'https://b.example')],
  'a link after a text': [text('see'), link('this', 'https://a.example')],
  'a link with an anchor': link('top', '#top'),
  'a link with blanks': link('  two  words ', 'https://a.example'),
  'a link with an image in the neighbourhood': [
    el('Image', { src: 'https://a.example/x.png', alt: 'not shown' }),
    link('a', 'https://a.example'),
  ],
  'only an image': el('Image', { src: 'https://a.example/x.png', alt: 'x' }),
  'a button': el('Button', {
    text: 'Pay',
    href: 'https://pay.example',
    style: { padding: '1px' },
  }),
  'a button between': [
    text('a'),
    el('Button', { text: 'Pay', href: 'https://pay.example' }),
    text('b'),
  ],
  'a rule': [text('a'), el('Hr'), text('b')],
  rules: [el('Hr'), el('Hr')],
  'a row': row(text('left'), text('right')),
  'a row of links': row(link('l', 'https://l.example'), link('r', 'https://r.example')),
  rows: [row(text('a'), text('b')), row(text('c'), text('d'))],
  'a row of empties': row(text(''), text('x'), text('')),
  'columns beside text': [text('before'), row(text('a'), text('b')), text('after')],
  sections: [el('Section', {}, [text('a')]), el('Section', {}, [text('b')])],
  'an empty section': [text('a'), el('Section'), text('b')],
  'containers in containers': el('Container', {}, [
    el('Container', {}, [text('a'), el('Container', {}, [text('b')])]),
  ]),
  'a preview': [el('Preview', { text: 'hidden' }), text('shown')],
  'lines in a text': text('a\nb\r\nc'),
  tabs: text('a\tb'),
  'no-break spaces': text('a\u00a0 \u00a0b'),
  'zero width spaces': text('a\u200b\u200bb'),
  'other blanks': text('a\u2003b\u3000c\ufeffd'),
  markup: text('<p>&amp; "x"'),
  'long text': text('word '.repeat(60)),
  'a long word': text('x'.repeat(300)),
  'a heading with a link label': [
    el('Heading', { text: 'Read' }),
    link('https://a.example', 'https://a.example'),
  ],
  bullets: text('* a\n* b'),
  'a price list': [row(text('Mug'), text('€3')), el('Hr'), row(text('Total'), text('€3'))],
};

export default elementCases('plain text', cases);
