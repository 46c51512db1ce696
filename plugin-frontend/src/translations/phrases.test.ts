import { englishWords, germanWords } from '../__testUtils__/translate';
import { Finding } from '../api';
import exampleFindings from '../fixtures/exampleFindings.json';
import { NOW } from '../fixtures/statuses';
import { findingText, paceText } from './phrases';

const words = englishWords();

const finding = (more: Partial<Finding>): Finding => ({
  code: 'budget-exceeded',
  severity: 'error',
  message: 'The sentence of the service.',
  hint: 'Its hint.',
  ...more,
});

const said = (more: Partial<Finding>) => findingText(words, finding(more), NOW);

const SPENT = { spent: '612.5', budget: '500', currency: 'USD' };

describe('a finding', () => {
  it('is said by its code and parameters, in the form that the numbers beside it have', () => {
    expect(said({ params: SPENT }).message).toBe(
      '$612.50 are spent, more than the daily budget of $500.00.',
    );
  });

  it('has times in the zone of the reader', () => {
    const params = {
      exhaustsAt: '2026-03-10T16:40:00Z',
      resetsAt: '2026-03-11T00:00:00Z',
    };

    expect(said({ code: 'budget-pace', params }).message).toMatch(
      /runs out at 04:40 PM UTC, before it resets at Wed,? 12:00 AM UTC/,
    );
  });

  it.each([
    ['budget-exceeded', 'Das Tagesbudget ist ausgegeben.'],
    [
      'budget-pace',
      'Bei diesem Tempo ist das Tagesbudget aufgebraucht, bevor es zurückgesetzt wird.',
    ],
    [
      'month-budget-pace',
      'Bei diesem Tempo endet der Monat über dem Monatsbudget.',
    ],
    [
      'spend-unusual',
      'Ein Tag der letzten Zeit kostete weit mehr, als für diesen Schlüssel üblich ist.',
    ],
    ['wallet-low', 'Das Guthaben des Teams ist niedrig oder leer.'],
  ])('has a sentence without amounts for %s', (code, message) => {
    expect(
      findingText(germanWords(), finding({ code, params: {} }), NOW).message,
    ).toBe(message);
  });

  it.each([
    [
      { model: 'gpt-4o' },
      'Mar 8 cost $540.10, far above the usual $158.85; most of the difference is gpt-4o.',
    ],
    [{}, 'Mar 8 cost $540.10, far above the usual $158.85.'],
  ])(
    'names the day that is unusual, and its model where one stands out: %j',
    (more, message) => {
      const params = {
        date: '2026-03-08',
        spent: '540.10',
        usual: '158.85',
        currency: 'USD',
        ...more,
      };

      expect(said({ code: 'spend-unusual', params }).message).toBe(message);
    },
  );

  it('says where the month ends, as a range', () => {
    const params = {
      likely: '1200',
      low: '1100.5',
      high: '1300',
      budget: '1000',
      currency: 'USD',
    };

    expect(said({ code: 'month-budget-pace', params }).message).toBe(
      'At this pace the month ends at about $1,200.00 (between $1,100.50 and $1,300.00), above the monthly budget of $1,000.00.',
    );
  });

  it('says for whom amounts are', () => {
    const params = { owner: 'group:default/support-team' };

    expect(said({ code: 'numbers-withheld', params }).message).toBe(
      'Amounts are for members of group:default/support-team and of the platform groups.',
    );
  });

  it.each([
    [
      'key-name',
      { longest: '128' },
      '„k “ in keeptrusts.dev/x ist kein Name eines Gateway-Schlüssels.',
      /höchstens 128 druckbare Zeichen/,
    ],
    [
      'policy-tier',
      {},
      '„k “ in keeptrusts.dev/x ist keine Richtlinienstufe.',
      /tier-<Nummer>-<Name>/,
    ],
    [
      'amount',
      { digits: '12', decimals: '6' },
      '„k “ in keeptrusts.dev/x ist kein Betrag in US-Dollar.',
      /höchstens 12 Stellen vor dem Punkt und 6 danach/,
    ],
  ])(
    'says of an annotation that it is not of the form %s',
    (expected, limits, message, hint) => {
      const params = {
        annotation: 'keeptrusts.dev/x',
        value: 'k ',
        expected,
        ...limits,
      };
      const text = findingText(
        germanWords(),
        finding({ code: 'annotation-invalid', params }),
        NOW,
      );

      expect(text).toEqual({ message, hint: expect.stringMatching(hint) });
    },
  );

  it.each<[string, Partial<Finding>]>([
    ['sends no parameters', {}],
    [
      'expects a form that is new',
      {
        code: 'annotation-invalid',
        params: { annotation: 'a', value: 'b', expected: 'colour' },
      },
    ],
    ['sends null', { params: null }],
    ['leaves one out', { params: { spent: '612.5', currency: 'USD' } }],
    ['sends no amount', { params: { ...SPENT, spent: 'much' } }],
    [
      'sends a number in place of text',
      { params: { ...SPENT, spent: 612.5 } as never },
    ],
    ['sends no time', { code: 'data-stale', params: { since: 'long ago' } }],
    ['has a code that is new', { code: 'model-retired', params: SPENT }],
    [
      'has the name of a method as its code',
      { code: 'toString', params: SPENT },
    ],
  ])('is the service’s own sentence where it %s', (_, more) => {
    expect(said(more)).toEqual({
      message: 'The sentence of the service.',
      hint: 'Its hint.',
    });
  });
});

/** The replies of the service for the example catalog, by the name of the entity, at the moment when it made them. */
const EXAMPLES: Record<string, Finding[]> = exampleFindings as never;
const EXAMPLES_AT = Date.parse('2026-03-11T12:00:00Z');

describe('what the service finds in the example catalog', () => {
  const german = germanWords();
  const inGerman = (entity: string) =>
    EXAMPLES[entity].map(it => {
      const { message } = findingText(german, it, EXAMPLES_AT);
      return message.replace(/[\u00a0\u202f]/g, ' ');
    });

  it.each([
    [
      'billing-service',
      ['Die Entität nennt keinen Keeptrusts-Gateway-Schlüssel.'],
    ],
    [
      'translation-service',
      ['„5,00“ in keeptrusts.dev/daily-budget ist kein Betrag in US-Dollar.'],
    ],
    [
      'api-docs-helper',
      ['Keeptrusts hat keinen Gateway-Schlüssel „platform-team-docs-key“.'],
    ],
    [
      'platform-chat',
      ['Der Gateway-Schlüssel „platform-team-chat-key“ ist widerrufen.'],
    ],
    [
      'release-notes-writer',
      [
        'Der Gateway-Schlüssel „platform-team-release-notes-key“ ist abgelaufen: 05.03.2026.',
      ],
    ],
    [
      'incident-copilot',
      [
        'Der Gateway-Schlüssel „platform-team-incident-key“ läuft ab: 20.03.2026.',
      ],
    ],
    [
      'lead-scorer',
      [
        'Der Gateway-Schlüssel „support-team-gw-key“ gehört nicht dem Eigentümer group:default/revenue-operations: Die Zahlen werden zurückgehalten.',
      ],
    ],
    ['brand-checker', ['Die Entität nennt keine Richtlinienstufe.']],
    [
      'campaign-writer',
      [
        'Die Entität nennt „tier-2-internal“, die Konfiguration des Teams setzt aber „tier-1-exploration“ durch.',
      ],
    ],
    [
      'paper-reader',
      [
        'Die Entität nennt „tier-1-exploration“, aber keine Konfiguration setzt eine Stufe durch.',
      ],
    ],
    ['invoice-reader', ['Das Guthaben geht zur Neige: 144,85 $ sind übrig.']],
    [
      'route-planner',
      ['Das Guthaben ist aufgebraucht: Anfragen werden angehalten.'],
    ],
    [
      'knowledge-search',
      ['134,40 $ sind ausgegeben, mehr als das Tagesbudget von 120,00 $.'],
    ],
    [
      'ticket-summarizer',
      [
        '34,80 $ sind ausgegeben, das sind 87 % des Tagesbudgets von 40,00 $.',
        'Bei diesem Verbrauch ist das Tagesbudget um 13:47 UTC aufgebraucht, vor der Rücksetzung um Do, 00:00 UTC.',
      ],
    ],
  ])('is said in German of %s', (entity, messages) => {
    expect(inGerman(entity)).toEqual(messages);
  });

  it.each(['onboarding-guide'])(
    'stays in the words of the service where German would say less, as of %s',
    entity => {
      expect(inGerman(entity)).toEqual(EXAMPLES[entity].map(it => it.message));
    },
  );
});

describe('a pace', () => {
  it('names the time at which the budget runs out', () => {
    expect(
      paceText(words, { kind: 'runs-out', at: '2026-03-10T16:40:00Z' }, NOW),
    ).toMatch(/^Runs out at 04:40 PM UTC at this pace$/);
  });

  it('has no words without a budget', () => {
    expect(paceText(words, { kind: 'no-budget' }, NOW)).toBeUndefined();
  });
});
