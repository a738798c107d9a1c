// Random specs and states, from a seed: valid ones, with the values that renderers get wrong.
import { el, spec } from './specs.mjs';

/** mulberry32: a small generator that is the same everywhere. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const words = [
  'Alex',
  'your order',
  'Größe',
  '日本',
  '😀👍🏽',
  '<b>&"\'',
  '',
  ' ',
  '  a  b ',
  'a\nb',
  '€12.50',
  'x'.repeat(40),
  'ß',
  'a\u00a0b',
  '\u200b',
  '$&',
  '${x}',
  '0',
  'null',
  'https://a.example',
];
const numbers = [0, 1, -1, 2.5, 0.1, 1e21, 1e-7, 100, 12345678901234567000, 33.333];
const scalars = [...words, ...numbers, true, false, null];
const styleValues = {
  color: ['red', '#fff', '', null, 'var(--x)'],
  fontSize: [12, '14px', 0, 1.5, '1em'],
  lineHeight: [1.5, '24px', 2],
  margin: ['0 auto', '10px', '1px 2px 3px', '1px 2px 3px 4px', 0, 7],
  marginTop: ['3px', 0, 5],
  padding: ['12px 20px', '5px', 8, 0, '1em 2%'],
  paddingLeft: [1, '2px'],
  backgroundColor: ['#f6f9fc', 'blue'],
  width: ['100%', 300, '50%'],
  maxWidth: [600, '37.5em', null],
  textAlign: ['center', 'right'],
  fontWeight: [700, 'bold'],
  border: ['1px solid #eaeaea', 'none'],
  display: ['block', 'inline-block'],
  opacity: [0, 0.5, 1],
  fontFamily: ['Arial, sans-serif', '"Segoe UI", serif'],
  'font-size': [13],
  '--x': [1, 'red'],
  zIndex: [2],
  borderRadius: [3, '50%'],
  verticalAlign: ['top'],
};
const markdownParts = [
  '# Title',
  '## Part *two*',
  'A **bold** and *soft* text',
  '* one\n* two',
  '1. first\n2. second',
  '> said',
  '---',
  '[link](https://a.example)',
  'plain text\nin two lines',
  '* a\n  * b\n* c',
  '| a | b |\n|---|--:|\n| 1 | 2 |',
  '`code` here',
  '```\nblock\n```',
  '~~gone~~ ok',
  'hard  \nbreak',
  '![pic](https://a.example/p.png)',
  'Größe 日本 😀',
  '5. five\n6. six',
  '# See [terms](https://a.example/T?a=B)',
  '## Ask <help@a.example> or https://b.example/Q',
  'see https://a.example/x_y?z=1, or www.b.example.',
  'ask help@a.example now',
  'https://a.example/~sam~',
  'a | b\n---|--:\n1 | 2',
  '| a |\n|---|\n| [l](https://a.example) |',
  '- [x] paid\n- [ ] shipped',
  '*odd [l](https://a.example/*)',
  '[a](https://a.example)[b](https://b.example)',
];

export class Generator {
  constructor(seed) {
    this.random = randomOf(seed);
  }

  chance(share) {
    return this.random() < share;
  }
  below(count) {
    return Math.floor(this.random() * count);
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  times(max, make) {
    return Array.from({ length: this.below(max + 1) }, make);
  }

  /** {body, state}. */
  next() {
    this.repeats = 0;
    const state = this.state();
    const body = this.elements(this.pick([1, 2, 3, 5]), 0);
    const root = el(
      'Html',
      this.chance(0.2)
        ? { lang: this.pick(['en', 'de', 'ar']), dir: this.pick(['ltr', 'rtl', null]) }
        : {},
      [
        ...(this.chance(0.8) ? [el('Head')] : []),
        ...(this.chance(0.3)
          ? [
              el('Preview', {
                text: this.pick(['Short', 'x'.repeat(160), ['a ', { $state: '/data/name' }]]),
              }),
            ]
          : []),
        el('Body', this.styled({}), body),
      ],
    );
    const more = this.chance(0.2)
      ? { state: { theme: { colour: 'teal' }, data: { name: 'Default' } } }
      : {};
    return { body: spec(root, more), state };
  }

  state() {
    const item = () => ({
      name: this.pick(scalars),
      price: this.pick(numbers),
      on: this.pick([true, false, 0, 1, '', null]),
      id: this.pick(['a', 'b', 1]),
    });
    const data = {
      name: this.pick(words),
      count: this.pick(numbers),
      flag: this.pick([true, false]),
      any: this.pick(scalars),
      url: 'https://example.com/?a=1&b=2',
      items: this.times(4, item),
      words: this.times(3, () => this.pick(words)),
      deep: { a: { b: this.pick(scalars) }, list: this.times(3, () => this.pick(scalars)) },
    };
    for (const name of Object.keys(data)) if (this.chance(0.1)) delete data[name];
    return this.chance(0.5)
      ? { data }
      : { data, profile: { firstName: this.pick(words), age: this.pick(numbers) } };
  }

  path() {
    return this.pick([
      '/data/name',
      '/data/count',
      '/data/flag',
      '/data/any',
      '/data/none',
      '/data/deep/a/b',
      '/data/deep/list/0',
      '/data/words/1',
      '/profile/firstName',
      '/profile/age',
      'data/name',
      '/data/items/0/name',
      '/theme/colour',
    ]);
  }
  itemPath() {
    return this.pick(['name', 'price', 'on', 'none', '/name']);
  }

  scalar() {
    return this.pick(scalars);
  }

  /** Something that gives a scalar, a number, or nothing. */
  value(depth = 0) {
    const kind = this.below(depth > 2 ? 4 : 9);
    if (kind < 3) return this.scalar();
    if (kind === 3) return { $state: this.path() };
    if (kind === 4) return this.inItem ? { $item: this.itemPath() } : { $bindState: this.path() };
    if (kind === 5) return this.template();
    if (kind === 6)
      return {
        $cond: this.condition(),
        $then: this.value(depth + 1),
        $else: this.value(depth + 1),
      };
    if (kind === 7) return this.times(3, () => this.value(depth + 1));
    return this.inItem && this.chance(0.5) ? { $index: true } : { $state: this.path() };
  }
  template() {
    return {
      $template: this.times(3, () =>
        this.pick(['Hello ', `\${${this.path()}}`, ' ', '<', '${', `\${${this.path()}} `]),
      ).join(''),
    };
  }

  condition(depth = 0) {
    const kind = this.below(depth > 1 ? 4 : 7);
    if (kind === 0) return this.chance(0.5);
    if (kind < 4) return this.simpleCondition();
    const parts = this.times(3, () => this.condition(depth + 1));
    if (kind === 4) return this.times(3, () => this.simpleCondition());
    return kind === 5 ? { $and: parts } : { $or: parts };
  }
  simpleCondition() {
    const subject =
      this.inItem && this.chance(0.5)
        ? this.pick([{ $item: this.itemPath() }, { $index: true }])
        : { $state: this.path() };
    const operator = this.pick(['', '', 'eq', 'neq', 'gt', 'gte', 'lt', 'lte']);
    const right = this.chance(0.2)
      ? { $state: this.path() }
      : this.pick([0, 1, 2.5, 'Alex', true, null, '']);
    return {
      ...subject,
      ...(operator ? { [operator]: right } : {}),
      ...(this.chance(0.2) ? { not: true } : {}),
    };
  }

  style() {
    const style = {};
    for (const name of this.times(5, () => this.pick(Object.keys(styleValues)))) {
      style[name] = this.chance(0.1) ? { $state: '/data/none' } : this.pick(styleValues[name]);
    }
    return style;
  }
  styled(props) {
    if (this.chance(0.4)) return props;
    return { ...props, style: this.chance(0.1) ? null : this.style() };
  }

  elements(count, depth) {
    return Array.from({ length: count }, () => this.element(depth));
  }
  element(depth) {
    const more = this.chance(0.25) ? { visible: this.condition() } : {};
    if (depth < 4 && this.chance(0.45)) return this.container(depth, more);
    const href = this.pick([
      'https://example.com/a?b=1&c=2',
      'mailto:a@example.com',
      { $template: 'https://example.com/${/data/count}' },
      '#top',
    ]);
    switch (this.below(9)) {
      case 0:
        return el(
          'Heading',
          this.styled({
            text: this.value(),
            ...(this.chance(0.7) ? { as: this.pick(['h1', 'h2', 'h3', 'h6', null]) } : {}),
          }),
          [],
          more,
        );
      case 1:
        return el('Link', this.styled({ text: this.value(), href }), [], more);
      case 2:
        return el('Button', this.styled({ text: this.value(), href }), [], more);
      case 3:
        return el(
          'Image',
          this.styled({
            src: 'https://example.com/p.png',
            alt: this.pick(['Pic', '', null, '"&<']),
            width: this.pick([1, 100, null, '50%']),
            height: this.pick([50, null]),
          }),
          [],
          more,
        );
      case 4:
        return el('Hr', this.styled({}), [], more);
      case 5:
        return el(
          'Markdown',
          { content: this.times(4, () => this.pick(markdownParts)).join('\n\n') },
          [],
          more,
        );
      default:
        return el('Text', this.styled({ text: this.value() }), [], more);
    }
  }
  container(depth, more) {
    const type = this.pick(['Container', 'Section', 'Row', 'Column', 'Section']);
    if (!this.inItem && this.chance(0.3)) return this.repeat(type, depth, more);
    if (type === 'Row') {
      const columns = Array.from({ length: 1 + this.below(3) }, () =>
        el('Column', this.styled({}), this.elements(this.below(3), depth + 2)),
      );
      return el('Section', {}, [el('Row', this.styled({}), columns)], more);
    }
    return el(type, this.styled({}), this.elements(this.below(4), depth + 1), more);
  }
  repeat(type, depth, more) {
    const props = this.styled({});
    this.inItem = true;
    const children = this.elements(1 + this.below(2), depth + 1);
    this.inItem = false;
    const key = this.chance(0.3) ? { key: 'id' } : {};
    return el(type, props, children, {
      ...more,
      repeat: {
        statePath: this.pick(['/data/items', '/data/words', '/data/none', '/data/deep/list']),
        ...key,
      },
    });
  }
}
