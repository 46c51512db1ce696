import { Amount, DailySpend, RollUp } from '../api';
import { addedUp } from './decimals';
import { sizeOf } from './spendSeries';

/** How many members a chart shows by themselves; the others are one. */
export const MOST_SHOWN = 5;

/** A part of each bar: one member, or all that have less than the largest. */
export interface Part {
  /** Undefined for the others. */
  entityRef?: string;
  /** The name of the entity; its whole reference where two parts have the same name. Undefined for the others. */
  name?: string;
  /** How many members it is. */
  members: number;
}

/** One budget day, with the amounts of the parts in their order. */
export interface MemberDay {
  date: string;
  partial: boolean;
  complete: boolean;
  /** What all parts come to. */
  spent: Amount;
  amounts: readonly Amount[];
  /** The same as numbers, for lengths only. */
  sizes: readonly number[];
}

/** The days of a roll-up, oldest first, by the members whose amounts are shown. */
export interface MemberSeries {
  parts: readonly Part[];
  days: readonly MemberDay[];
  /** The height of the highest day. */
  highest: number;
  currency: string;
}

/**
 * Spend by day of the largest members and of all others together; undefined where the roll-up has no days to show. Members
 * that spent nothing, or whose amounts are withheld, are no part.
 */
export function memberSeriesOf({
  byDay,
  members,
}: RollUp): MemberSeries | undefined {
  if (!byDay?.length) return undefined;
  const currency = byDay[0].spent.currency;
  const spending = members
    .filter(
      it => it.byDay?.length === byDay.length && it.spent && sizeOf(it.spent),
    )
    .sort((one, other) => sizeOf(other.spent!) - sizeOf(one.spent!));
  const largest = spending.slice(0, MOST_SHOWN);
  const others = spending.slice(MOST_SHOWN);
  const days = byDay.map((day, index) => {
    const amounts = largest.map(it => it.byDay![index]);
    if (others.length)
      amounts.push(addedUp(others.map(it => it.byDay![index])));
    return dayOf(day, amounts, currency);
  });
  return {
    parts: [
      ...named(largest.map(it => it.entityRef)),
      ...(others.length ? [{ members: others.length }] : []),
    ],
    days,
    highest: Math.max(
      ...days.map(({ sizes }) => sizes.reduce((sum, size) => sum + size, 0)),
    ),
    currency,
  };
}

function named(refs: readonly string[]): Part[] {
  const nameOf = (ref: string) => ref.slice(ref.lastIndexOf('/') + 1);
  return refs.map(entityRef => {
    const name = nameOf(entityRef);
    const alone = refs.filter(it => nameOf(it) === name).length === 1;
    return { entityRef, name: alone ? name : entityRef, members: 1 };
  });
}

function dayOf(
  { date, partial, complete }: DailySpend,
  amounts: readonly string[],
  currency: string,
): MemberDay {
  const money = (amount: string): Amount => ({ amount, currency });
  return {
    date,
    partial,
    complete,
    spent: money(addedUp(amounts)),
    amounts: amounts.map(money),
    // Refunds can outweigh a day's payments; below zero there is nothing to draw.
    sizes: amounts.map(amount => Math.max(Number(amount), 0)),
  };
}
