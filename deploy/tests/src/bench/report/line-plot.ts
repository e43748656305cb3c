import { figure } from './table';

export interface Line {
  readonly name: string;
  /** In the order of x. What is not a number is left out. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LinePlot {
  readonly title: string;
  /** Logarithmic: for what is above 0 only. */
  readonly x: { readonly title: string; readonly isLogarithmic?: true };
  /** From 0 on, so that no difference looks larger than it is. */
  readonly y: { readonly title: string };
  readonly lines: readonly Line[];
}

const WIDTH = 720;
const HEIGHT = 400;
const FRAME = { left: 70, right: 20, top: 40, bottom: 50 };
const LEGEND_LINE = 18;
const TICKS = 5;
/** Told apart also by those who don't see all colours (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/** A plot of lines as SVG, which is read on light and dark pages. */
export function linePlot({ title, x, y, lines }: LinePlot): string {
  const drawn = lines.map(({ name, points }) => ({
    name,
    points: points.filter((each) => each.every(Number.isFinite)),
  }));
  const xs = drawn.flatMap(({ points }) => points.map(([at]) => at));
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  const top = roundTicks(Math.max(...drawn.flatMap(({ points }) => points.map(([, value]) => value)), 0));
  const scaled = (at: number): number => (x.isLogarithmic ? Math.log(at) : at);
  const across = most === least ? 1 : scaled(most) - scaled(least);
  const left = (at: number): number =>
    FRAME.left + ((scaled(at) - scaled(least)) / across) * (WIDTH - FRAME.left - FRAME.right);
  const down = (value: number): number =>
    HEIGHT - FRAME.bottom - (value / (top.at(-1) ?? 1)) * (HEIGHT - FRAME.top - FRAME.bottom);
  const middle = (FRAME.left + WIDTH - FRAME.right) / 2;
  const legendAt = (index: number): number => HEIGHT + index * LEGEND_LINE;
  const height = legendAt(drawn.length);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(middle, FRAME.top / 2, title, 'middle', ' font-size="14"'),
    ...top.flatMap((value) => [
      `<path d="M${FRAME.left} ${px(down(value))}H${WIDTH - FRAME.right}" stroke="#dddddd"/>`,
      text(FRAME.left - 8, down(value) + 4, value === 0 ? '0' : figure(value), 'end'),
    ]),
    ...ticksOf(xs, x.isLogarithmic).map((at) =>
      text(left(at), HEIGHT - FRAME.bottom + 18, at.toLocaleString('en'), 'middle'),
    ),
    text(middle, HEIGHT - 12, x.title, 'middle'),
    text(0, 0, y.title, 'middle', ` transform="translate(16 ${(HEIGHT - FRAME.bottom + FRAME.top) / 2}) rotate(-90)"`),
    ...drawn.flatMap(({ name, points }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? '';
      const at = points.map(([from, value]) => [px(left(from)), px(down(value))] as const);
      return [
        `<polyline points="${at.map((each) => each.join(',')).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...at.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`),
        `<path d="M${FRAME.left} ${legendAt(index)}h24" stroke="${colour}" stroke-width="2"/>`,
        text(FRAME.left + 32, legendAt(index) + 4, name, 'start'),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** From 0 to at least the greatest value, at round distances. */
export function roundTicks(greatest: number): number[] {
  if (greatest <= 0) return [0, 1];
  const rough = greatest / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const count = Math.ceil(greatest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** Where something was measured, unless that is too much to be read. */
function ticksOf(xs: readonly number[], isLogarithmic: true | undefined): number[] {
  const all = [...new Set(xs)].sort((a, b) => a - b);
  if (isLogarithmic || all.length <= 2 * TICKS) return all;
  const each = Math.ceil(all.length / (2 * TICKS));
  return all.filter((_, index) => (index + 1) % each === 0);
}

const px = (value: number): string => value.toFixed(1);
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (words: string): string => words.replace(/[&<>"]/g, (each) => ESCAPES[each] ?? each);

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', more = ''): string {
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" fill="#333333"${more}>${escaped(words)}</text>`;
}
