"""The columns of FOCUS 1.2, as its column library publishes them.

Source: the FinOps Open Cost and Usage Specification, version 1.2, `specification/columns` of the repository
FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec at the tag v1.2: of each column its id, data type, feature level, whether it
allows nulls, and the allowed values where it has some. Of the service categories and subcategories, those of AI alone.
"""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A column; `allowed` is empty where any value is."""

    name: str
    kind: str
    level: str
    nullable: bool
    allowed: tuple[str, ...] = ()


COLUMNS = (
    Column("AvailabilityZone", "String", "Recommended", True),
    Column("BilledCost", "Decimal", "Mandatory", False),
    Column("BillingAccountId", "String", "Mandatory", False),
    Column("BillingAccountName", "String", "Mandatory", True),
    Column("BillingAccountType", "String", "Conditional", False),
    Column("BillingCurrency", "String", "Mandatory", False),
    Column("BillingPeriodEnd", "Date/Time", "Mandatory", False),
    Column("BillingPeriodStart", "Date/Time", "Mandatory", False),
    Column("CapacityReservationId", "String", "Conditional", True),
    Column("CapacityReservationStatus", "String", "Conditional", True, ("Used", "Unused")),
    Column("ChargeCategory", "String", "Mandatory", False, ("Usage", "Purchase", "Tax", "Credit", "Adjustment")),
    Column("ChargeClass", "String", "Mandatory", True, ("Correction",)),
    Column("ChargeDescription", "String", "Mandatory", True),
    Column("ChargeFrequency", "String", "Recommended", False, ("One-Time", "Recurring", "Usage-Based")),
    Column("ChargePeriodEnd", "Date/Time", "Mandatory", False),
    Column("ChargePeriodStart", "Date/Time", "Mandatory", False),
    Column("CommitmentDiscountCategory", "String", "Conditional", True, ("Spend", "Usage")),
    Column("CommitmentDiscountId", "String", "Conditional", True),
    Column("CommitmentDiscountName", "String", "Conditional", True),
    Column("CommitmentDiscountQuantity", "Decimal", "Conditional", True),
    Column("CommitmentDiscountStatus", "String", "Conditional", True, ("Used", "Unused")),
    Column("CommitmentDiscountType", "String", "Conditional", True),
    Column("CommitmentDiscountUnit", "String", "Conditional", True),
    Column("ConsumedQuantity", "Decimal", "Conditional", True),
    Column("ConsumedUnit", "String", "Conditional", True),
    Column("ContractedCost", "Decimal", "Mandatory", False),
    Column("ContractedUnitPrice", "Decimal", "Conditional", True),
    Column("EffectiveCost", "Decimal", "Mandatory", False),
    Column("InvoiceId", "String", "Recommended", True),
    Column("InvoiceIssuerName", "String", "Mandatory", False),
    Column("ListCost", "Decimal", "Mandatory", False),
    Column("ListUnitPrice", "Decimal", "Conditional", True),
    Column("PricingCategory", "String", "Conditional", True, ("Standard", "Dynamic", "Committed", "Other")),
    Column("PricingCurrency", "String", "Conditional", True),
    Column("PricingCurrencyContractedUnitPrice", "Decimal", "Conditional", True),
    Column("PricingCurrencyEffectiveCost", "Decimal", "Conditional", True),
    Column("PricingCurrencyListUnitPrice", "Decimal", "Conditional", True),
    Column("PricingQuantity", "Decimal", "Mandatory", True),
    Column("PricingUnit", "String", "Mandatory", True),
    Column("ProviderName", "String", "Mandatory", False),
    Column("PublisherName", "String", "Mandatory", False),
    Column("RegionId", "String", "Conditional", True),
    Column("RegionName", "String", "Conditional", True),
    Column("ResourceId", "String", "Conditional", True),
    Column("ResourceName", "String", "Conditional", True),
    Column("ResourceType", "String", "Conditional", True),
    Column("ServiceCategory", "String", "Mandatory", False, ("AI and Machine Learning",)),
    Column("ServiceName", "String", "Mandatory", False),
    Column(
        "ServiceSubcategory",
        "String",
        "Recommended",
        False,
        (
            "AI Platforms",
            "Bots",
            "Generative AI",
            "Machine Learning",
            "Natural Language Processing",
            "Other (AI and Machine Learning)",
        ),
    ),
    Column("SkuId", "String", "Conditional", True),
    Column("SkuMeter", "String", "Conditional", True),
    Column("SkuPriceDetails", "JSON", "Conditional", True),
    Column("SkuPriceId", "String", "Conditional", True),
    Column("SubAccountId", "String", "Conditional", True),
    Column("SubAccountName", "String", "Conditional", True),
    Column("SubAccountType", "String", "Conditional", True),
    Column("Tags", "JSON", "Conditional", True),
)
