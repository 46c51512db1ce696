import {
  Finding,
  KeeptrustsError,
  KeeptrustsErrorKind,
  MonthToDate,
  PreviousPeriod,
  Change,
  UnreachableError,
  UnreachablePart,
  UnusualDay,
} from '../api';
import { Certainty } from '../domain/bounds';
import { known } from '../domain/known';
import { Pace } from '../domain/pace';
import { Translate } from './ref';
import { Words } from './words';

/** A pace in words, seen at `now` in milliseconds; undefined where there is nothing to say. */
export function paceText(
  { t, moment }: Words,
  pace: Pace,
  now: number,
): string | undefined {
  switch (pace.kind) {
    case 'no-budget':
      return undefined;
    case 'nothing-allowed':
      return t('pace.nothingAllowed');
    case 'used-up':
      return t('pace.usedUp');
    case 'day-over':
      return t('pace.dayOver');
    case 'too-early':
      return t('pace.tooEarly');
    case 'uncertain':
      return t('pace.uncertain');
    case 'perhaps-lasts':
      return t('pace.perhapsLasts');
    case 'runs-out':
      return t('pace.runsOut', { time: moment(pace.at, now) });
    default:
      return t('pace.lasts');
  }
}

/** Sums that are held against each other. */
interface Comparison {
  change?: Change | null;
  /** Both are whole: sums that are lower bounds cannot be compared. */
  comparable: boolean;
}

/** Which of three sentences a change is said in; undefined where there is none to say. */
function directionOf({
  change,
  comparable,
}: Comparison): 'more' | 'less' | 'same' | undefined {
  if (!comparable || typeof change?.ratio !== 'number') return undefined;
  if (change.ratio === 0) return 'same';
  return change.ratio > 0 ? 'more' : 'less';
}

/** How the month to date compares with as much of the month before; undefined where nothing of that is kept. */
export function monthChangeText(
  words: Words,
  { previous, change, complete }: MonthToDate,
  attribution?: Certainty['attribution'],
): string | undefined {
  if (!previous) return undefined;
  const { t } = words;
  const values = {
    month: words.month(previous.month),
    amount: words.bound(words.money(previous.spentToDate), {
      complete: previous.complete,
      attribution,
    }),
  };
  const comparable = complete && previous.complete;
  const share = words.ratio(Math.abs(change?.ratio ?? 0));
  switch (directionOf({ change, comparable })) {
    case 'more':
      return t('month.more', { ...values, share });
    case 'less':
      return t('month.less', { ...values, share });
    case 'same':
      return t('month.same', values);
    default:
      return t('month.before', values);
  }
}

/** How `days` days compare with as many before them; undefined where nothing of those is kept. */
export function periodChangeText(
  words: Words,
  days: number,
  { complete, attribution }: Certainty,
  previous: PreviousPeriod | null | undefined,
): string | undefined {
  if (!previous) return undefined;
  const { t } = words;
  const { change } = previous;
  const values = {
    count: days,
    number: words.count(days),
    amount: words.bound(words.money(previous.total), {
      complete: previous.complete,
      attribution,
    }),
  };
  const comparable = complete && previous.complete;
  const share = words.ratio(Math.abs(change?.ratio ?? 0));
  switch (directionOf({ change, comparable })) {
    case 'more':
      return t('spend.previous.more', { ...values, share });
    case 'less':
      return t('spend.previous.less', { ...values, share });
    case 'same':
      return t('spend.previous.same', values);
    default:
      return t('spend.previous.sum', values);
  }
}

/** What makes a day unusual: how far above the usual it is, and by which model. */
export function unusualText(
  { t, money, times }: Words,
  { usual, times: factor, model }: UnusualDay,
): string {
  const values = { usual: money(usual) };
  if (typeof factor === 'number') {
    const withTimes = { ...values, times: times(factor) };
    return model
      ? t('spend.unusual.timesByModel', { ...withTimes, model })
      : t('spend.unusual.times', withTimes);
  }
  return model
    ? t('spend.unusual.byModel', { ...values, model })
    : t('spend.unusual.day', values);
}

/** An error in words for a person. */
export interface FailureText {
  title: string;
  description: string;
}

// Every key is written out: over keys that are put together TypeScript runs out of memory.
const OF_KIND: Record<
  Exclude<KeeptrustsErrorKind, 'unreachable'>,
  (t: Translate) => FailureText
> = {
  'signed-out': t => ({
    title: t('failure.signedOut.title'),
    description: t('failure.signedOut.description'),
  }),
  'not-permitted': t => ({
    title: t('failure.notPermitted.title'),
    description: t('failure.notPermitted.description'),
  }),
  'not-found': t => ({
    title: t('failure.notFound.title'),
    description: t('failure.notFound.description'),
  }),
  'not-configured': t => ({
    title: t('failure.notConfigured.title'),
    description: t('failure.notConfigured.description'),
  }),
  'wrong-target': t => ({
    title: t('failure.wrongTarget.title'),
    description: t('failure.wrongTarget.description'),
  }),
  'web-page': t => ({
    title: t('failure.webPage.title'),
    description: t('failure.webPage.description'),
  }),
  'too-many-requests': t => ({
    title: t('failure.tooManyRequests.title'),
    description: t('failure.tooManyRequests.description'),
  }),
  contract: t => ({
    title: t('failure.contract.title'),
    description: t('failure.contract.description'),
  }),
  service: t => ({
    title: t('failure.service.title'),
    description: t('failure.service.description'),
  }),
};

const OF_UNREACHABLE: Record<UnreachablePart, (t: Translate) => FailureText> = {
  backstage: t => ({
    title: t('failure.backstageUnreachable.title'),
    description: t('failure.backstageUnreachable.description'),
  }),
  service: t => ({
    title: t('failure.serviceUnreachable.title'),
    description: t('failure.serviceUnreachable.description'),
  }),
  keeptrusts: t => ({
    title: t('failure.keeptrustsUnreachable.title'),
    description: t('failure.keeptrustsUnreachable.description'),
  }),
  catalog: t => ({
    title: t('failure.catalogUnreachable.title'),
    description: t('failure.catalogUnreachable.description'),
  }),
  identity: t => ({
    title: t('failure.identityUnreachable.title'),
    description: t('failure.identityUnreachable.description'),
  }),
};

/** Says what an error means: one text a cause. It names no thing, since cards, tab and page share it. */
export function failureText({ t }: Words, error: KeeptrustsError): FailureText {
  return error.kind === 'unreachable'
    ? OF_UNREACHABLE[(error as UnreachableError).part](t)
    : OF_KIND[error.kind](t);
}

/** A finding in words for a person. */
export interface FindingText {
  message: string;
  hint?: string;
}

/** Reads a parameter in the reader's language; throws `MissingParameter` where it is absent or of another type. */
interface Read {
  text(name: string): string;
  money(name: string): string;
  ratio(name: string): string;
  moment(name: string): string;
  /** A budget day. */
  day(name: string): string;
  /** Whether the finding has this parameter. */
  has(name: string): boolean;
}

class MissingParameter extends Error {}

const NUMBERS_WITHHELD = 'numbers-withheld';

/** An annotation that cannot be read, by the form that is expected of it. */
const OF_EXPECTED: Record<string, (t: Translate, read: Read) => FindingText> = {
  'key-name': (t, { text }) => ({
    message: t('finding.annotationInvalid.keyName.message', {
      annotation: text('annotation'),
      value: text('value'),
    }),
    hint: t('finding.annotationInvalid.keyName.hint', {
      longest: text('longest'),
    }),
  }),
  'policy-tier': (t, { text }) => ({
    message: t('finding.annotationInvalid.policyTier.message', {
      annotation: text('annotation'),
      value: text('value'),
    }),
    hint: t('finding.annotationInvalid.policyTier.hint'),
  }),
  amount: (t, { text }) => ({
    message: t('finding.annotationInvalid.amount.message', {
      annotation: text('annotation'),
      value: text('value'),
    }),
    hint: t('finding.annotationInvalid.amount.hint', {
      digits: text('digits'),
      decimals: text('decimals'),
    }),
  }),
};

const OF_CODE: Record<string, (t: Translate, read: Read) => FindingText> = {
  'annotation-missing': t => ({
    message: t('finding.annotationMissing.message'),
    hint: t('finding.annotationMissing.hint'),
  }),
  'annotation-invalid': (t, read) => {
    const say = known(OF_EXPECTED, read.text('expected'));
    if (!say) throw new MissingParameter('expected');
    return say(t, read);
  },
  'key-not-found': (t, { text }) => ({
    message: t('finding.keyNotFound.message', { key: text('key') }),
    hint: t('finding.keyNotFound.hint'),
  }),
  'key-revoked': (t, { text }) => ({
    message: t('finding.keyRevoked.message', { key: text('key') }),
    hint: t('finding.keyRevoked.hint'),
  }),
  'key-expired': (t, { text, moment }) => ({
    message: t('finding.keyExpired.message', {
      key: text('key'),
      expiresAt: moment('expiresAt'),
    }),
    hint: t('finding.keyExpired.hint'),
  }),
  'key-expiring': (t, { text, moment }) => ({
    message: t('finding.keyExpiring.message', {
      key: text('key'),
      expiresAt: moment('expiresAt'),
    }),
    hint: t('finding.keyExpiring.hint'),
  }),
  [NUMBERS_WITHHELD]: (t, { text }) => ({
    message: t('finding.numbersWithheld.message', { owner: text('owner') }),
    hint: t('finding.numbersWithheld.hint'),
  }),
  'owner-mismatch': (t, { text }) => ({
    message: t('finding.ownerMismatch.message', {
      key: text('key'),
      owner: text('owner'),
    }),
    hint: t('finding.ownerMismatch.hint'),
  }),
  'tier-undeclared': t => ({
    message: t('finding.tierUndeclared.message'),
    hint: t('finding.tierUndeclared.hint'),
  }),
  'tier-drift': (t, { text }) => ({
    message: t('finding.tierDrift.message', {
      declared: text('declared'),
      enforced: text('enforced'),
    }),
    hint: t('finding.tierDrift.hint'),
  }),
  'tier-unenforced': (t, { text }) => ({
    message: t('finding.tierUnenforced.message', {
      declared: text('declared'),
    }),
    hint: t('finding.tierUnenforced.hint'),
  }),
  'wallet-missing': (t, { text }) => ({
    message: t('finding.walletMissing.message', { team: text('team') }),
    hint: t('finding.walletMissing.hint'),
  }),
  'wallet-low': (t, { money }) => ({
    message: t('finding.walletLow.message', { available: money('available') }),
    hint: t('finding.walletLow.hint'),
  }),
  'wallet-depleted': t => ({
    message: t('finding.walletDepleted.message'),
    hint: t('finding.walletDepleted.hint'),
  }),
  'budget-near': (t, { money, ratio }) => ({
    message: t('finding.budgetNear.message', {
      spent: money('spent'),
      budget: money('budget'),
      ratio: ratio('ratio'),
    }),
    hint: t('finding.budgetNear.hint'),
  }),
  'budget-exceeded': (t, { money }) => ({
    message: t('finding.budgetExceeded.message', {
      spent: money('spent'),
      budget: money('budget'),
    }),
    hint: t('finding.budgetExceeded.hint'),
  }),
  'budget-pace': (t, { moment }) => ({
    message: t('finding.budgetPace.message', {
      exhaustsAt: moment('exhaustsAt'),
      resetsAt: moment('resetsAt'),
    }),
    hint: t('finding.budgetPace.hint'),
  }),
  'month-budget-near': (t, { money, ratio }) => ({
    message: t('finding.monthBudgetNear.message', {
      spent: money('spent'),
      budget: money('budget'),
      ratio: ratio('ratio'),
    }),
    hint: t('finding.monthBudgetNear.hint'),
  }),
  'month-budget-exceeded': (t, { money }) => ({
    message: t('finding.monthBudgetExceeded.message', {
      spent: money('spent'),
      budget: money('budget'),
    }),
    hint: t('finding.monthBudgetExceeded.hint'),
  }),
  'month-budget-pace': (t, { money }) => ({
    message: t('finding.monthBudgetPace.message', {
      likely: money('likely'),
      low: money('low'),
      high: money('high'),
      budget: money('budget'),
    }),
    hint: t('finding.monthBudgetPace.hint'),
  }),
  'spend-unusual': (t, { day, money, text, has }) => {
    const values = {
      day: day('date'),
      spent: money('spent'),
      usual: money('usual'),
    };
    return {
      message: has('model')
        ? t('finding.spendUnusual.message', { ...values, model: text('model') })
        : t('finding.spendUnusual.withoutModel', values),
      hint: t('finding.spendUnusual.hint'),
    };
  },
  'data-stale': (t, { moment }) => ({
    message: t('finding.dataStale.message', { since: moment('since') }),
    hint: t('finding.dataStale.hint'),
  }),
  'catalog-denied': t => ({
    message: t('finding.catalogDenied.message'),
    hint: t('finding.catalogDenied.hint'),
  }),
};

/** The sentences without amounts, for a finding whose parameters are empty though its usual sentence has some. */
const WITHOUT_AMOUNTS: Record<string, (t: Translate) => FindingText> = {
  'wallet-low': t => ({
    message: t('finding.withoutAmounts.walletLow'),
    hint: t('finding.walletLow.hint'),
  }),
  'budget-near': t => ({
    message: t('finding.withoutAmounts.budgetNear'),
    hint: t('finding.budgetNear.hint'),
  }),
  'budget-exceeded': t => ({
    message: t('finding.withoutAmounts.budgetExceeded'),
    hint: t('finding.budgetExceeded.hint'),
  }),
  'budget-pace': t => ({
    message: t('finding.withoutAmounts.budgetPace'),
    hint: t('finding.budgetPace.hint'),
  }),
  'month-budget-near': t => ({
    message: t('finding.withoutAmounts.monthBudgetNear'),
    hint: t('finding.monthBudgetNear.hint'),
  }),
  'month-budget-exceeded': t => ({
    message: t('finding.withoutAmounts.monthBudgetExceeded'),
    hint: t('finding.monthBudgetExceeded.hint'),
  }),
  'month-budget-pace': t => ({
    message: t('finding.withoutAmounts.monthBudgetPace'),
    hint: t('finding.monthBudgetPace.hint'),
  }),
  'spend-unusual': t => ({
    message: t('finding.withoutAmounts.spendUnusual'),
    hint: t('finding.spendUnusual.hint'),
  }),
  'spend-incomplete': t => ({
    message: t('finding.withoutAmounts.spendIncomplete'),
    hint: t('finding.withoutAmounts.spendIncompleteHint'),
  }),
};

/** For whom amounts are that are withheld from the viewer; undefined where none are. */
export function withheldText(
  words: Words,
  findings: readonly Finding[],
): string | undefined {
  const finding = findings.find(it => it.code === NUMBERS_WITHHELD);
  return finding && findingText(words, finding, 0).message;
}

/** What a viewer is shown of `findings` as findings: that amounts are for others is no trouble, and is said beside them. */
export function withoutWithheld(
  findings: readonly Finding[],
): readonly Finding[] {
  return findings.filter(it => it.code !== NUMBERS_WITHHELD);
}

/**
 * A finding in the reader's language, by its code and parameters; in the service's own English sentence where it sends no
 * parameters, where one that the message needs is missing, or where the code is not known here. Times are seen from `now`,
 * in milliseconds.
 */
export function findingText(
  words: Words,
  finding: Finding,
  now: number,
): FindingText {
  const { code, params, message, hint } = finding;
  const inEnglish = { message, hint: hint ?? undefined };
  if (!params) return inEnglish;
  const withoutAmounts =
    Object.keys(params).length === 0 && known(WITHOUT_AMOUNTS, code);
  if (withoutAmounts) return withoutAmounts(words.t);
  const say = known(OF_CODE, code);
  if (!say) return inEnglish;
  try {
    return say(words.t, readerOf(words, params, now));
  } catch (error) {
    if (!(error instanceof MissingParameter)) throw error;
    return inEnglish;
  }
}

function readerOf(
  words: Words,
  params: NonNullable<Finding['params']>,
  now: number,
): Read {
  const given = (name: string): string => {
    const value = known(params, name);
    if (typeof value !== 'string') throw new MissingParameter(name);
    return value;
  };
  const valid = <T>(name: string, value: T, isValid: boolean): T => {
    if (!isValid) throw new MissingParameter(name);
    return value;
  };
  return {
    text: given,
    has: name => known(params, name) !== undefined,
    day: name => words.day(given(name)),
    money: name => {
      const amount = given(name);
      valid(name, amount, amount !== '' && Number.isFinite(Number(amount)));
      return words.money({ amount, currency: given('currency') });
    },
    ratio: name => {
      const ratio = Number(given(name));
      return words.ratio(valid(name, ratio, Number.isFinite(ratio)));
    },
    moment: name => {
      const iso = given(name);
      return words.moment(
        valid(name, iso, !Number.isNaN(Date.parse(iso))),
        now,
      );
    },
  };
}
