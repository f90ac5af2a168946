import * as core from '@actions/core';
import type { Log } from '../ports/log.ts';

/**
 * Lines that the runner would obey (`::set-output …`, `##[…`) lose their power, so that quoted text stays text.
 * spec: O-S-8
 */
export const neutraliseCommands = (text: string): string => text.replace(/^(\s*)(::|##\[)/gm, '$1| $2');

/** The log port on the runner's log. Everything goes through `redact` first. */
export function createActionsLog(redact: (text: string) => string): Log {
  return {
    debug: (text) => core.debug(redact(text)),
    info: (text) => core.info(neutraliseCommands(redact(text))),
    warn: (text) => core.warning(redact(text)),
    error: (text) => core.error(redact(text)),
  };
}
