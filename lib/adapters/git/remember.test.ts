import { describe, expect, it } from 'vitest';
import type { GitPort } from '../../ports/git.ts';
import { rememberObjects } from './remember.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

/** A port that counts its questions; a path or commit called `broken` fails. */
function counted() {
  const asked: string[] = [];
  const answer = async <Answer>(question: string, value: Answer): Promise<Answer> => {
    asked.push(question);
    if (question.includes('broken')) throw new Error('broken');
    return value;
  };
  const port = {
    dir: '/nowhere',
    readFiles: (commit: string, paths: readonly string[]) =>
      answer(
        `files ${commit[0]} ${paths.join(',')}`,
        new Map(paths.filter((path) => path !== 'none').map((path) => [path, Buffer.from(path)])),
      ),
    listTree: (commit: string, folder: string) => answer(`tree ${commit[0]} ${folder}`, []),
    mergeBase: (a: string, b: string) => answer(`base ${a} ${b}`, null),
    treeOf: (commit: string) => answer(`treeOf ${commit}`, commit),
  } as unknown as GitPort;
  return { git: rememberObjects(port), asked };
}

describe('remembered answers about commits', () => {
  it('each question about full ids is asked once, a missing file too', async () => {
    const { git, asked } = counted();
    for (let round = 0; round < 2; round += 1) {
      expect([...(await git.readFiles(A, ['x', 'none'])).keys()]).toEqual(['x']);
      expect(await git.readFile(A, 'none')).toBeNull();
      await git.readFiles(A, ['x', 'y']);
      await git.listTree(A, 'docs');
      await git.mergeBase(A, B);
    }
    expect(asked).toEqual(['files a x,none', 'files a y', 'tree a docs', `base ${A} ${B}`]);
  });

  it('questions at the same time share one answer', async () => {
    const { git, asked } = counted();
    await Promise.all([git.readFile(A, 'x'), git.readFiles(A, ['x']), git.treeOf(A), git.treeOf(A)]);
    expect(asked).toEqual(['files a x', `treeOf ${A}`]);
  });

  it('a name that may move is asked every time', async () => {
    const { git, asked } = counted();
    for (let round = 0; round < 2; round += 1) {
      await git.treeOf('refs/heads/main');
      await git.readFile('main', 'x');
      await git.mergeBase(A, 'main');
    }
    expect(asked).toHaveLength(6);
  });

  it('a failure is not kept', async () => {
    const { git, asked } = counted();
    for (let round = 0; round < 2; round += 1) {
      await expect(git.listTree(A, 'broken')).rejects.toThrow('broken');
      await expect(git.readFile(A, 'broken')).rejects.toThrow('broken');
    }
    expect(asked).toHaveLength(4);
  });
});
