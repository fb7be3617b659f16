"""Products: what is offered, as versioned terms that are frozen once a version stands.

A contract names the version it was made from; a change of terms is a new version.
"""

from holdfast.products.model import COLLATERAL, Product, ProductVersion
from holdfast.products.service import define, new_version
from holdfast.products.store import product, products, version_in_force

__all__ = ["COLLATERAL", "Product", "ProductVersion", "define", "new_version", "product", "products", "version_in_force"]
