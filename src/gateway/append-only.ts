/** Triggers that let rows of these tables only be added. */
export const appendOnly = (...tables: string[]): string =>
  tables
    .flatMap((table) =>
      ['UPDATE', 'DELETE'].map(
        (change) => `CREATE TRIGGER ${table}_no_${change.toLowerCase()} BEFORE ${change} ON ${table}
          BEGIN SELECT RAISE(ABORT, 'append-only'); END;`,
      ),
    )
    .join('\n');
