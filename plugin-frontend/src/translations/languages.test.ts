import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as ts from 'typescript';
import de from './de';
import { en } from './en';
import { flattened } from './flatten';
import pseudo from './pseudo';

const english = flattened(en);

/** The names that are put into a message. */
const namesIn = (message: string) =>
  [...message.matchAll(/\{\{(\w+)\}\}/g)].map(it => it[1]).sort();

/** What is the same in both languages, or a name. */
const SAME = new Set([
  'bound',
  'span.seconds',
  'span.minutes',
  'span.hours',
  'span.hoursMinutes',
  'team.label',
  'gateway.label',
  'gateway.version',
  'overview.nothing',
  'coverage.column.team',
  'overview.filter.state',
  'rollUp.states.entry',
  'rollUp.shared.team',
  'rollUp.wallets.team',
]);

const SOURCE = resolve(__dirname, '..');

/** What has words: the messages themselves, and what no reader sees. */
const NOT_SHOWN =
  /\.test\.tsx?$|\.generated\.ts$|fixtures|^__testUtils__|^translations|^alpha\/titles\.ts$/i;

/** Attributes and members that a reader sees or hears. */
const SEEN = new Set([
  'alt',
  'aria-label',
  'description',
  'label',
  'placeholder',
  'title',
]);

/** The words in one file that are not messages, as `file: words`. */
function wordsIn(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const { parent } = node;
    const seen =
      ts.isJsxText(node) ||
      ((ts.isPropertyAssignment(parent) || ts.isJsxAttribute(parent)) &&
        SEEN.has(parent.name.getText().replace(/['"]/g, '')));
    if (
      (ts.isJsxText(node) || ts.isStringLiteralLike(node)) &&
      (node.text === '–' || (seen && /\p{L}/u.test(node.text)))
    )
      found.push(`${relative(SOURCE, file)}: ${node.text.trim()}`);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(
    ts.createSourceFile(
      file,
      readFileSync(file, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    ),
    visit,
  );
  return found;
}

describe('the source', () => {
  it('has no words beside the messages, but where Backstage takes a name before there is a language', () => {
    const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
    const words = files
      .filter(it => /\.tsx?$/.test(it) && !NOT_SHOWN.test(it))
      .flatMap(it => wordsIn(join(SOURCE, it)));

    expect(words.sort()).toEqual([
      'alpha/plugin.ts: AI Governance',
      'legacy/plugin.tsx: AI Governance: what needs my attention',
    ]);
  });
});

describe.each([
  ['German', de],
  ['the pseudo-language', pseudo],
])('%s', (_, messages) => {
  it('has every message, and no other', () => {
    const keys = Object.keys(messages).map(key =>
      key.replace(/_(zero|two|few|many)$/, '_other'),
    );

    expect([...new Set(keys)].sort()).toEqual(Object.keys(english).sort());
  });

  it('puts into each message what English does', () => {
    for (const [key, message] of Object.entries(english))
      expect([key, namesIn(messages[key])]).toEqual([key, namesIn(message)]);
  });
});

describe('German', () => {
  it('leaves no message in English', () => {
    const left = Object.keys(english).filter(
      key => de[key] === english[key] && !SAME.has(key),
    );

    expect(left).toEqual([]);
  });
});
