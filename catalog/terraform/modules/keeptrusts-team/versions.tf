terraform {
  required_version = ">= 1.6"

  required_providers {
    keeptrusts = {
      source  = "keeptrusts/keeptrusts"
      version = "~> 1.0"
    }
  }
}
