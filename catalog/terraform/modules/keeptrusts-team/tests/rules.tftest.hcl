# What the module makes and what it refuses, without Keeptrusts: terraform init && terraform test
mock_provider "keeptrusts" {}

run "defaults" {
  command = plan

  variables {
    team_name = "support-team"
  }

  assert {
    condition     = keeptrusts_team.this.name == "support-team"
    error_message = "The team has the name that was given."
  }
  assert {
    condition     = keeptrusts_configuration.this.name == "support-team-config" && keeptrusts_configuration.this.template_id == "tier-2-internal"
    error_message = "The policy is the team's, and tier 2 unless said otherwise."
  }
  assert {
    condition     = keeptrusts_gateway_key.this.name == "support-team-gw-key"
    error_message = "The key's name is made from the team's."
  }
  assert {
    condition     = keeptrusts_wallet_funding.this.amount == 3000
    error_message = "The wallet is funded with 100 USD a day for 30 days."
  }
}

run "no_money" {
  command = plan

  variables {
    team_name        = "support-team"
    daily_budget_usd = 0
  }

  assert {
    condition     = keeptrusts_wallet_funding.this.amount == 0
    error_message = "A budget of 0 is nothing, and not unlimited."
  }
}

run "annotations" {
  variables {
    team_name        = "support-team"
    policy_tier      = "tier-3-customer-facing"
    daily_budget_usd = 12.5
  }

  assert {
    condition = jsonencode(output.annotations) == jsonencode({
      "keeptrusts.dev/gateway-key-name" = "support-team-gw-key"
      "keeptrusts.dev/policy-tier"      = "tier-3-customer-facing"
      "keeptrusts.dev/daily-budget"     = "12.5"
    })
    error_message = "The annotations are what the team's entities claim."
  }
}

run "name_with_a_space" {
  command = plan

  variables {
    team_name = "Support Team"
  }

  expect_failures = [var.team_name]
}

run "no_name" {
  command = plan

  variables {
    team_name = ""
  }

  expect_failures = [var.team_name]
}

run "tier_without_a_number" {
  command = plan

  variables {
    team_name   = "support-team"
    policy_tier = "internal"
  }

  expect_failures = [var.policy_tier]
}

run "negative_budget" {
  command = plan

  variables {
    team_name        = "support-team"
    daily_budget_usd = -1
  }

  expect_failures = [var.daily_budget_usd]
}

run "slip_of_the_keyboard" {
  command = plan

  variables {
    team_name        = "support-team"
    daily_budget_usd = 1000000
  }

  expect_failures = [var.daily_budget_usd]
}

run "half_a_day" {
  command = plan

  variables {
    team_name    = "support-team"
    funding_days = 0.5
  }

  expect_failures = [var.funding_days]
}

run "no_day" {
  command = plan

  variables {
    team_name    = "support-team"
    funding_days = 0
  }

  expect_failures = [var.funding_days]
}
