// Each component with its props and defaults.
import { el, elementCases, page, spec, text } from '../specs.mjs';

const inner = [text('inside')];

const layout = Object.fromEntries(
  ['Container', 'Section', 'Row', 'Column'].flatMap((type) => [
    [`${type} without props`, el(type, {}, inner)],
    [`${type} without children`, el(type)],
    [`${type} with null style`, el(type, { style: null }, inner)],
    [
      `${type} with style`,
      el(type, { style: { padding: '24px', backgroundColor: '#fff', width: '50%' } }, inner),
    ],
    [`${type} with a margin`, el(type, { style: { margin: '0 auto', maxWidth: 600 } }, inner)],
    [`${type} in ${type}`, el(type, {}, [el(type, {}, inner)])],
  ]),
);

const documents = [
  { name: 'document: bare', body: spec(el('Html')) },
  { name: 'document: with head', body: spec(el('Html', {}, [el('Head')])) },
  { name: 'document: with body', body: spec(el('Html', {}, [el('Body', {}, inner)])) },
  {
    name: 'document: lang and dir',
    body: spec(el('Html', { lang: 'ar', dir: 'rtl' }, [el('Head'), el('Body', {}, inner)])),
  },
  {
    name: 'document: null lang',
    body: spec(el('Html', { lang: null, dir: null }, [el('Body', {}, inner)])),
  },
  {
    name: 'document: lang from state',
    body: spec(el('Html', { lang: { $state: '/data/lang' } }, [el('Body', {}, inner)])),
    state: { data: { lang: 'fi' } },
  },
  {
    name: 'document: children in the head',
    body: spec(
      el('Html', {}, [el('Head', {}, [el('Preview', { text: 'p' })]), el('Body', {}, inner)]),
    ),
  },
  {
    name: 'document: preview beside body',
    body: spec(
      el('Html', {}, [el('Head'), el('Preview', { text: 'Look inside' }), el('Body', {}, inner)]),
    ),
  },
  {
    name: 'document: text beside body',
    body: spec(
      el('Html', {}, [el('Head'), text('before'), el('Body', {}, inner), text('after')]),
    ),
  },
  {
    name: 'document: body before head',
    body: spec(el('Html', {}, [el('Body', {}, inner), el('Head')])),
  },
  {
    name: 'document: body without head',
    body: spec(el('Html', {}, [el('Preview', { text: 'p' }), el('Body', {}, inner)])),
  },
  {
    name: 'document: container as the only child',
    body: spec(el('Html', {}, [el('Container', {}, inner)])),
  },
  {
    name: 'document: body with style',
    body: spec(
      el('Html', {}, [
        el('Head'),
        el(
          'Body',
          {
            style: {
              backgroundColor: '#f6f9fc',
              fontFamily: 'Arial, sans-serif',
              margin: '0',
              padding: '10px 20px',
            },
          },
          inner,
        ),
      ]),
    ),
  },
  {
    name: 'document: body with background',
    body: spec(
      el('Html', {}, [
        el('Head'),
        el(
          'Body',
          { style: { background: 'red', color: 'blue', marginTop: '4px', paddingLeft: 3 } },
          inner,
        ),
      ]),
    ),
  },
  { name: 'document: empty body', body: spec(el('Html', {}, [el('Head'), el('Body')])) },
];

const headings = Object.fromEntries([
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((as) => [
    `Heading ${as}`,
    el('Heading', { text: 'Title', as }),
  ]),
  ['Heading by default', el('Heading', { text: 'Title' })],
  ['Heading with null level', el('Heading', { text: 'Title', as: null })],
  [
    'Heading with style',
    el('Heading', {
      text: 'Title',
      as: 'h1',
      style: { fontSize: 24, margin: '30px 0', textAlign: 'center' },
    }),
  ],
  ['Heading with empty text', el('Heading', { text: '' })],
  ['Heading with null text', el('Heading', { text: null })],
  ['Heading with a number', el('Heading', { text: 42 })],
  ['Heading with letters that grow', el('Heading', { text: 'straße ŉ ﬁ İi' })],
]);

const links = Object.fromEntries([
  ['Link', el('Link', { text: 'here', href: 'https://example.com/a?b=1&c=2' })],
  [
    'Link with style',
    el('Link', {
      text: 'here',
      href: 'https://example.com',
      style: { color: 'red', textDecorationLine: 'underline' },
    }),
  ],
  ['Link with mailto', el('Link', { text: 'write', href: 'mailto:a@example.com' })],
  [
    'Link with mailto as label',
    el('Link', { text: 'a@example.com', href: 'mailto:a@example.com' }),
  ],
  ['Link with tel', el('Link', { text: 'call', href: 'tel:+491234' })],
  [
    'Link whose label is the address',
    el('Link', { text: 'https://example.com', href: 'https://example.com' }),
  ],
  ['Link without label', el('Link', { text: '', href: 'https://example.com' })],
  [
    'Link in text order',
    [
      text('a'),
      el('Link', { text: 'b', href: 'https://b.example' }),
      el('Link', { text: 'c', href: 'https://c.example' }),
      text('d'),
    ],
  ],
  [
    'Link from state',
    el('Link', { text: { $state: '/data/label' }, href: { $state: '/data/url' } }),
  ],
  ['Button', el('Button', { text: 'Go', href: 'https://example.com' })],
  [
    'Button with padding',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { padding: '12px 20px', backgroundColor: '#5F51E8', color: '#fff' },
    }),
  ],
  [
    'Button with one padding',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: '10px' } }),
  ],
  [
    'Button with three paddings',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: '1px 2px 3px' } }),
  ],
  [
    'Button with four paddings',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { padding: '1px 2px 3px 4px' },
    }),
  ],
  [
    'Button with number padding',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: 12 } }),
  ],
  [
    'Button with zero padding',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: 0 } }),
  ],
  [
    'Button with zero text padding',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: '0' } }),
  ],
  [
    'Button with em',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: '1em 2rem' } }),
  ],
  [
    'Button with percent',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: '1% 2.5%' } }),
  ],
  [
    'Button with odd units',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: '1vw -3px' } }),
  ],
  [
    'Button with calc',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { padding: 'calc(1px + 2px)' },
    }),
  ],
  [
    'Button with fractions',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { padding: '0.1px 12.35px' },
    }),
  ],
  [
    'Button with single sides',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { paddingTop: '7px', paddingLeft: 9 },
    }),
  ],
  [
    'Button with shorthand and sides',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { padding: '5px', paddingRight: '50px' },
    }),
  ],
  [
    'Button with sides and shorthand',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { paddingRight: '50px', padding: '5px' },
    }),
  ],
  [
    'Button with wide padding',
    el('Button', { text: 'Go', href: 'https://example.com', style: { padding: '40px 120px' } }),
  ],
  [
    'Button with display',
    el('Button', {
      text: 'Go',
      href: 'https://example.com',
      style: { display: 'block', textDecoration: 'underline', lineHeight: '1.5' },
    }),
  ],
  ['Button with a number', el('Button', { text: 7, href: 'https://example.com' })],
  [
    'Button with empty style',
    el('Button', { text: 'Go', href: 'https://example.com', style: {} }),
  ],
]);

const pictures = Object.fromEntries([
  ['Image', el('Image', { src: 'https://example.com/a.png', alt: 'A' })],
  [
    'Image with size',
    el('Image', { src: 'https://example.com/a.png', alt: 'A', width: 100, height: 50 }),
  ],
  [
    'Image with text size',
    el('Image', { src: 'https://example.com/a.png', alt: 'A', width: '100%', height: 'auto' }),
  ],
  [
    'Image with null size',
    el('Image', { src: 'https://example.com/a.png', alt: null, width: null, height: null }),
  ],
  [
    'Image with zero size',
    el('Image', { src: 'https://example.com/a.png', alt: '', width: 0, height: 0 }),
  ],
  [
    'Image with style',
    el('Image', {
      src: 'https://example.com/a.png',
      alt: 'A',
      style: { display: 'inline', borderRadius: '50%', border: '1px solid red' },
    }),
  ],
  ['Image with a content id', el('Image', { src: 'cid:logo', alt: 'Logo' })],
  [
    'Image with quotes in the alt',
    el('Image', { src: 'https://example.com/a.png', alt: 'He said "a" & <b>' }),
  ],
  ['Hr', el('Hr')],
  ['Hr with style', el('Hr', { style: { borderColor: '#e6ebf1', margin: '20px 0' } })],
  [
    'Hr with border',
    el('Hr', { style: { border: 'none', borderTop: '3px dashed red', width: '50%' } }),
  ],
  ['Hr with null style', el('Hr', { style: null })],
  ['Hr between texts', [text('a'), el('Hr'), text('b')]],
]);

const previews = Object.fromEntries([
  ['Preview', el('Preview', { text: 'Short' })],
  ['Preview that is empty', el('Preview', { text: '' })],
  ['Preview of 150', el('Preview', { text: 'x'.repeat(150) })],
  ['Preview of 151', el('Preview', { text: 'y'.repeat(151) })],
  ['Preview of 149', el('Preview', { text: 'z'.repeat(149) })],
  ['Preview with emoji', el('Preview', { text: '😀'.repeat(10) })],
  ['Preview with many emoji', el('Preview', { text: '😀'.repeat(75) })],
  ['Preview of parts', el('Preview', { text: ['Hello ', { $state: '/data/name' }, '!'] })],
  ['Preview with markup', el('Preview', { text: '<b>&"\'' })],
  ['Preview from state', el('Preview', { text: { $state: '/data/name' } })],
]);

const texts = Object.fromEntries([
  ['Text', text('plain')],
  ['Text that is empty', text('')],
  ['Text that is null', text(null)],
  ['Text without text', el('Text')],
  ['Text that is true', text(true)],
  ['Text that is false', text(false)],
  ['Text of parts', text(['a', 1, null, true, 'b', ['c', ['d']]])],
  ['Text with lines', text('one\ntwo\n\nthree')],
  ['Text with blanks', text('  a   b\t c  ')],
  ['Text with style', text('styled', { color: 'red', fontSize: 20 })],
  ['Text with null style', text('styled', null)],
  ['Text with children that are ignored', el('Text', { text: 'own' }, [text('child')])],
  [
    'Text in a section in a row',
    el('Section', {}, [
      el('Row', {}, [el('Column', {}, [text('x')]), el('Column', {}, [text('y')])]),
    ]),
  ],
]);

const state = {
  data: { name: 'Alex', label: 'Your order', url: 'https://example.com/o?id=1&x=2' },
};

export default [
  ...documents,
  ...elementCases('layout', layout),
  ...elementCases('headings', headings),
  ...elementCases('links', links, state),
  ...elementCases('pictures', pictures),
  ...elementCases('previews', previews, state),
  ...elementCases('texts', texts),
  {
    name: 'rows: columns with width',
    body: page(
      el('Section', {}, [
        el('Row', { style: { width: '100%' } }, [
          el('Column', { style: { width: '30%' } }, [text('l')]),
          el('Column', { style: { width: 70, textAlign: 'right' } }, [text('r')]),
        ]),
      ]),
    ),
  },
];
