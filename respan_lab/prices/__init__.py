"""What tokens cost: the vendors' price lists, and the user's own laid over them.

Prices are US dollars per million tokens, costs US dollars. A price that nobody knows
is None, never 0; a model on this machine costs 0, because nobody bills it.
"""

from .own import check_overrides, check_price
from .price import Price, dearest
from .table import PricedModel, PriceTable

__all__ = [
    "Price",
    "PriceTable",
    "PricedModel",
    "check_overrides",
    "check_price",
    "dearest",
]
