import type { GitPort } from '../../ports/git.ts';

type FetchArguments = Parameters<GitPort['fetch']>;

/**
 * Starts a fetch now and gives its answer to the first caller who asks for exactly that: git works while the rest of the
 * program is still being loaded. Any other fetch is asked as ever; a failure is told to whoever takes the answer.
 */
export function fetchAhead(git: GitPort, ...wanted: FetchArguments): GitPort {
  const key = JSON.stringify(wanted);
  let started: ReturnType<GitPort['fetch']> | null = git.fetch(...wanted);
  started.catch(() => {});
  return {
    ...git,
    fetch(...asked) {
      const answer = JSON.stringify(asked) === key ? started : null;
      if (answer === null) return git.fetch(...asked);
      started = null;
      return answer;
    },
  };
}
