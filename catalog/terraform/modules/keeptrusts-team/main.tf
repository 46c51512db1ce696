locals {
  # Sums and products of fractions are off in the last of their 512 bits, which the state does not keep: each plan would differ.
  daily_budget_usd = tonumber(format("%.6f", var.daily_budget_usd))
  funding_usd      = tonumber(format("%.6f", local.daily_budget_usd * var.funding_days))
}

resource "keeptrusts_team" "this" {
  name = var.team_name
}

resource "keeptrusts_configuration" "this" {
  name        = "${var.team_name}-config"
  team_id     = keeptrusts_team.this.id
  template_id = var.policy_tier
}

# The key itself goes to Vault when it is made; Terraform never holds it.
resource "keeptrusts_gateway_key" "this" {
  name    = "${var.team_name}-gw-key"
  team_id = keeptrusts_team.this.id

  rotate_when_changed = var.rotate_key_when_changed

  # A key is made after its policy and its money, and is revoked before both: no call can spend while the money is
  # reclaimed.
  depends_on = [keeptrusts_configuration.this, keeptrusts_wallet_funding.this]
}

resource "keeptrusts_wallet_funding" "this" {
  team_id = keeptrusts_team.this.id
  amount  = local.funding_usd
}
