import { type DataProblem, type ProblemCode, problemLeavesOut } from '#contract/training-data.ts';

const mostExamples = 5;
const mostValueLength = 60;

export interface Problems {
  add(code: ProblemCode, example?: DataProblem['examples'][number], count?: number): void;
  list(): DataProblem[];
}

/** Counts what is wrong with data, and keeps the first places of each kind. */
export function collectProblems(): Problems {
  const found = new Map<ProblemCode, DataProblem>();
  return {
    add(code, example, count = 1) {
      let problem = found.get(code);
      if (!problem) {
        problem = { code, leavesOut: problemLeavesOut[code], count: 0, examples: [] };
        found.set(code, problem);
      }
      problem.count += count;
      if (!example || problem.examples.length >= mostExamples) return;
      const { value } = example;
      problem.examples.push(value === undefined ? example : { ...example, value: shortened(value) });
    },
    list: () => [...found.values()],
  };
}

/** A value as a person sees it in a row: one line, not too long. */
export function shortened(value: string): string {
  const line = value
    .slice(0, 4 * mostValueLength)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > mostValueLength ? `${line.slice(0, mostValueLength - 1)}…` : line;
}
