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

  # A key is of use once the policy is there to govern it and goes before the policy does.
  depends_on = [keeptrusts_configuration.this]
}

resource "keeptrusts_wallet_funding" "this" {
  team_id = keeptrusts_team.this.id
  amount  = var.daily_budget_usd * var.funding_days
}
