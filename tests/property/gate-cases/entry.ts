import { decideEntry } from '../../../lib/gates/entry.ts';
import { read, unreadable } from '../../../lib/gates/fact.ts';
import { broken, caseList } from './case-list.ts';

const { cases, add } = caseList('entry');

const limits = { title_min: 5, title_max: 200, description_min: 20 };
const entry = (title: string, description: string) => () => decideEntry(read({ title, description }), limits);
add('ENTRY_OK', 'pass', 'G-ENT-5', 'enough text', entry('CSV export', 'Users download their tracks.'));
add('ENTRY_TITLE_SHORT', 'fail', 'G-ENT-1', 'title `Fix`', entry('Fix', 'Users download their tracks.'));
add('ENTRY_TITLE_LONG', 'fail', 'G-ENT-2', '201 characters', entry('x'.repeat(201), 'Users download their tracks.'));
add('ENTRY_DESCRIPTION_SHORT', 'fail', 'G-ENT-3', 'no description', entry('CSV export', ''));
add('ENTRY_TRACKER_ERROR', 'error', 'G-ENT-4', 'tracker down', () => decideEntry(unreadable('HTTP 503'), limits));
add('ENTRY_INTERNAL', 'error', 'G-GEN-8', 'broken facts', () => decideEntry(broken, limits));

export const entryCases = cases;
