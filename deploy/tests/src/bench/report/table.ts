export interface Column {
  readonly title: string;
  /** Default: right, as numbers are. */
  readonly left?: true;
}

/** A table in markdown that is also aligned for those who read it as text. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(3, title.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${columns
      .map(({ left }, index) => {
        const [cell, width] = [cells[index] ?? '', widths[index] ?? 0];
        return left ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(' | ')} |`;
  const rule = columns.map(({ left }, index) => {
    const width = widths[index] ?? 0;
    return left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`;
  });
  return [line(columns.map(({ title }) => title)), line(rule), ...rows.map(line)];
}

/** With three digits that count; `–` for what is not known. */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
