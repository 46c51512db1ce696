/**
 * The names under which this plugin uses the wire types. They are generated from the service's OpenAPI description
 * (`yarn generate`) and never typed by hand.
 */
import type { components } from './wire.generated';

type Schemas = components['schemas'];

/** Money: `amount` is an exact decimal string, `currency` an ISO 4217 code. @public */
export type Amount = Schemas['Amount'];
/**
 * The AI governance status of one entity. A section that cannot be had is null and a finding says why.
 *
 * @public
 */
export type GovernanceStatus = Omit<Schemas['GovernanceStatus'], 'findings'> & {
  readonly findings: readonly Finding[];
};
/** The state of an entity: its worst finding, or why there is none to have. @public */
export type GovernanceState = Schemas['State'];
/**
 * Something that is wrong, or will be, and what to do about it.
 *
 * @public
 */
export type Finding = Omit<Schemas['Finding'], 'code' | 'remedy'> & {
  readonly code: FindingCode | (string & {});
  /** The software template that mends it, with what its form is filled in with; absent from an older service. */
  readonly remedy?: Remedy | null;
};
/**
 * A software template and the values that its form starts with.
 *
 * @public
 */
export interface Remedy {
  /** An entity reference such as `template:default/keeptrusts-onboarding`. */
  readonly template: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}
/** What a finding is about; codes never change. @public */
export type FindingCode = Schemas['Code'];
/** The claimed gateway key. @public */
export type GatewayKeyStatus = Schemas['GatewayKeyStatus'];
/** The key that the current one replaces and that still works. @public */
export type PreviousKeyStatus = Schemas['PreviousKeyStatus'];
/** The tier that is declared and the one that is enforced. @public */
export type PolicyTierStatus = Schemas['PolicyTierStatus'];
/** The Keeptrusts team of the entity's owner. @public */
export type TeamStatus = Schemas['TeamStatus'];
/** Today's spend against the declared daily budget. @public */
export type BudgetStatus = Schemas['BudgetStatus'];
/** The prepaid wallet of the owner's team. @public */
export type WalletStatus = Schemas['WalletStatus'];
/** Today's requests and what the policy did with them. @public */
export type ActivityStatus = Schemas['ActivityStatus'];
/** Where to look further. @public */
export type Links = Schemas['Links'];
/** How old the facts are. @public */
export type Freshness = Schemas['Freshness'];
/** One item of a by-refs reply: either `status` or `problem`. @public */
export type StatusItem = Omit<Schemas['StatusItem'], 'status'> & {
  readonly status?: GovernanceStatus | null;
};
/**
 * The worst of many entities, and how many of them are in each state; one whose status cannot be had is `unknown`.
 *
 * @public
 */
export interface WorstStatuses {
  readonly items: readonly StatusItem[];
  readonly states: Readonly<Partial<Record<GovernanceState, number>>>;
}
/** Spend of one entity's key by day and by model. @public */
export type SpendReport = Omit<Schemas['SpendReport'], 'findings'> & {
  readonly findings?: readonly Finding[];
};
/** How a sum differs from an earlier one. @public */
export type Change = Schemas['Change'];
/** The period of the same length just before. @public */
export type PreviousPeriod = Schemas['PreviousPeriod'];
/** The month to date, how it compares, and where it is likely to end. @public */
export type MonthToDate = Schemas['MonthToDate'];
/** What a month is likely to come to, as a range. @public */
export type MonthForecast = Schemas['MonthForecast'];
/** Spend of one month. @public */
export type MonthSpend = Schemas['MonthSpend'];
/** A day that cost far more than is usual. @public */
export type UnusualDay = Schemas['UnusualDay'];
/**
 * The AI access of the members of a group, a system or a domain, as the viewer may see them.
 *
 * @public
 */
export type RollUp = Omit<
  Schemas['RollUp'],
  'findings' | 'members' | 'states'
> & {
  readonly findings?: readonly Finding[];
  readonly members: readonly RollUpMember[];
  readonly states: Readonly<Partial<Record<GovernanceState, number>>>;
};
/** One member of a roll-up. @public */
export type RollUpMember = Omit<Schemas['RollUpMember'], 'worst'> & {
  readonly worst?: Finding | null;
};
/** A key that several members claim. @public */
export type RollUpSharedKey = Schemas['RollUpSharedKey'];
/** What a team's wallet still holds. @public */
export type TeamWallet = Schemas['TeamWallet'];
/** Spend of one budget day. @public */
export type DailySpend = Schemas['DailySpend'];
/** Spend on one model over a period. @public */
export type ModelSpend = Schemas['ModelSpend'];
/**
 * Which spend of the organisation entities claim, which keys none claims, and which claims mean no key.
 *
 * @public
 */
export type Coverage = Omit<Schemas['Coverage'], 'findings'> & {
  readonly findings?: readonly Finding[];
};
/** A key that was used and that no entity claims. @public */
export type UnclaimedKey = Schemas['UnclaimedKey'];
/** A claim that counts for nothing. @public */
export type UnknownKey = Schemas['UnknownKey'];
/** A key that several entities claim. @public */
export type SharedKey = Schemas['SharedKey'];
/** An entity that consumes the gateway's API and claims no key. @public */
export type SilentConsumer = Schemas['SilentConsumer'];
/** The wallet of a team of whose keys no entity claims any. @public */
export type IdleWallet = Schemas['IdleWallet'];
/** Health of Keeptrusts itself. @public */
export type PlatformStatus = Schemas['PlatformStatus'];
/** The gateway's own account of itself. @public */
export type GatewayHealth = Schemas['GatewayHealth'];
/** Problem details as RFC 9457 has them. @public */
export type Problem = Schemas['Problem'];
