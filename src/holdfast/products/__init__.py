"""Products: what is offered, as versioned terms that are frozen once a version stands.

A contract names the version it was made from; a change of terms is a new version. What terms mean
(their schedule, and what they cost in a year) is a rule of this stage, which all later ones ask.
"""

from holdfast.products.cost import YearlyCost, yearly_cost
from holdfast.products.model import COLLATERAL, Offer, Product, ProductVersion
from holdfast.products.price import Price, check_ceiling, penalty_cap, price_of
from holdfast.products.schedule import Instalment, schedule
from holdfast.products.service import define, new_version, plan
from holdfast.products.store import product, products, version, version_in_force
from holdfast.products.terms import Fee, FeeAt, Method, Terms

__all__ = [
    "COLLATERAL",
    "Fee",
    "FeeAt",
    "Instalment",
    "Method",
    "Offer",
    "Price",
    "Product",
    "ProductVersion",
    "Terms",
    "YearlyCost",
    "check_ceiling",
    "define",
    "new_version",
    "penalty_cap",
    "plan",
    "price_of",
    "product",
    "products",
    "schedule",
    "version",
    "version_in_force",
    "yearly_cost",
]
