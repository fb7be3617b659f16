"""Products: what is offered, and the terms that a contract starts from."""

from __future__ import annotations

from typing import Any

from ninja import Router

from holdfast.web.api.operation import Call, operation
from holdfast.web.api.reading import products
from holdfast.web.api.shapes import ProductList

router = Router()


@operation(router, "GET", "/products", "products.list", answer=ProductList)
def list_products(call: Call) -> Any:
    """Every product with its newest version."""
    return {"items": products(call.db)}
