/** Formats rows as a table. Numbers are aligned to the right, other text to the left. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(String));
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: string[]): string => row.map((cell, at) => padded(cell, widths[at]!)).join("  ");
  return cells.map((row) => `  ${line(row)}`.trimEnd()).join("\n");
}

function padded(cell: string, width: number): string {
  return /^[\d.,]+( %| ms| s)?$/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
}
