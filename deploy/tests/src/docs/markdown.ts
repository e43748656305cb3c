/** A table with the padding that Prettier gives it, so that a generated page is a formatted one. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((row) => row[column] ?? '')].map(({ length }) => length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cell.length)).join(' | ')} |`;
  const rule = line(widths.map((each) => '-'.repeat(each)));
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Plain text as Markdown that shows it as it is; what Markdown leaves alone stays unescaped, as Prettier would have it. */
export function plain(text: string): string {
  return text.replace(/[*|]/g, '\\$&').replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_');
}

export const code = (text: string): string => `\`${text}\``;
