"""Who runs the models behind the embedded gateway."""

from .provider import ModelCard, Provider, ProviderAnswer, ProviderCall

__all__ = ["ModelCard", "Provider", "ProviderAnswer", "ProviderCall"]
