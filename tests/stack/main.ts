import { startStack, StackUnavailable } from './stack.ts';

/** `npm run stack`: a forge and a runner to try things by hand, until Ctrl-C. */
async function main(): Promise<void> {
  await using stack = await startStack({ log: (line) => process.stderr.write(`${line}\n`) });
  const account = ({ login, password, token }: { login: string; password: string; token: string }) =>
    `${login}  password ${password}  token ${token}`;
  const lines = [
    `forge      ${stack.url}`,
    `admin      ${account(stack.admin)}`,
    `owner      ${account(stack.owner)}`,
    `bot        ${account(stack.bot)}`,
    `outsider   ${account(stack.outsider)}`,
    ...stack.runners.map((runner) => `runner     ${runner.name}: ${runner.labels.join(', ')}`),
    `files      ${stack.folder}`,
    'Ctrl-C ends it and removes everything.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  await new Promise<void>((resolve) => {
    // A pending promise keeps no process alive.
    const timer = setInterval(() => {}, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        clearInterval(timer);
        resolve();
      });
  });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StackUnavailable)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
