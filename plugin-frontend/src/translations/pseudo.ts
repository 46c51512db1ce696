/**
 * A language for tests alone: English in other letters, a third longer, written from right to left. What stays readable on
 * a page in it is not translated, and what is cut has too little room.
 */
import { en } from './en';
import { flattened } from './flatten';

const LETTERS: Record<string, string> = {
  a: 'ȧ',
  e: 'ḗ',
  i: 'ī',
  o: 'ǿ',
  u: 'ŭ',
  c: 'ƈ',
  n: 'ƞ',
  r: 'ř',
  s: 'ş',
  t: 'ŧ',
};

const RIGHT_TO_LEFT = '\u202e';
const END = '\u202c';

/** A message in the language; the names between double braces stay, and what is put in for them stays readable. */
export function pseudoOf(message: string): string {
  const parts = message.split(/(\{\{\w+\}\})/).map(part => {
    if (part.startsWith('{{') || !part.trim()) return part;
    const other = part.replace(/[a-z]/g, letter => LETTERS[letter] ?? letter);
    return `${RIGHT_TO_LEFT}${other}${END}`;
  });
  const more = 'ȧḗīǿŭ'.repeat(Math.ceil(message.length / 15));
  return `${parts.join('')}${
    message.length > 12 ? `${RIGHT_TO_LEFT}${more}${END}` : ''
  }`;
}

/** The plural forms that Arabic has and English does not; each language has those of its own. */
const MORE_FORMS = ['zero', 'two', 'few', 'many'];

export default Object.fromEntries(
  Object.entries(flattened(en)).flatMap(([key, message]) => {
    const keys = key.endsWith('_other')
      ? [key, ...MORE_FORMS.map(form => key.replace(/other$/, form))]
      : [key];
    return keys.map(it => [it, pseudoOf(message)]);
  }),
) as Record<string, string>;
