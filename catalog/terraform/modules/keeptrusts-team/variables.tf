variable "team_name" {
  description = "Name of the team, as its Backstage group is named."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([-_.a-z0-9]{0,61}[a-z0-9])?$", var.team_name))
    error_message = "team_name must be 1 to 63 lower-case letters, digits, '-', '_' or '.', with a letter or digit at both ends."
  }
}

variable "policy_tier" {
  description = "The policy template that the team's configuration is made from."
  type        = string
  default     = "tier-2-internal"
  nullable    = false

  validation {
    condition     = can(regex("^tier-(0|[1-9][0-9]{0,2})-[a-z0-9]+(-[a-z0-9]+)*$", var.policy_tier)) && length(var.policy_tier) <= 63
    error_message = "policy_tier must have the form tier-<number>-<name>, such as tier-1-exploration, tier-2-internal or tier-3-customer-facing."
  }
}

variable "daily_budget_usd" {
  description = "What the team plans to spend in a day, in USD; 0 means that nothing may be spent."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.daily_budget_usd >= 0 && var.daily_budget_usd <= 100000
    error_message = "daily_budget_usd must be 0 to 100000."
  }

  validation {
    condition     = abs(var.daily_budget_usd - tonumber(format("%.6f", var.daily_budget_usd))) < 1e-20
    error_message = "daily_budget_usd must have at most six decimal places."
  }
}

variable "funding_days" {
  description = "For how many days the wallet is funded: in all it is allocated the daily budget times this."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.funding_days >= 1 && var.funding_days <= 3650 && floor(var.funding_days) == var.funding_days
    error_message = "funding_days must be a whole number from 1 to 3650."
  }
}

variable "rotate_key_when_changed" {
  description = "The gateway key is rotated when a value of this map changes; setting it for the first time does not rotate."
  type        = map(string)
  default     = null
}
