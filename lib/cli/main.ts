#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command, CommanderError } from 'commander';
import { classifyFailure, renderFailure } from '../runtime/failure.ts';
import { VERSION } from '../runtime/version.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';

/** 128 + SIGINT. */
const INTERRUPTED = 130;
const print = (text: string) => console.log(text);
const tell = (text: string) => console.error(text);
const interrupt = new AbortController();
enableCompileCache();

const program = new Command('conveyor')
  .description('An autonomous software delivery pipeline on Gitea Actions')
  .version(VERSION)
  .exitOverride()
  .showHelpAfterError();

program
  .command('demo')
  .description('one work item from the board to production, here and now')
  .option('--json', 'print the result as one JSON line; progress goes to standard error')
  .option('--keep', 'leave repository, records and services where they are')
  .option('--scenario <name>', 'what the scripted agents do', 'happy')
  .action(async (options: { json?: boolean; keep?: boolean; scenario: string }) => {
    const { demoCommand } = await import('./demo.ts');
    const progress = options.json === true ? tell : print;
    const isTerminal = options.json !== true && process.stdout.isTTY;
    process.exitCode = await demoCommand(options, {
      env: process.env,
      pid: process.pid,
      print,
      tell: progress,
      isTerminal,
      signal: interrupt.signal,
    });
  });

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    tell(`${signal}: cleaning up`);
    interrupt.abort();
  });

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    tell(renderFailure(`conveyor ${process.argv[2] ?? ''}`, classifyFailure(thrown), null));
    process.exitCode = exitCodeOf(thrown);
  }
}
if (interrupt.signal.aborted) process.exitCode = INTERRUPTED;
