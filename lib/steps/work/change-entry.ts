/**
 * One path that differs from the base commit. `content: null` = deleted. A symlink's content is its target; submodules
 * and other kinds (device, socket, fifo, unreadable, name that is not UTF-8) have empty content.
 */
export type { Change as ChangeEntry } from '../../artifacts/path-form.ts';
