// How style values print.
import { el, elementCases, text } from '../specs.mjs';

const styles = {
  'unitless numbers': {
    lineHeight: 1.5,
    opacity: 0.5,
    zIndex: 3,
    fontWeight: 700,
    flex: 1,
    order: 2,
    lineClamp: 3,
    columns: 2,
    scale: 2,
    strokeWidth: 1,
  },
  'numbers with px': {
    fontSize: 16,
    width: 100,
    paddingTop: 0,
    marginLeft: -4,
    borderRadius: 1.25,
    fontSizeAdjust: 1,
  },
  'zero everywhere': { fontSize: 0, lineHeight: 0, width: 0 },
  'null drops': { color: null, fontSize: 12 },
  'booleans drop': { color: true, display: false, fontSize: 12 },
  'empty drops': { color: '', fontSize: 12 },
  'blanks stay': { color: ' ', fontSize: 12 },
  'blanks around': { color: '  red ', fontSize: '12px ' },
  'kebab case': { 'font-size': 12, 'line-height': 1.5, 'background-color': 'red' },
  'custom properties': { '--main': 4, color: 'var(--main)' },
  'vendor prefixes': {
    WebkitTextSizeAdjust: '100%',
    msTextSizeAdjust: 100,
    MozOsxFontSmoothing: 'grayscale',
  },
  mso: { msoLineHeightRule: 'exactly' },
  'upper case': { Color: 'red', FONTSIZE: 3 },
  'strings of numbers': { fontSize: '12', lineHeight: '1.5' },
  'large numbers': { width: 12345678901234567000, height: 1e21 },
  'small numbers': { width: 1e-7, height: 0.1 },
  important: { color: 'red !important' },
  quotes: { fontFamily: '"Segoe UI", \'Arial\', sans-serif' },
  ampersand: { content: 'a&b<c>' },
  unicode: { fontFamily: 'Größe, 日本' },
  order: { zIndex: 1, color: 'red', fontSize: 1 },
  fonts: { font: 'italic bold 12px/30px Georgia, serif' },
  gradients: { backgroundImage: 'linear-gradient(90deg, red, blue)' },
  'long hex': { color: '#12345678' },
  arrays: { fontFamily: ['a', 'b'] },
  nothing: {},
};

const margins = {
  one: '10px',
  two: '10px 20px',
  three: '1px 2px 3px',
  four: '1px 2px 3px 4px',
  five: '1 2 3 4 5',
  'a number': 12,
  zero: 0,
  'zero text': '0',
  auto: '0 auto',
  null: null,
  empty: '',
  calc: 'calc(1px + 2px)',
  important: '1px !important',
  true: true,
  blanks: '  4px   5px ',
  negative: '-1px',
  percent: '5%',
  em: '1em',
};

const marginCases = Object.fromEntries(
  Object.entries(margins).map(([name, margin]) => [`margin ${name}`, text('m', { margin })]),
);

const mixed = {
  'margin after a side': text('m', { marginTop: '1px', margin: '5px' }),
  'margin before a side': text('m', { margin: '5px', marginTop: '1px' }),
  'margin with all sides': text('m', {
    margin: '5px',
    marginTop: '1px',
    marginRight: '2px',
    marginBottom: '3px',
    marginLeft: '4px',
  }),
  'margin null and sides': text('m', { margin: null, marginTop: '1px' }),
  'defaults overridden': text('m', { lineHeight: '30px', fontSize: 20 }),
  'default dropped by null': text('m', { fontSize: null }),
  'default dropped by empty': text('m', { lineHeight: '' }),
  'link default overridden': el('Link', {
    text: 'x',
    href: 'https://a.example',
    style: { color: null, textDecorationLine: 'x' },
  }),
  'heading margin': el('Heading', { text: 'h', style: { margin: '1px 2px', marginTop: '9px' } }),
  'hr colours': el('Hr', { style: { borderTop: null, borderColor: 'red' } }),
  'image defaults': el('Image', {
    src: 'https://a.example/x.png',
    alt: 'x',
    style: { display: null, outline: 'x' },
  }),
  'column style': el('Section', {}, [
    el('Row', {}, [el('Column', { style: { verticalAlign: 'top', padding: 4 } }, [text('c')])]),
  ]),
  'container width': el('Container', { style: { maxWidth: null, width: 400 } }, [text('c')]),
  'container width kept': el('Container', { style: { width: 400 } }, [text('c')]),
  'style from state': text('s', { $state: '/data/style' }),
  'style value from state': text('s', {
    color: { $state: '/data/colour' },
    fontSize: { $state: '/data/size' },
  }),
  'style value missing': text('s', { color: { $state: '/data/none' }, fontSize: 3 }),
  'style chosen': text('s', {
    color: { $cond: { $state: '/data/yes' }, $then: 'green', $else: 'red' },
  }),
  'style of a template': text('s', { color: { $template: '${/data/colour}' } }),
};
const state = {
  data: {
    style: { color: 'teal', fontSize: 13, lineHeight: 2 },
    colour: 'navy',
    size: 9,
    yes: 1,
  },
};

export default [
  ...elementCases(
    'styles of a text',
    Object.fromEntries(Object.entries(styles).map(([name, style]) => [name, text('s', style)])),
  ),
  ...elementCases(
    'styles of a section',
    Object.fromEntries(
      Object.entries(styles).map(([name, style]) => [
        name,
        el('Section', { style }, [text('s')]),
      ]),
    ),
  ),
  ...elementCases('styles', marginCases),
  ...elementCases('styles', mixed, state),
];
